"""Multicast DNS and service discovery: what a device offers and how it describes itself."""

from __future__ import annotations

from asepsis.protocols.mdns import INSTANCES_LIMIT, Host, Mdns, Service, read
from asepsis.protocols.message import Malformed
from tests.protocols.conformance import Vector
from tests.protocols.dns_wire import (
    AAAA,
    HINFO,
    MULTICAST_RESPONSE,
    PTR,
    SRV,
    TXT,
    A,
    address,
    labels,
    message,
    name,
    question,
    record,
    srv,
    strings,
)

PRINTER = labels("Ward 3. Labels", "_ipp", "_tcp", "local")
FLUSH = 0x8001  # RFC 6762 10.2: cache-flush bit

ANNOUNCEMENT = message(
    MULTICAST_RESPONSE,
    answers=[
        record("_ipp._tcp.local", PTR, PRINTER),
        record("_services._dns-sd._udp.local", PTR, name("_ipp._tcp.local")),
        record("_services._dns-sd._udp.local", PTR, name("_http._tcp.local")),
    ],
    additional=[
        record(PRINTER, SRV, srv(631, "printer-3.local"), rclass=FLUSH),
        record(
            PRINTER,
            TXT,
            strings(
                b"txtvers=1", b"ty=Example LX 200", b"usb_MFG=Example", b"usb_MDL=LX 200", b"fv=3.1", b"note=Ward 3"
            ),
            rclass=FLUSH,
        ),
        record("printer-3.local", A, address("192.0.2.3"), rclass=FLUSH),
        record("printer-3.local", AAAA, address("fe80::3"), rclass=FLUSH),
        record("3.2.0.192.in-addr.arpa", PTR, name("printer-3.local"), rclass=FLUSH),
    ],
    identifier=0,
)
TABLET = message(
    MULTICAST_RESPONSE,
    answers=[
        record(labels("Ward tablet", "_device-info", "_tcp", "local"), TXT, strings(b"model=J71bAP", b"osxvers=22")),
        record("tablet.local", HINFO, strings(b"ARM64", b"IOS")),
    ],
    identifier=0,
)
BROWSE = message(0, [question("_http._tcp.local", PTR, qclass=0x8001)], identifier=0)
PROBE = message(
    0,
    [question("monitor-1.local", 255)],
    authorities=[record("monitor-1.local", A, address("192.0.2.9"))],
    identifier=0,
)

VECTORS = [
    Vector(name="announcement", provenance="RFC 6762 8.3; RFC 6763 4 to 9", data=ANNOUNCEMENT, kinds=("RESPONSE",)),
    Vector(name="device info", provenance="RFC 1035 3.3.2; Apple's device-info TXT", data=TABLET, kinds=("RESPONSE",)),
    Vector(name="browse", provenance="RFC 6762 5.4", data=BROWSE, kinds=("QUERY",)),
    Vector(name="probe", provenance="RFC 6762 8.1", data=PROBE, kinds=("PROBE",)),
]


def only(payload: bytes) -> Mdns:
    (found,) = read(payload)
    assert isinstance(found, Mdns)
    return found


def test_a_service_is_put_together_from_its_records() -> None:
    found = only(ANNOUNCEMENT)
    assert found.services == (
        Service(
            instance="Ward 3. Labels",
            service="_ipp._tcp",
            host="printer-3",
            port=631,
            texts=(
                ("ty", "Example LX 200"),
                ("usb_mfg", "Example"),
                ("usb_mdl", "LX 200"),
                ("fv", "3.1"),
                ("note", "Ward 3"),
            ),
            other_keys=("txtvers",),
        ),
    )
    assert found.service_types == ("_ipp._tcp", "_http._tcp")
    assert found.hosts == (Host(name="printer-3", addresses=("192.0.2.3", "fe80::3")),)


def test_facts_are_objects() -> None:
    assert only(ANNOUNCEMENT).facts() == {
        "services": [
            {
                "instance": "Ward 3. Labels",
                "service": "_ipp._tcp",
                "host": "printer-3",
                "port": 631,
                "other_keys": ("txtvers",),
                "texts": {
                    "ty": "Example LX 200",
                    "usb_mfg": "Example",
                    "usb_mdl": "LX 200",
                    "fv": "3.1",
                    "note": "Ward 3",
                },
            }
        ],
        "service_types": ["_ipp._tcp", "_http._tcp"],
        "hosts": {"printer-3": ["192.0.2.3", "fe80::3"]},
    }


def test_device_info_gives_model_and_system() -> None:
    found = only(TABLET)
    assert found.model == "J71bAP"
    assert found.cpu == "ARM64"
    assert found.os == "IOS"


def test_the_values_of_unknown_keys_are_not_kept() -> None:
    secret = record(labels("x", "_raop", "_tcp", "local"), TXT, strings(b"pk=KANARI", b"am=AppleTV5,3", b"am=second"))
    found = only(message(MULTICAST_RESPONSE, answers=[secret]))
    assert found.services[0].texts == (("am", "AppleTV5,3"),)
    assert found.services[0].other_keys == ("pk",)
    assert "KANARI" not in repr(found)


def test_a_query_asks_and_a_probe_claims() -> None:
    query, probe = only(BROWSE), only(PROBE)
    assert query.kind == "QUERY"
    assert query.sender_is_server is False
    assert query.questions[0].wants_unicast
    assert probe.kind == "PROBE"
    assert probe.sender_is_server is None
    assert probe.hosts == (Host(name="monitor-1", addresses=("192.0.2.9",)),)


def test_only_a_response_that_repeats_the_question_proves_who_serves() -> None:
    legacy = message(MULTICAST_RESPONSE, [question("a.local", A)], [record("a.local", A, address("192.0.2.1"))])
    assert only(legacy).sender_is_server is True
    assert only(ANNOUNCEMENT).sender_is_server is None


def test_a_time_to_live_of_zero_withdraws_a_service() -> None:
    # RFC 6762 10.1.
    found = only(message(MULTICAST_RESPONSE, answers=[record("_ipp._tcp.local", PTR, PRINTER, ttl=0)]))
    assert found.services[0].is_withdrawn


def test_a_reverse_record_claims_an_address() -> None:
    found = only(message(MULTICAST_RESPONSE, answers=[record("3.2.0.192.in-addr.arpa", PTR, name("printer-3.local"))]))
    assert found.hosts == (Host(name="printer-3", addresses=("192.0.2.3",)),)


def test_instances_beyond_the_limit_are_left_out() -> None:
    pointers = [record("_a._tcp.local", PTR, labels(f"i{number}", "_a", "_tcp", "local")) for number in range(100)]
    assert len(only(message(MULTICAST_RESPONSE, answers=pointers)).services) == INSTANCES_LIMIT


def test_malformed_records_are_malformed_multicast_dns() -> None:
    found, malformed = read(ANNOUNCEMENT[:-3])
    assert isinstance(found, Mdns)
    assert isinstance(malformed, Malformed)
    assert malformed.protocol == "mdns"
