"""CDP, neighbour discovery, LLMNR, NetBIOS, NTP, FTP, SMTP and Telnet of real captures: the facts are tshark's.

As ``test_network_against_tshark``: of each packet the same facts are taken out of tshark's fields and out of our
message, and a difference names capture and packet. The engine is asked too: it must find as many as tshark does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from asepsis.pipeline.analyze import analyze
from asepsis.protocols.cdp import Cdp
from asepsis.protocols.ftp import FtpFeatures, FtpGreeting, FtpLogin, FtpSystem
from asepsis.protocols.llmnr import Llmnr
from asepsis.protocols.message import Malformed
from asepsis.protocols.nbdgm import NetbiosDatagram
from asepsis.protocols.nbns import Nbns
from asepsis.protocols.nd import Neighbour
from asepsis.protocols.ntp import Ntp, NtpControl
from asepsis.protocols.registry import DISSECTORS
from asepsis.protocols.resource_records import type_name
from asepsis.protocols.smtp import SmtpExtensions, SmtpGreeting, SmtpHello, SmtpLogin, SmtpMail
from asepsis.protocols.telnet import TelnetLogin, TelnetOptions
from tests.protocols.captured import conversations, messages
from tests.protocols.tshark_rows import Row, layers, need_tshark, rows

pytestmark = pytest.mark.slow

Facts = dict[str, Any]
ON_LINK = "icmpv6.type >= 133 && icmpv6.type <= 137 && ipv6.hlim == 255"


@pytest.fixture(scope="module", autouse=True)
def _tshark() -> None:
    need_tshark()


def first(values: list[str], default: str = "") -> str:
    return values[0] if values else default


def number(values: list[str]) -> int:
    return int(first(values, "0"), 0)


def flag(values: list[str]) -> bool:
    return first(values) in ("1", "True")


def assert_equal(where: str, theirs: Facts, ours: Facts) -> None:
    assert [
        f"{where}: {name}: tshark {theirs[name]!r}, ours {ours[name]!r}"
        for name in theirs
        if theirs[name] != ours[name]
    ] == []


def test_a_planted_difference_is_found() -> None:
    with pytest.raises(AssertionError, match="x: port: tshark 1, ours 2"):
        assert_equal("x", {"name": "a", "port": 1}, {"name": "a", "port": 2})


# --- over UDP ---

LLMNR_FIELDS = ("dns.flags.response", "dns.flags.conflict", "dns.qry.name", "dns.qry.type", "dns.a", "dns.aaaa")


def expected_llmnr(row: Row) -> Facts:
    return {
        "is_response": flag(row["dns.flags.response"]),
        "is_conflict": flag(row["dns.flags.conflict"]),
        "question": (first(row["dns.qry.name"]), type_name(number(row["dns.qry.type"]))),
        "addresses": {*row["dns.a"], *row["dns.aaaa"]},
    }


def taken_llmnr(message: Llmnr) -> Facts:
    return {
        "is_response": message.is_response,
        "is_conflict": message.is_conflict,
        "question": (message.question.name, message.question.type),
        "addresses": {record.data for record in message.answers if record.type in ("A", "AAAA")},
    }


NBNS_FIELDS = (
    *("nbns.flags.response", "nbns.flags.opcode", "nbns.flags.rcode", "nbns.flags.broadcast", "nbns.name"),
    *("nbns.type", "nbns.addr", "nbns.nb_flags.group", "nbns.netbios_name", "nbns.unit_id"),
)
OPERATIONS = {0: "QUERY", 5: "REGISTRATION", 6: "RELEASE", 7: "WACK", 8: "REFRESH", 9: "REFRESH", 15: "MULTI-HOMED"}


def plain_name(written: str) -> str:
    """``WARD<20> (Server service)`` and ``*<00><00>...`` as both sides must write them: the name, and its suffix."""
    name, _, suffix = written.partition(" (")[0].rpartition("<")
    for control in ("<00>", "<01>", "<02>"):
        name = name.replace(control, "")
    return "#<03>" if suffix == "03>" and name else f"{name.strip()}<{suffix}"


def expected_nbns(row: Row) -> Facts:
    operation = OPERATIONS[number(row["nbns.flags.opcode"])]
    if operation == "QUERY" and number(row["nbns.type"]) == 33:
        operation = "STATUS"
    return {
        "operation": operation,
        "is_response": flag(row["nbns.flags.response"]),
        "is_broadcast": flag(row["nbns.flags.broadcast"]),
        "has_failed": number(row["nbns.flags.rcode"]) != 0,
        "name": plain_name(first(row["nbns.name"])),
        "addresses": set(row["nbns.addr"]),
        "is_group": flag(row["nbns.nb_flags.group"]),
        "held": [name.partition("<")[0].strip() for name in row["nbns.netbios_name"]],
        "mac": first(row["nbns.unit_id"]),
    }


def taken_nbns(message: Nbns) -> Facts:
    return {
        "operation": message.kind.partition(" ")[0],
        "is_response": message.is_response,
        "is_broadcast": message.is_broadcast,
        "has_failed": message.failure != "",
        "name": str(message.name),
        "addresses": set(message.addresses),
        "is_group": message.is_group,
        "held": [held.name.name for held in message.held],
        "mac": message.mac,
    }


NBDGM_FIELDS = (
    *("nbdgm.type", "nbdgm.src.ip", "nbdgm.source_name", "nbdgm.destination_name", "browser.command", "browser.server"),
    *("browser.os_major", "browser.os_minor", "browser.server_type.nts", "browser.server_type.xenix"),
    *("browser.server_type.domain_controller", "browser.server_type.print"),
)
FRAMES = {1: "HostAnnouncement", 2: "AnnouncementRequest", 8: "RequestElection", 9: "GetBackupListRequest"} | {
    10: "GetBackupListResponse",
    12: "DomainAnnouncement",
    15: "LocalMasterAnnouncement",
}
TYPES = {16: "DIRECT UNIQUE", 17: "DIRECT GROUP", 18: "BROADCAST"}


def expected_nbdgm(row: Row) -> Facts:
    command = number(row["browser.command"])
    announces = command in (1, 15)
    return {
        "kind": FRAMES[command] if command else TYPES[number(row["nbdgm.type"])],
        "source_ip": first(row["nbdgm.src.ip"]),
        "source": plain_name(first(row["nbdgm.source_name"])),
        "destination": plain_name(first(row["nbdgm.destination_name"])),
        "computer": first(row["browser.server"]) if announces else "",
        "os_version": f"{first(row['browser.os_major'])}.{first(row['browser.os_minor'])}" if announces else "",
        "NT server": announces and flag(row["browser.server_type.nts"]),
        "Unix server": announces and flag(row["browser.server_type.xenix"]),
        "domain controller": announces and flag(row["browser.server_type.domain_controller"]),
        "print server": announces and flag(row["browser.server_type.print"]),
    }


def taken_nbdgm(message: NetbiosDatagram) -> Facts:
    named = ("kind", "source_ip", "source", "destination", "os_version")
    types = ("NT server", "Unix server", "domain controller", "print server")
    return (
        {name: getattr(message, name) for name in named}
        | {word: word in message.server_types for word in types}
        | {"computer": "" if message.domain else message.computer}
    )


NTP_FIELDS = ("ntp.flags.vn", "ntp.flags.mode", "ntp.stratum", "ntp.refid", "ntp.priv.reqcode")
MODES = {1: "symmetric active", 2: "symmetric passive", 3: "client", 4: "server", 5: "broadcast", 7: "private"}


def expected_ntp(row: Row) -> Facts:
    mode = number(row["ntp.flags.mode"])
    facts = {"kind": MODES[mode], "version": number(row["ntp.flags.vn"])}
    if mode == 7:
        return facts | {"operation": {42: "monitor list"}[number(row["ntp.priv.reqcode"])]}
    stratum = number(row["ntp.stratum"])
    identifier = bytes.fromhex(first(row["ntp.refid"]).replace(":", ""))
    letters = identifier.rstrip(b"\0").decode("latin-1")
    reference = letters if stratum <= 1 else ".".join(map(str, identifier)) if any(identifier) else ""
    return facts | {"stratum": stratum if stratum <= 16 else 0, "reference": reference}


def taken_ntp(message: Ntp | NtpControl) -> Facts:
    names = ("stratum", "reference") if isinstance(message, Ntp) else ("operation",)
    return {name: getattr(message, name) for name in ("kind", "version", *names)}


COMPARISONS: dict[str, tuple[str, tuple[str, ...], Callable[[Row], Facts], Callable[[Any], Facts]]] = {
    "llmnr": ("llmnr && udp", LLMNR_FIELDS, expected_llmnr, taken_llmnr),
    "nbns": ("nbns && udp", NBNS_FIELDS, expected_nbns, taken_nbns),
    "nbdgm": ("nbdgm && udp", NBDGM_FIELDS, expected_nbdgm, taken_nbdgm),
    "ntp": ("ntp && udp", NTP_FIELDS, expected_ntp, taken_ntp),
}
CAPTURES = {
    "llmnr": ("ndpi/1kxun.pcap", "ndpi/wechat.pcap", "ndpi/gnutella.pcap", "medical/collected/LLDP/simens.pcap"),
    "nbns": (
        *("ndpi/netbios.pcap", "ndpi/1kxun.pcap", "ndpi/anyconnect-vpn.pcap", "ndpi/dos_win98_smb_netbeui.pcap"),
        *("ndpi/wechat.pcap", "medical/collected/LLDP/simens.pcap", "medical/collected/SNMP/snmp.pcap"),
    ),
    "nbdgm": (
        *("ndpi/netbios.pcap", "ndpi/1kxun.pcap", "ndpi/dos_win98_smb_netbeui.pcap", "ndpi/telegram.pcap"),
        *("ndpi/gnutella.pcap", "medical/collected/SNMP/snmp.pcap"),
    ),
    "ntp": (
        *("ndpi/NTPv2.pcap", "ndpi/NTPv3.pcap", "ndpi/NTPv4.pcap", "ndpi/android.pcap", "ndpi/waze.pcap"),
        *("iot_sentinel/WeMoSwitch2/Setup-C-4-STA.pcap", "lsif/tp-link_SmartPlug/2019-07-06.pcap"),
    ),
}
# So many packets must have been compared at least, so that a filter that finds nothing fails.
AT_LEAST = {"llmnr": 140, "nbns": 400, "nbdgm": 29, "ntp": 200}


def paths(archive: Callable[[str], Path], names: Iterable[str]) -> list[Path]:
    return [archive(name.partition("/")[0]) / name.partition("/")[2] for name in names]


@pytest.mark.parametrize("protocol", COMPARISONS)
def test_datagrams_give_the_facts_of_tshark(protocol: str, archive: Callable[[str], Path]) -> None:
    shown, names, expected, taken = COMPARISONS[protocol]
    datagram = DISSECTORS[protocol].datagram
    assert datagram is not None
    compared = 0
    for capture in paths(archive, CAPTURES[protocol]):
        for row in rows(capture, f"({shown}) && !icmp", ("frame.number", "udp.payload", "_ws.malformed", *names)):
            if row["_ws.malformed"]:
                continue
            (message,) = datagram(bytes.fromhex(row["udp.payload"][-1].replace(":", "")))
            where = f"{capture.name} packet {row['frame.number'][0]}"
            assert not isinstance(message, Malformed), f"{where}: {message}"
            assert_equal(where, expected(row), taken(message))
            compared += 1
    assert compared >= AT_LEAST[protocol]


# --- link layer ---

ND_FIELDS = (
    *("icmpv6.type", "icmpv6.nd.ns.target_address", "icmpv6.nd.na.target_address", "icmpv6.nd.na.flag.r"),
    *("icmpv6.nd.ra.cur_hop_limit", "icmpv6.nd.ra.router_lifetime", "icmpv6.nd.ra.flag.m", "icmpv6.nd.ra.flag.o"),
    *("icmpv6.opt.src_linkaddr", "icmpv6.opt.target_linkaddr", "icmpv6.opt.prefix", "icmpv6.opt.prefix.length"),
    *("icmpv6.opt.mtu", "icmpv6.opt.rdnss"),
)


def expected_nd(row: Row) -> Facts:
    prefixes = zip(row["icmpv6.opt.prefix"], row["icmpv6.opt.prefix.length"], strict=True)
    return {
        "type": number(row["icmpv6.type"]),
        "target_ip": first(row["icmpv6.nd.ns.target_address"] + row["icmpv6.nd.na.target_address"]),
        "is_router": flag(row["icmpv6.nd.na.flag.r"]),
        "hop_limit": number(row["icmpv6.nd.ra.cur_hop_limit"]),
        "lifetime_seconds": number(row["icmpv6.nd.ra.router_lifetime"]),
        "managed": flag(row["icmpv6.nd.ra.flag.m"]),
        "other": flag(row["icmpv6.nd.ra.flag.o"]),
        "source_mac": first(row["icmpv6.opt.src_linkaddr"]),
        "target_mac": first(row["icmpv6.opt.target_linkaddr"]),
        "prefixes": {f"{prefix}/{length}" for prefix, length in prefixes},  # of routes too
        "mtu_bytes": number(row["icmpv6.opt.mtu"]),
        "dns_servers": tuple(row["icmpv6.opt.rdnss"]),
    }


KINDS = {"ROUTER SOLICITATION": 133, "ROUTER ADVERTISEMENT": 134} | {
    "NEIGHBOUR SOLICITATION": 135,
    "NEIGHBOUR ADVERTISEMENT": 136,
    "REDIRECT": 137,
}


def taken_nd(message: Neighbour) -> Facts:
    same = (
        *("target_ip", "is_router", "hop_limit", "lifetime_seconds", "managed", "other", "source_mac", "target_mac"),
        *("mtu_bytes", "dns_servers"),
    )
    return {name: getattr(message, name) for name in same} | {
        "type": KINDS[message.kind],
        "prefixes": {prefix.partition(" ")[0] for prefix in (*message.prefixes, *message.routes)},
    }


ND_CAPTURES = (
    *("ndpi/teredo.pcap", "ndpi/anyconnect-vpn.pcap", "ndpi/alexa-app.pcapng", "ndpi/gnutella.pcap"),
    *("ndpi/telegram_videocall.pcapng", "ndpi/iphone.pcap", "ndpi/capwap.pcap", "ndpi/viber.pcap"),
    *("iot_sentinel/WeMoSwitch2/Setup-C-4-STA.pcap", "iot_sentinel/HueBridge/Setup-C-1-STA.pcap"),
)


def test_neighbour_discovery_gives_the_facts_of_tshark(archive: Callable[[str], Path]) -> None:
    datagram = DISSECTORS["nd"].datagram
    assert datagram is not None
    compared = 0
    for capture in paths(archive, ND_CAPTURES):
        shown = ON_LINK.replace(" && ipv6.hlim == 255", "")
        wanted = {
            row["frame.number"][0]: row for row in rows(capture, shown, ("frame.number", "ipv6.plen", *ND_FIELDS))
        }
        numbers = rows(capture, "icmpv6", ("frame.number", "frame.len"))
        for row, layer in zip(numbers, layers(capture, "icmpv6"), strict=True):
            theirs = wanted.get(row["frame.number"][0])
            if theirs is None:
                continue
            (message,) = datagram(layer[: int(theirs["ipv6.plen"][-1])])
            assert isinstance(message, Neighbour)
            assert_equal(f"{capture.name} packet {row['frame.number'][0]}", expected_nd(theirs), taken_nd(message))
            compared += 1
    assert compared >= 45


CDP_FIELDS = (
    *("cdp.version", "cdp.ttl", "cdp.deviceid", "cdp.platform", "cdp.portid", "cdp.capabilities", "cdp.native_vlan"),
    *(
        "cdp.duplex",
        "cdp.vtp_management_domain",
        "cdp.nrgyz.ip_address",
        "cdp.power_consumption",
        "cdp.software_version",
    ),
)


def expected_cdp(row: Row) -> Facts:
    return {
        "version": number(row["cdp.version"]),
        "ttl_seconds": number(row["cdp.ttl"]),
        "device_id": first(row["cdp.deviceid"]),
        "platform": first(row["cdp.platform"]),
        "port_id": first(row["cdp.portid"]),
        "capabilities": bin(number(row["cdp.capabilities"])).count("1"),
        "native_vlan": number(row["cdp.native_vlan"]),
        "duplex": {"": "", "1": "full", "0": "half"}[first(row["cdp.duplex"])],
        "vtp_domain": first(row["cdp.vtp_management_domain"]),
        "addresses": set(row["cdp.nrgyz.ip_address"]) - {"0.0.0.0"},
        "power_milliwatts": number(row["cdp.power_consumption"]),
        # tshark gives line by line.
        "software_version": first(row["cdp.software_version"])[:60],
    }


def taken_cdp(message: Cdp) -> Facts:
    same = ("version", "ttl_seconds", "device_id", "platform", "port_id", "native_vlan", "duplex", "vtp_domain")
    return {name: getattr(message, name) for name in (*same, "power_milliwatts")} | {
        "capabilities": len(message.capabilities),
        "addresses": {*message.addresses, *message.management_addresses},
        "software_version": message.software_version[:60],
    }


def test_cdp_gives_the_facts_of_tshark(archive: Callable[[str], Path]) -> None:
    datagram = DISSECTORS["cdp"].datagram
    assert datagram is not None
    compared = 0
    for capture in paths(archive, ("ndpi/capwap.pcap", "medical/collected/LLDP/LLDP.pcap")):
        for row, layer in zip(rows(capture, "cdp", CDP_FIELDS), layers(capture, "cdp"), strict=True):
            (message,) = datagram(layer)
            assert isinstance(message, Cdp)
            compared += 1
            assert_equal(f"{capture.name}, number {compared}", expected_cdp(row), taken_cdp(message))
    assert compared == 13


# --- conversations ---


def read(protocol: str, capture: Path) -> list[Any]:
    """All messages of a capture's conversations that tshark calls by a protocol's name."""
    streams = {int(row["tcp.stream"][0]) for row in rows(capture, protocol, ("tcp.stream",)) if row["tcp.stream"]}
    found = [messages(DISSECTORS[protocol], conversations(capture)[stream]) for stream in sorted(streams)]
    return [message for results in found for message in results if not isinstance(message, Malformed)]


def test_ftp_gives_the_facts_of_tshark(archive: Callable[[str], Path]) -> None:
    capture = archive("ndpi") / "ftp.pcap"
    replies = [
        (first(row["ftp.response.code"]), first(row["ftp.response.arg"]))
        for row in rows(capture, "ftp.response", ("ftp.response.code", "ftp.response.arg"))
    ]
    told = read("ftp", capture)
    theirs = dict(reversed(replies))
    assert [message.banner for message in told if isinstance(message, FtpGreeting)] == [theirs["220"]]
    assert [message.accepted for message in told if isinstance(message, FtpLogin)] == ["230" in theirs]
    assert [message.system for message in told if isinstance(message, FtpSystem)] == (
        [theirs["215"]] if "215" in theirs else []
    )
    assert any(isinstance(message, FtpFeatures) for message in told) == ("211" in theirs)


def test_smtp_gives_the_facts_of_tshark(archive: Callable[[str], Path]) -> None:
    for name, counted in (("smtp.pcap", 1), ("smtp-starttls.pcap", 0), ("emotet.pcap", 1)):
        capture = archive("ndpi") / name
        fields = ("smtp.req.command", "smtp.req.parameter", "smtp.response.code", "smtp.rsp.parameter")
        commands, greetings, replies = list[tuple[str, str]](), list[str](), list[str]()
        for row in rows(capture, "smtp", fields):
            commands += zip(map(str.upper, row["smtp.req.command"]), row["smtp.req.parameter"], strict=False)
            replies += row["smtp.response.code"]
            if row["smtp.response.code"][:1] == ["220"]:
                greetings += row["smtp.rsp.parameter"][:1]
        told = read("smtp", capture)
        hellos = [(message.kind, message.host) for message in told if isinstance(message, SmtpHello)]
        assert hellos == [(verb, said) for verb, said in commands if verb in ("EHLO", "HELO")]
        ours = [f"{message.host} {message.banner}" for message in told if isinstance(message, SmtpGreeting)]
        assert [greeting for greeting in greetings if greeting in ours] == ours
        assert sum(isinstance(message, SmtpMail) for message in told) == replies.count("354") == counted
        assert sum(isinstance(message, SmtpLogin) for message in told) == replies.count("235")
        assert any(isinstance(message, SmtpExtensions) for message in told) == (name != "smtp.pcap")


def test_telnet_gives_the_options_of_tshark(archive: Callable[[str], Path]) -> None:
    capture = archive("ndpi") / "telnet.pcap"
    told = read("telnet", capture)
    verbs = {"251": "WILL", "252": "WONT", "253": "DO", "254": "DONT"}
    theirs: dict[bool, list[str]] = {False: [], True: []}
    for row in rows(capture, "telnet.cmd", ("tcp.srcport", "telnet.cmd")):
        theirs[row["tcp.srcport"] == ["23"]] += [verbs[cmd] for cmd in row["telnet.cmd"] if cmd in verbs]
    for message in told:
        if isinstance(message, TelnetOptions):
            # What is negotiated behind the first sign is not read any more.
            ours = [option.partition(" ")[0] for option in message.options]
            assert theirs[message.sender_is_server is True][: len(ours)] == ours
            assert len(ours) >= 16
    assert sum(isinstance(message, TelnetLogin) for message in told) == 1


# --- the engine ---

COUNTED: Sequence[tuple[str, str, str]] = (
    ("ndpi/capwap.pcap", "cdp", "cdp"),
    ("ndpi/capwap.pcap", "nd", ON_LINK),
    ("ndpi/alexa-app.pcapng", "nd", ON_LINK),
    ("ndpi/gnutella.pcap", "nd", ON_LINK),
    ("ndpi/gnutella.pcap", "llmnr", "llmnr"),
    ("ndpi/1kxun.pcap", "llmnr", "llmnr"),
    ("ndpi/1kxun.pcap", "nbns", "nbns"),
    ("ndpi/netbios.pcap", "nbns", "nbns"),
    ("ndpi/netbios.pcap", "nbdgm", "nbdgm"),
    ("medical/collected/LLDP/simens.pcap", "nbns", "nbns"),
    ("iot_sentinel/WeMoSwitch2/Setup-C-4-STA.pcap", "ntp", "ntp"),
    ("lsif/tp-link_SmartPlug/2019-07-06.pcap", "ntp", "ntp"),
)


@pytest.mark.parametrize(("name", "protocol", "shown"), COUNTED)
def test_the_engine_finds_as_many_as_tshark(
    name: str, protocol: str, shown: str, archive: Callable[[str], Path]
) -> None:
    (capture,) = paths(archive, (name,))
    theirs = len(list(rows(capture, f"({shown}) && !icmp", ("frame.number", "frame.len"))))
    assert analyze([capture], workspace=None, site="north").messages[protocol] == theirs > 0
