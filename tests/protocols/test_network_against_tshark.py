"""ARP, LLDP, DHCP, DNS, mDNS, SSDP and SNMP of real captures: the facts are those that tshark's dissectors print.

For each protocol, ``expected`` functions make facts out of tshark's fields, and the same facts are taken out of our
message; a difference names capture and packet. A packet that is cut, or that tshark calls malformed, is only read.
"""

from __future__ import annotations

import os
import string
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from asepsis.protocols.arp import Arp
from asepsis.protocols.dhcp import Dhcp
from asepsis.protocols.dhcpv6 import Dhcpv6
from asepsis.protocols.dns import Dns
from asepsis.protocols.lldp import Lldp
from asepsis.protocols.masking import TEXT_LIMIT
from asepsis.protocols.mdns import KEPT_KEYS, Mdns
from asepsis.protocols.message import Malformed, Message, Result, Stream
from asepsis.protocols.registry import DISSECTORS
from asepsis.protocols.resource_records import type_name
from asepsis.protocols.snmp import DEFAULT_COMMUNITIES, VARIABLES_LIMIT, Snmp
from asepsis.protocols.ssdp import Ssdp
from tests.protocols.tshark_rows import Row, layers, need_tshark, rows

pytestmark = pytest.mark.slow

Facts = dict[str, Any]

OTHER_SIGNS = "(other signs)"
PRINTABLE = frozenset(string.printable) - frozenset("\t\r\n\x0b\x0c\\")


@pytest.fixture(scope="module", autouse=True)
def _tshark() -> None:
    need_tshark()


def first(values: list[str], default: str = "") -> str:
    return values[0] if values else default


def plain(text: str) -> str:
    """Text as both sides must write it. Other signs they write differently: what holds them is not compared."""
    text = text.strip(" \0")
    return text[:TEXT_LIMIT] if PRINTABLE.issuperset(text) else OTHER_SIGNS


def address(values: list[str]) -> str:
    found = first(values)
    return "" if found in ("0.0.0.0", "::", "00:00:00:00:00:00") else found


# --- DHCP ---

DHCP_FIELDS = (
    "dhcp.type",
    "dhcp.option.dhcp",
    "dhcp.hw.mac_addr",
    "dhcp.ip.client",
    "dhcp.ip.your",
    "dhcp.ip.server",
    "dhcp.ip.relay",
    "dhcp.option.hostname",
    "dhcp.option.vendor_class_id",
    "dhcp.option.request_list_item",
    "dhcp.option.requested_ip_address",
    "dhcp.option.dhcp_server_id",
    "dhcp.option.ip_address_lease_time",
    "dhcp.option.subnet_mask",
    "dhcp.option.router",
    "dhcp.option.domain_name_server",
    "dhcp.option.domain_name",
    "dhcp.option.dhcp_max_message_size",
    "dhcp.option.type",
    "dhcp.fqdn.name",
)
DHCP_TYPES = ("", "DISCOVER", "OFFER", "REQUEST", "DECLINE", "ACK", "NAK", "RELEASE", "INFORM")


def expected_dhcp(row: Row) -> Facts:
    message_type = row["dhcp.option.dhcp"]
    return {
        "kind": DHCP_TYPES[int(message_type[0])]
        if message_type
        else ("BOOTREQUEST", "BOOTREPLY")[int(row["dhcp.type"][0]) - 1],
        "client_mac": address(row["dhcp.hw.mac_addr"]),
        "client_ip": address(row["dhcp.ip.client"]),
        "your_ip": address(row["dhcp.ip.your"]),
        "next_server_ip": address(row["dhcp.ip.server"]),
        "relay_ip": address(row["dhcp.ip.relay"]),
        "host_name": plain(first(row["dhcp.option.hostname"])),
        "vendor_class": plain(first(row["dhcp.option.vendor_class_id"])),
        "parameter_list": tuple(map(int, row["dhcp.option.request_list_item"])),
        "requested_ip": address(row["dhcp.option.requested_ip_address"]),
        "server_id": address(row["dhcp.option.dhcp_server_id"]),
        "lease_seconds": int(first(row["dhcp.option.ip_address_lease_time"], "0")),
        "subnet_mask": address(row["dhcp.option.subnet_mask"]),
        "routers": tuple(row["dhcp.option.router"]),
        "dns_servers": tuple(row["dhcp.option.domain_name_server"]),
        "domain": plain(first(row["dhcp.option.domain_name"])),
        "message_size_bytes": int(first(row["dhcp.option.dhcp_max_message_size"], "0")),
        # tshark lists every occurrence, and the padding (0) and the end (255) among them.
        "option_order": tuple(dict.fromkeys(int(code) for code in row["dhcp.option.type"] if code not in ("0", "255"))),
        "fqdn": plain(first(row["dhcp.fqdn.name"])),
    }


def taken_dhcp(message: Dhcp) -> Facts:
    texts = ("host_name", "vendor_class", "domain", "fqdn")
    others = set(DHCP_FACTS) - {"kind", *texts}
    return {"kind": message.kind} | taken(message, others) | {name: plain(getattr(message, name)) for name in texts}


DHCP_FACTS = tuple(expected_dhcp({name: ["1"] for name in DHCP_FIELDS}))


def taken(message: Message, names: Iterable[str]) -> Facts:
    return {name: getattr(message, name) for name in names}


# --- DHCPv6 ---

DHCPV6_FIELDS = (
    "dhcpv6.msgtype",
    "dhcpv6.duid.bytes",
    "dhcpv6.iaaddr.ip",
    "dhcpv6.requested_option_code",
    "dhcpv6.client_domain",
    "dhcpv6.vendorclass.data",
)
DHCPV6_TYPES = (
    *("", "SOLICIT", "ADVERTISE", "REQUEST", "CONFIRM", "RENEW", "REBIND", "REPLY", "RELEASE", "DECLINE"),
    *("RECONFIGURE", "INFORMATION-REQUEST"),
)


def expected_dhcpv6(row: Row) -> Facts:
    return {
        "kind": DHCPV6_TYPES[int(row["dhcpv6.msgtype"][-1])],
        "client_duid": first(row["dhcpv6.duid.bytes"]).replace(":", ""),
        "addresses": tuple(found for found in row["dhcpv6.iaaddr.ip"] if found != "::"),
        "parameter_list": tuple(map(int, row["dhcpv6.requested_option_code"])),
        "fqdn": plain(first(row["dhcpv6.client_domain"])).rstrip("."),
        "vendor_class": plain(first(row["dhcpv6.vendorclass.data"])),
    }


def taken_dhcpv6(message: Dhcpv6) -> Facts:
    return taken(message, ("kind", "client_duid", "addresses", "parameter_list", "fqdn", "vendor_class"))


# --- DNS and mDNS ---

DNS_FIELDS = (
    "dns.flags.response",
    "dns.flags.opcode",
    "dns.flags.rcode",
    "dns.count.answers",
    "dns.count.auth_rr",
    "dns.count.add_rr",
    "dns.qry.name",
    "dns.qry.type",
    "dns.resp.name",
    "dns.resp.type",
    "dns.a",
    "dns.aaaa",
    "dns.cname",
    "dns.ptr.domain_name",
    "dns.srv.target",
    "dns.srv.port",
    "dns.mx.mail_exchange",
    "dns.txt",
)
ROOT = "<Root>"  # how tshark writes the empty name
# tshark goes on behind such a name; to us the message ends there. RFC 6891 5 took extended labels away.
BROKEN_NAMES = ("<Unknown extended label>", "<Name too long>")


def dns_name(written: str) -> str:
    return "" if written == ROOT else plain(written)


def sections(message: Dns) -> Iterator[Any]:
    for section in (message.answers, message.authorities, message.additional):
        yield from section


def expected_dns(row: Row) -> Facts:
    is_response = first(row["dns.flags.response"]) in ("1", "True")
    types = [type_name(int(code)) for code in row["dns.resp.type"]]
    # The types that an NSEC record lists stand among the types of the records.
    known = {} if {"NSEC", "NSEC3"} & set(types) else {"types": [kind for kind in types if kind != "OPT"]}
    return known | {
        "is_response": is_response,
        "opcode": int(first(row["dns.flags.opcode"])),
        "rcode": int(first(row["dns.flags.rcode"], "0")),
        "questions": [
            (dns_name(name), type_name(int(code)))
            for name, code in zip(row["dns.qry.name"], row["dns.qry.type"], strict=True)
        ],
        # tshark has other fields for the name of SRV.
        "names": [dns_name(name) for name in row["dns.resp.name"] if name != ROOT],
        "A": sorted(row["dns.a"]),
        "AAAA": sorted(row["dns.aaaa"]),
        "CNAME": sorted(map(dns_name, row["dns.cname"])),
        "PTR": sorted(map(dns_name, row["dns.ptr.domain_name"])),
        "SRV": sorted(zip(map(dns_name, row["dns.srv.target"]), row["dns.srv.port"], strict=True)),
        "MX": sorted(map(dns_name, row["dns.mx.mail_exchange"])),
    }


def taken_dns(message: Dns) -> Facts:
    records = list(sections(message))

    def data(kind: str) -> list[str]:
        return sorted(plain(record.data) for record in records if record.type == kind and record.data)

    return {
        "is_response": message.is_response,
        "opcode": message.flags >> 11 & 15,
        "rcode": message.flags & 15 if message.is_response else 0,
        "questions": [(plain(question.name), question.type) for question in message.questions],
        "types": [record.type for record in records],
        "names": [plain(record.name) for record in records if record.name and record.type != "SRV"],
        **{kind: data(kind) for kind in ("A", "AAAA", "CNAME", "PTR", "MX")},
        "SRV": sorted((plain(record.data), str(record.port)) for record in records if record.type == "SRV"),
    }


def reversed_address(name: str) -> str:
    labels = name.removesuffix(".in-addr.arpa").split(".")
    return ".".join(reversed(labels)) if name.endswith(".in-addr.arpa") and len(labels) == 4 else ""


def expected_mdns(row: Row) -> Facts:
    texts = [text.partition("=") for text in row["dns.txt"]]
    return {
        "is_response": first(row["dns.flags.response"]) in ("1", "True"),
        "questions": [
            (dns_name(name), type_name(int(code)))
            for name, code in zip(row["dns.qry.name"], row["dns.qry.type"], strict=True)
        ],
        "addresses": {*row["dns.a"], *row["dns.aaaa"], *filter(None, map(reversed_address, row["dns.resp.name"]))},
        "services": {
            (dns_name(target).removesuffix(".local"), int(port))
            for target, port in zip(row["dns.srv.target"], row["dns.srv.port"], strict=True)
        },
        "texts": {
            (key.lower(), plain(text)) for key, _, text in texts if key.lower() in KEPT_KEYS and plain(text).strip()
        },
    }


def taken_mdns(message: Mdns) -> Facts:
    return {
        "is_response": message.is_response,
        "questions": [(plain(question.name), question.type) for question in message.questions],
        "addresses": {found for host in message.hosts for found in host.addresses},
        "services": {(service.host, service.port) for service in message.services if service.port},
        "texts": {(key, plain(text)) for service in message.services for key, text in service.texts},
    }


# --- SSDP ---

SSDP_FIELDS = ("http.request.method", "http.response.code", "http.user_agent", "http.server", "http.location")


def expected_ssdp(row: Row) -> Facts:
    return {
        "kind": first(row["http.request.method"]) or {"200": "RESPONSE"}[first(row["http.response.code"])],
        "user_agent": plain(first(row["http.user_agent"])),
        "server": plain(first(row["http.server"])),
        "location": plain(first(row["http.location"])),
    }


def taken_ssdp(message: Ssdp) -> Facts:
    return taken(message, ("kind", "user_agent", "server", "location"))


# --- SNMP ---

SNMP_FIELDS = (
    "snmp.msgVersion",
    "snmp.version",
    "snmp.community",
    "snmp.data",
    "snmp.name",
    "snmp.value.octets",
    "snmp.value.oid",
    "snmp.error_status",
    "snmp.msgAuthoritativeEngineID",
    "snmp.msgAuthoritativeEngineBoots",
    "snmp.msgUserName",
    "snmp.encryptedPDU",
    "snmp.engineid.enterprise",
)
SNMP_PDUS = (
    *("GetRequest", "GetNextRequest", "Response", "SetRequest", "Trap", "GetBulkRequest", "InformRequest"),
    *("SNMPv2-Trap", "Report"),
)
SYSTEM_TEXTS = {"1.3.6.1.2.1.1.1": "sysDescr", "1.3.6.1.2.1.1.5": "sysName", "1.3.6.1.2.1.1.6": "sysLocation"}


def system_texts(names: list[str], octets: list[str]) -> Iterator[tuple[str, str]]:
    for name, contents in zip(names, octets, strict=True):
        known = SYSTEM_TEXTS.get(name.rpartition(".")[0])
        text = plain(bytes.fromhex(contents.replace("<MISSING>", "")).decode("latin-1"))
        if known and text:
            yield known, text


def expected_snmp(row: Row) -> Facts:
    version = int(first(row["snmp.msgVersion"]) or first(row["snmp.version"]))
    community = first(row["snmp.community"])
    names, octets = row["snmp.name"], row["snmp.value.octets"]
    enterprises = dict.fromkeys(int(name.split(".")[6]) for name in names if name.startswith("1.3.6.1.4.1."))
    engine = first(row["snmp.msgAuthoritativeEngineID"]).replace("<MISSING>", "")
    is_default = community.encode() in DEFAULT_COMMUNITIES
    # Where each variable has a text, tshark's columns say whose it is.
    known = {"texts": dict(system_texts(names, octets))} if len(names) == len(octets) else {}
    return known | {
        "version": {0: "v1", 1: "v2c", 3: "v3"}[version],
        "kind": "encryptedPDU" if row["snmp.encryptedPDU"] else SNMP_PDUS[int(first(row["snmp.data"]))],
        "community": community if is_default else "other" if community else "",
        "variables": min(len(names), VARIABLES_LIMIT),
        "error_status": int(first(row["snmp.error_status"], "0")),
        "enterprises": tuple(enterprises)[:16],
        "engine_id": engine,
        "engine_enterprise": int(first(row["snmp.engineid.enterprise"], "0")) if engine else 0,
        "engine_boots": int(first(row["snmp.msgAuthoritativeEngineBoots"], "0")),
        "has_user": first(row["snmp.msgUserName"]) not in ("", "<MISSING>"),
    }


def taken_snmp(message: Snmp) -> Facts:
    names = ("version", "kind", "community", "variables", "error_status", "enterprises")
    engine = ("engine_id", "engine_enterprise", "engine_boots", "has_user")
    texts = {known.name: plain(known.value) for known in message.objects if known.name in SYSTEM_TEXTS.values()}
    return taken(message, names) | {"texts": texts} | taken(message, engine)


# --- the comparison ---

COMPARISONS: dict[str, tuple[str, tuple[str, ...], Callable[[Row], Facts], Callable[[Any], Facts]]] = {
    "dhcp": ("dhcp && udp", DHCP_FIELDS, expected_dhcp, taken_dhcp),
    "dhcpv6": ("dhcpv6 && udp", DHCPV6_FIELDS, expected_dhcpv6, taken_dhcpv6),
    "dns": ("dns && udp && !mdns && !llmnr", DNS_FIELDS, expected_dns, taken_dns),
    "mdns": ("mdns && udp", DNS_FIELDS, expected_mdns, taken_mdns),
    "ssdp": ("ssdp && udp", SSDP_FIELDS, expected_ssdp, taken_ssdp),
    "snmp": ("snmp && udp", SNMP_FIELDS, expected_snmp, taken_snmp),
}


def differing(where: str, theirs: Facts, ours: Facts) -> list[str]:
    return [
        f"{where}: {name}: tshark {theirs[name]!r}, ours {ours[name]!r}"
        for name in theirs
        if theirs[name] != ours[name] and OTHER_SIGNS not in repr(theirs[name])
    ]


DAMAGE = ("_ws.malformed", "_ws.short", "_ws.expert.message")


def is_damaged(row: Row) -> bool:
    cut = any("exceeds packet length" in found or "Unreassembled" in found for found in row["_ws.expert.message"])
    return bool(row["_ws.malformed"] or row["_ws.short"] or cut)


def compare(protocol: str, captures: Iterable[Path]) -> tuple[int, list[str]]:
    """(packets compared, differences) of one protocol."""
    shown, names, expected, read_facts = COMPARISONS[protocol]
    datagram = DISSECTORS[protocol].datagram
    assert datagram is not None
    compared, differences = 0, []
    for capture in captures:
        columns = ("frame.number", "udp.payload", *DAMAGE, *names)
        for row in rows(capture, f"({shown}) && !icmp && !icmpv6", columns):
            results = datagram(bytes.fromhex(row["udp.payload"][-1].replace(":", ""))) if row["udp.payload"] else []
            if not results or is_damaged(row):
                continue
            compared += 1
            where = f"{capture.name} packet {row['frame.number'][0]}"
            if any(name in str(row) for name in BROKEN_NAMES):
                if not isinstance(results[-1], Malformed):
                    differences.append(f"{where}: a broken name is not malformed")
                continue
            if isinstance(results[-1], Malformed):
                differences.append(f"{where}: {results[-1]}")
                continue
            differences += differing(where, expected(row), read_facts(results[0]))
    return compared, differences


DHCP_CAPTURES = ("dhcp.pcap", "dhcp-discover.pcap", "dhcp-relay-serverside.pcap", "dhcp-auth.pcap", "dhcp_server.pcap")
DHCP_OVERLOADED = ("PRIV_bootp-both_overload.pcap", "PRIV_bootp-both_overload_empty-no_end.pcap", "dhcp_client.pcap")
NDPI_CAPTURES = {
    "dhcp": ("1kxun.pcap", "android.pcap", "capwap.pcap", "dhcp-fuzz.pcapng", "iphone.pcap", "telegram.pcap"),
    "dhcpv6": ("1kxun.pcap", "android.pcap", "gnutella.pcap", "tor.pcap"),
    "dns": (
        *("badpackets.pcap", "bad-dns-traffic.pcap", "dns.pcap", "dns-google-nsid.pcapng", "dns_ambiguous_names.pcap"),
        *("dns_exfiltration.pcap", "dns_fragmented.pcap", "dns_invert_query.pcapng", "dns_long_domainname.pcap"),
        *("dns-invalid-chars.pcap", "dns-tunnel-iodine.pcap", "fuzz-2006-06-26-2594.pcap", "malformed_dns.pcap"),
        *("dnscrypt-v1-and-resolver-pings.pcap", "punycode-idn.pcap", "vxlan.pcap"),
    ),
    "mdns": ("iphone.pcap", "telegram.pcap", "wechat.pcap", "anyconnect-vpn.pcap", "gnutella.pcap"),
    "ssdp": ("1kxun.pcap", "gnutella.pcap", "netflix.pcap", "ssdp-m-search-ua.pcap", "telegram.pcap", "wa_voice.pcap"),
    "snmp": ("snmp.pcap",),
}
# Of each capture so many packets must have been compared at least, so that a filter that finds nothing fails.
AT_LEAST = {"dhcp": 45, "dhcpv6": 20, "dns": 1500, "mdns": 400, "ssdp": 200, "snmp": 60}


@pytest.mark.parametrize("protocol", COMPARISONS)
def test_captures_of_many_applications_give_the_facts_of_tshark(protocol: str, archive: Callable[[str], Path]) -> None:
    folder = archive("ndpi")
    compared, differences = compare(protocol, [folder / name for name in NDPI_CAPTURES[protocol]])
    assert differences == []
    assert compared >= AT_LEAST[protocol]


def test_collected_captures_of_dhcp_give_the_facts_of_tshark(archive: Callable[[str], Path]) -> None:
    folder = archive("medical") / "collected" / "DHCP"
    compared, differences = compare("dhcp", [folder / name for name in (*DHCP_CAPTURES, *DHCP_OVERLOADED)])
    assert differences == []
    assert compared == 23


def test_collected_captures_of_snmp_give_the_facts_of_tshark(archive: Callable[[str], Path]) -> None:
    folder = archive("medical") / "collected" / "SNMP"
    compared, differences = compare("snmp", sorted(folder.iterdir()))
    assert differences == []
    assert compared >= 3900


def test_devices_that_are_set_up_give_the_facts_of_tshark(archive: Callable[[str], Path]) -> None:
    """One set-up of each device of a home: what they say of themselves first. Every fourth device, all in a soak."""
    folder = archive("iot_sentinel")
    devices = sorted(device for device in folder.iterdir() if device.is_dir())
    step = 1 if os.environ.get("ASEPSIS_SOAK") else 4
    captures = [sorted(device.rglob("*.pcap"))[0] for device in devices[::step]]
    for protocol, least in (("dhcp", 20), ("mdns", 20), ("ssdp", 20), ("dns", 50)):
        compared, differences = compare(protocol, captures)
        assert differences == []
        assert compared >= least


def test_dns_over_tcp_gives_the_facts_of_tshark(archive: Callable[[str], Path]) -> None:
    capture = archive("ndpi") / "dns_fragmented.pcap"
    open_stream = DISSECTORS["dns"].open
    assert open_stream is not None
    streams: dict[str, Stream] = {}
    ours: list[Result] = []
    for row in rows(capture, "tcp.port == 53 && tcp.len > 0", ("tcp.stream", "tcp.srcport", "tcp.payload")):
        stream = streams.setdefault(row["tcp.stream"][0], open_stream())
        ours += stream.feed(int(row["tcp.srcport"] == ["53"]), bytes.fromhex(row["tcp.payload"][0]))
    theirs = list(rows(capture, "dns && tcp", DNS_FIELDS))
    assert len(theirs) == 4
    for row, message in zip(theirs, ours, strict=True):
        assert isinstance(message, Dns)
        assert differing(capture.name, expected_dns(row), taken_dns(message)) == []


def test_a_planted_difference_is_found() -> None:
    assert differing("x", {"name": "a", "port": 1}, {"name": "a", "port": 2}) == ["x: port: tshark 1, ours 2"]


# --- ARP and LLDP: link layer, no UDP payload ---

LLDP_FIELDS = (
    "lldp.time_to_live",
    "lldp.chassis.id.mac",
    "lldp.port.id",
    "lldp.port.id.mac",
    "lldp.port.desc",
    "lldp.tlv.system.name",
    "lldp.tlv.system.desc",
    "lldp.mgn.addr.ip4",
    "lldp.mgn.addr.hex",
    "lldp.ieee.802_1.port_vlan.id",
    "lldp.media.hardware",
    "lldp.media.firmware",
    "lldp.media.software",
    "lldp.media.sn",
    "lldp.media.manufacturer",
    "lldp.media.model",
    "lldp.media.asset",
)
INVENTORY = {
    "hardware_revision": "lldp.media.hardware",
    "firmware_revision": "lldp.media.firmware",
    "software_revision": "lldp.media.software",
    "serial_number": "lldp.media.sn",
    "manufacturer": "lldp.media.manufacturer",
    "model": "lldp.media.model",
    "asset_id": "lldp.media.asset",
}


def hardware_addresses(found: list[str]) -> Iterator[str]:
    for digits in found:
        yield bytes.fromhex(digits.replace(":", "")).hex(":")


def expected_lldp(row: Row) -> Facts:
    known: Facts = {}
    if row["lldp.chassis.id.mac"]:
        known["chassis_id"] = first(row["lldp.chassis.id.mac"])
    if row["lldp.port.id"] or row["lldp.port.id.mac"]:
        known["port_id"] = plain(first(row["lldp.port.id"])) or first(row["lldp.port.id.mac"])
    return known | {
        "ttl_seconds": int(first(row["lldp.time_to_live"])),
        "port_description": plain(first(row["lldp.port.desc"])),
        "system_name": plain(first(row["lldp.tlv.system.name"])),
        "system_description": plain(first(row["lldp.tlv.system.desc"])),
        "management_addresses": (*row["lldp.mgn.addr.ip4"], *hardware_addresses(row["lldp.mgn.addr.hex"])),
        "port_vlan": int(first(row["lldp.ieee.802_1.port_vlan.id"], "0")),
        **{name: plain(first(row[field])) for name, field in INVENTORY.items()},
    }


def test_lldp_gives_the_facts_of_tshark(archive: Callable[[str], Path]) -> None:
    datagram = DISSECTORS["lldp"].datagram
    assert datagram is not None
    captures = sorted((archive("medical") / "collected" / "LLDP").iterdir())
    compared, differences = 0, list[str]()
    for capture in [*captures, archive("ndpi") / "starcraft_battle.pcap"]:
        for row, layer in zip(rows(capture, "lldp", LLDP_FIELDS), layers(capture, "lldp"), strict=True):
            message = datagram(layer)[0]  # one capture repeats a TLV that may come once: a malformed part behind it
            assert isinstance(message, Lldp)
            compared += 1
            theirs = expected_lldp(row)
            differences += differing(f"{capture.name}, number {compared}", theirs, taken(message, theirs))
    assert differences == []
    assert compared >= 690


def test_arp_gives_the_facts_of_tshark(archive: Callable[[str], Path]) -> None:
    datagram = DISSECTORS["arp"].datagram
    assert datagram is not None
    folder = archive("ndpi")
    names = ("arp.opcode", "arp.src.hw_mac", "arp.src.proto_ipv4", "arp.dst.hw_mac", "arp.dst.proto_ipv4")
    compared = 0
    for capture in (folder / "alexa-app.pcapng", folder / "android.pcap", folder / "nest_log_sink.pcap"):
        for row, layer in zip(rows(capture, "arp", names), layers(capture, "arp"), strict=True):
            (message,) = datagram(layer)
            assert isinstance(message, Arp)
            compared += 1
            ours = (message.sender_mac, message.sender_ip, message.target_mac, message.target_ip)
            assert tuple(address(row[name]) for name in names[1:]) == ours
            asks = message.kind in ("REQUEST", "PROBE", "ANNOUNCEMENT")
            assert asks == (row["arp.opcode"] == ["1"])
    assert compared >= 260
