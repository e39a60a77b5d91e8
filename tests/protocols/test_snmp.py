"""SNMP: what a device says it is, and how it is asked."""

from __future__ import annotations

import pytest

from asepsis.protocols.ber import contents_of
from asepsis.protocols.message import Malformed
from asepsis.protocols.snmp import VARIABLES_LIMIT, Snmp, read
from asepsis.protocols.snmp_objects import ManagedObject
from tests.protocols.conformance import CANARY, Vector

SYSTEM = "1.3.6.1.2.1.1"
ENTITY = "1.3.6.1.2.1.47.1.1.1.1"
NULL = b"\x05\0"


def ber(tag: int, *contents: bytes) -> bytes:
    body = b"".join(contents)
    length = bytes((len(body),)) if len(body) < 128 else b"\x82" + len(body).to_bytes(2, "big")
    return bytes((tag,)) + length + body


def number(value: int, tag: int = 2) -> bytes:
    return ber(tag, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def octets(text: bytes) -> bytes:
    return ber(4, text)


def oid(dotted: str) -> bytes:
    return ber(6, contents_of(dotted))


def variables(*pairs: tuple[str, bytes]) -> bytes:
    return ber(0x30, *(ber(0x30, oid(name), value) for name, value in pairs))


def pdu(tag: int, *pairs: tuple[str, bytes], status: int = 0) -> bytes:
    return ber(tag, number(70000), number(status), number(0), variables(*pairs))


def message(version: int, community: bytes, body: bytes) -> bytes:
    return ber(0x30, number(version), octets(community), body)


def message_v3(flags: int, engine: bytes, user: bytes, data: bytes) -> bytes:
    """RFC 3412 6, RFC 3414 2.4."""
    head = ber(0x30, number(9), number(65507), octets(bytes((flags,))), number(3))
    security = ber(0x30, octets(engine), number(4), number(86400), octets(user), octets(b""), octets(b""))
    return ber(0x30, number(3), head, octets(security), data)


GET = message(1, b"public", pdu(0xA0, (f"{SYSTEM}.1.0", NULL), (f"{SYSTEM}.5.0", NULL)))
RESPONSE = message(
    1,
    f"ward-{CANARY}".encode(),
    pdu(
        0xA2,
        (f"{SYSTEM}.1.0", octets(b"Example Monitor B450 4.1.2")),
        (f"{SYSTEM}.2.0", oid("1.3.6.1.4.1.9999.1.7")),
        (f"{SYSTEM}.4.0", octets(f"Dr. {CANARY}".encode())),
        (f"{SYSTEM}.5.0", octets(b"monitor-7")),
        (f"{SYSTEM}.6.0", octets(b"ICU, bed 4")),
        (f"{SYSTEM}.7.0", number(72)),
        (f"{ENTITY}.8.1", octets(b"rev C")),
        (f"{ENTITY}.9.1", octets(b"2.2")),
        (f"{ENTITY}.10.1", octets(b"4.1.2")),
        (f"{ENTITY}.11.1", octets(b"SN0042\0")),
        (f"{ENTITY}.12.1", octets(b"Example Medical")),
        (f"{ENTITY}.13.1", octets(b"B450")),
        ("1.3.6.1.2.1.2.2.1.6.2", octets(bytes.fromhex("020000000007"))),
        ("1.3.6.1.2.1.43.5.1.1.17.1", octets(b"PRN123")),
        ("1.3.6.1.2.1.25.3.2.1.3.1", octets(b"Example LX 200")),
        ("1.3.6.1.4.1.9999.2.1.0", number(5)),
        ("1.3.6.1.4.1.311.1.0", NULL),
    ),
)
TRAP_V1 = message(
    0,
    b"private",
    ber(
        0xA4,
        oid("1.3.6.1.4.1.9999.1"),
        ber(0x40, bytes((192, 0, 2, 7))),
        number(6),
        number(12),
        number(500, 0x43),
        variables(("1.3.6.1.4.1.9999.2.2.0", octets(b"low battery"))),
    ),
)
TRAP_V2 = message(
    1,
    b"x",
    pdu(
        0xA7,
        ("1.3.6.1.2.1.1.3.0", number(500, 0x43)),
        ("1.3.6.1.6.3.1.1.4.1.0", oid("1.3.6.1.6.3.1.1.5.1")),
    ),
)
ENGINE = bytes.fromhex("80001f8803020000000009")  # RFC 3411 5: enterprise 8072, format 3, a MAC address
SCOPED = ber(0x30, octets(ENGINE), octets(b""), pdu(0xA8, ("1.3.6.1.6.3.15.1.1.4.0", number(1, 0x41))))
REPORT_V3 = message_v3(0, ENGINE, b"", SCOPED)
ENCRYPTED_V3 = message_v3(7, ENGINE, CANARY.encode(), octets(b"\x99" * 40))

VECTORS = [
    Vector(name="get", provenance="RFC 3416 3", data=GET, kinds=("GetRequest",)),
    Vector(name="response", provenance="RFC 3416 3; RFC 3418; RFC 6933", data=RESPONSE, kinds=("Response",)),
    Vector(name="trap of version 1", provenance="RFC 1157 4.1.6", data=TRAP_V1, kinds=("Trap",)),
    Vector(name="trap of version 2", provenance="RFC 3416 4.2.6", data=TRAP_V2, kinds=("SNMPv2-Trap",)),
    Vector(name="report", provenance="RFC 3412 6; RFC 3414 2.4 and 4", data=REPORT_V3, kinds=("Report",)),
    Vector(name="encrypted", provenance="RFC 3412 6", data=ENCRYPTED_V3, kinds=("encryptedPDU",)),
]


def only(payload: bytes) -> Snmp:
    (found,) = read(payload)
    assert isinstance(found, Snmp)
    return found


def test_a_request_is_asked_with_a_default_community() -> None:
    found = only(GET)
    assert found.sender_is_server is False
    assert found.facts() == {"version": "v2c", "community": "public", "variables": 2}


def test_a_response_says_what_the_device_is() -> None:
    found = only(RESPONSE)
    assert found.sender_is_server is True
    assert found.facts() == {
        "version": "v2c",
        "community": "other",
        "variables": 17,
        "has_contact": True,
        "enterprises": (9999, 311),
        "objects": {
            "sysDescr.0": "Example Monitor B450 4.1.2",
            "sysObjectID.0": "1.3.6.1.4.1.9999.1.7",
            "sysName.0": "monitor-7",
            "sysLocation.0": "ICU, bed 4",
            "sysServices.0": "72",
            "entPhysicalHardwareRev.1": "rev C",
            "entPhysicalFirmwareRev.1": "2.2",
            "entPhysicalSoftwareRev.1": "4.1.2",
            "entPhysicalSerialNum.1": "SN0042",
            "entPhysicalMfgName.1": "Example Medical",
            "entPhysicalModelName.1": "B450",
            "ifPhysAddress.2": "02:00:00:00:00:07",
            "prtGeneralSerialNumber.1": "PRN123",
            "hrDeviceDescr.1": "Example LX 200",
        },
    }


def test_a_trap_of_version_1_is_named_as_version_2_names_it() -> None:
    found = only(TRAP_V1)
    assert (found.version, found.community) == ("v1", "private")
    assert found.trap == "1.3.6.1.4.1.9999.1.0.12"
    assert found.agent_address == "192.0.2.7"
    assert found.enterprises == (9999,)
    assert found.sender_is_server is False


def test_a_generic_trap_is_a_child_of_snmp_traps() -> None:
    # RFC 3584 3.1: coldStart is 0 in version 1 and snmpTraps.1 in version 2.
    cold_start = TRAP_V1.replace(number(6) + number(12), number(0) + number(0))
    assert only(cold_start).trap == only(TRAP_V2).trap == "1.3.6.1.6.3.1.1.5.1"


def test_version_3_shows_its_engine_and_level_but_no_user() -> None:
    found = only(ENCRYPTED_V3)
    assert found.kind == "encryptedPDU"
    assert found.sender_is_server is None
    assert found.facts() == {
        "version": "v3",
        "security_level": "authPriv",
        "has_user": True,
        "engine_id": ENGINE.hex(),
        "engine_enterprise": 8072,
        "engine_mac": "02:00:00:00:00:09",
        "engine_boots": 4,
        "engine_time_seconds": 86400,
    }
    assert only(REPORT_V3).security_level == "noAuthNoPriv"


@pytest.mark.parametrize(
    ("engine", "member", "text"),
    [
        ("8000270f01c0000207", "engine_ip", "192.0.2.7"),
        ("8000270f046d6f6e69746f72", "engine_text", "monitor"),
        ("8000270f0520000001", "engine_text", ""),
        ("0000270f0000000000000000", "engine_mac", ""),
    ],
)
def test_engine_ids_are_read_by_their_format(engine: str, member: str, text: str) -> None:
    found = only(message_v3(0, bytes.fromhex(engine), b"", SCOPED))
    assert found.engine_enterprise == 9999
    assert getattr(found, member) == text


def test_an_error_is_kept() -> None:
    # RFC 3416 3: authorizationError is 16.
    assert only(message(1, b"x", pdu(0xA2, (f"{SYSTEM}.1.0", NULL), status=16))).error_status == 16


def test_values_of_requests_are_no_objects() -> None:
    assert only(GET).objects == ()


def test_what_stands_before_a_malformed_variable_is_kept() -> None:
    name = (f"{SYSTEM}.5.0", octets(b"monitor-7"))
    body = ber(0xA2, number(1), number(0), number(0), ber(0x30, variables(name)[2:], b"\x30\x50\x06"))
    found, malformed = read(message(1, b"x", body))
    assert isinstance(found, Snmp)
    assert found.objects == (ManagedObject(name="sysName", index="0", value="monitor-7"),)
    assert isinstance(malformed, Malformed)
    assert malformed.where == "variable-bindings"


@pytest.mark.parametrize(
    ("payload", "where"),
    [
        (b"", "BER element"),
        (b"\x02\x01\0", "message"),
        (message(2, b"x", b""), "version"),
        (ber(0x30, number(1), number(5)), "community"),
        (message(1, b"x", ber(0xBF, b"")), "PDU"),
    ],
)
def test_what_is_no_message_is_malformed(payload: bytes, where: str) -> None:
    (malformed,) = read(payload)
    assert isinstance(malformed, Malformed)
    assert malformed.where == where


def test_variables_beyond_the_limit_are_not_read() -> None:
    many = [(f"{SYSTEM}.5.0", NULL)] * (VARIABLES_LIMIT + 50)
    assert only(message(1, b"x", pdu(0xA2, *many))).variables == VARIABLES_LIMIT
