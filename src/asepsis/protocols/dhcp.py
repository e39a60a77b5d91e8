"""DHCP for IPv4 and BOOTP (RFC 2131, RFC 2132): who asks for an address, how it calls itself, what it gets.

In: one UDP payload of ports 67 and 68. Out: one ``Dhcp``. The order of options and the list of parameters that
a client asks for tell its operating system; host name, vendor class and MUD URL tell more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from struct import Struct
from typing import Any, ClassVar, Final

from asepsis.kernel.address import ip_text, mac_text
from asepsis.kernel.value import value
from asepsis.protocols.duid import duid
from asepsis.protocols.fields import IDENTIFIER_LIMIT_BYTES, facts_of, ip, mac, text, text_or_hex, wire_name
from asepsis.protocols.message import Dissector, Malformed, Result

# RFC 2131 2: op, htype, hlen, hops, then transaction id and seconds, which differ in every message and say nothing.
# They are cut out before anything is read, so that equal messages are equal bytes. Then flags, ciaddr, yiaddr,
# siaddr, giaddr, chaddr (16 bytes, of which an Ethernet address fills six), sname, file, options.
_VARYING_AT, _VARYING_END = 4, 10
_HEADER = Struct(">BBBBHIIIIHI")
_SNAME_AT, _FILE_AT, _COOKIE_AT, _OPTIONS_AT = 38, 102, 230, 234
_COOKIE = b"\x63\x82\x53\x63"
_ETHERNET = 1

# RFC 2132 9.10 lets a client accept more, but messages stay within a frame; what stands behind this is not read.
MESSAGE_LIMIT_BYTES = 4096
# A client repeats itself with another transaction id and other seconds. 4,096 messages of at most 600 bytes, with
# what was read from them, stay under 16 MiB.
REMEMBERED_MESSAGES = 4096
REMEMBERED_LENGTH_BYTES = 600
# Servers and routers beyond these say nothing more.
LIST_LIMIT = 16

# IANA "BOOTP Vendor Extensions and DHCP Options", DHCP message type 53 values.
_MESSAGE_TYPES: Final = {
    1: "DISCOVER",
    2: "OFFER",
    3: "REQUEST",
    4: "DECLINE",
    5: "ACK",
    6: "NAK",
    7: "RELEASE",
    8: "INFORM",
    9: "FORCERENEW",
    10: "LEASEQUERY",
    11: "LEASEUNASSIGNED",
    12: "LEASEUNKNOWN",
    13: "LEASEACTIVE",
    14: "BULKLEASEQUERY",
    15: "LEASEQUERYDONE",
    16: "ACTIVELEASEQUERY",
    17: "LEASEQUERYSTATUS",
    18: "TLS",
}
# IANA "Processor Architecture Types" (RFC 5970 3.3).
_ARCHITECTURES: Final = {
    0: "x86 BIOS",
    2: "Itanium",
    6: "x86 UEFI",
    7: "x64 UEFI",
    9: "EBC",
    10: "ARM 32-bit UEFI",
    11: "ARM 64-bit UEFI",
    15: "x86 UEFI HTTP",
    16: "x64 UEFI HTTP",
    18: "ARM 32-bit UEFI HTTP",
    19: "ARM 64-bit UEFI HTTP",
}


@value
class Dhcp:
    """One DHCP or BOOTP message. What it does not say is empty or 0."""

    PROTOCOL: ClassVar[str] = "dhcp"
    message_type: str
    """``DISCOVER``, ``OFFER``, ...; ``BOOTREQUEST`` or ``BOOTREPLY`` without option 53."""
    is_reply: bool
    client_mac: str = ""
    """chaddr, when it is an Ethernet address."""
    client_ip: str = ""
    """ciaddr: the address that the client has already."""
    your_ip: str = ""
    """yiaddr: the address that the server gives."""
    next_server_ip: str = ""
    relay_ip: str = ""
    requested_ip: str = ""
    """Option 50."""
    server_id: str = ""
    """Option 54."""
    host_name: str = ""
    """Option 12."""
    fqdn: str = ""
    """Option 81 (RFC 4702)."""
    vendor_class: str = ""
    """Option 60."""
    user_class: str = ""
    """Option 77 (RFC 3004)."""
    client_id: str = ""
    """Option 61: an Ethernet address, text, or hexadecimal digits."""
    client_duid: str = ""
    """The DUID inside option 61 (RFC 4361), in hexadecimal digits."""
    client_duid_mac: str = ""
    parameter_list: tuple[int, ...] = ()
    """Option 55: the options that the client asks for, in its order."""
    option_order: tuple[int, ...] = ()
    """The codes of all options, in the order of the message."""
    lease_seconds: int = 0
    """Option 51."""
    subnet_mask: str = ""
    routers: tuple[str, ...] = ()
    dns_servers: tuple[str, ...] = ()
    ntp_servers: tuple[str, ...] = ()
    domain: str = ""
    """Option 15."""
    tftp_server: str = ""
    """Option 66, or the ``sname`` field."""
    boot_file: str = ""
    """Option 67, or the ``file`` field."""
    relay_circuit: str = ""
    """Option 82, circuit id (RFC 3046): the switch port, in the relay's own words."""
    relay_remote: str = ""
    """Option 82, remote id."""
    mud_url: str = ""
    """Option 161 (RFC 8520 10)."""
    message_size_bytes: int = 0
    """Option 57: the longest message that the client takes."""
    architecture: str = ""
    """Option 93 (RFC 4578): what a client that boots from the network is."""
    machine_id: str = ""
    """Option 97 (RFC 4578): UUID of the machine, in hexadecimal digits."""
    vendor_enterprises: tuple[int, ...] = ()
    """Enterprise numbers of the client's vendor class, option 124 (RFC 3925 3)."""
    vendor_options_enterprises: tuple[int, ...] = ()
    """Enterprise numbers of vendor options, option 125 (RFC 3925 4)."""
    has_vendor_options: bool = False
    """Option 43 is there; its content has a meaning only to the vendor."""

    @property
    def kind(self) -> str:
        """The message type."""
        return self.message_type

    @property
    def sender_is_server(self) -> bool | None:
        """A BOOTREPLY comes from a server, a BOOTREQUEST from a client (or from its relay)."""
        return self.is_reply

    def facts(self) -> dict[str, Any]:
        """All that is said, but the type, which is the kind."""
        return _facts(self)


_facts: Final = facts_of(Dhcp, without=("message_type", "is_reply"))


def read(payload: bytes) -> Sequence[Result]:
    """Reads one message; what is understood before a malformed option is kept."""
    constant = payload[:_VARYING_AT] + payload[_VARYING_END:MESSAGE_LIMIT_BYTES]
    if len(constant) <= REMEMBERED_LENGTH_BYTES:
        return _remembered(constant)
    return _read(constant)


def _malformed(where: str, why: str) -> Malformed:
    return Malformed(protocol="dhcp", where=where, why=why)


def _read(payload: bytes) -> tuple[Result, ...]:
    if len(payload) < _COOKIE_AT:
        return (_malformed("header", "it ends before the options"),)
    op, htype, hlen, _, _, ciaddr, yiaddr, siaddr, giaddr, mac_high, mac_low = _HEADER.unpack_from(payload)
    if op not in (1, 2):
        return (_malformed("op", f"{op} is neither request nor reply"),)
    if hlen > 16:
        return (_malformed("hlen", f"{hlen} bytes do not fit into chaddr"),)
    said: dict[str, Any] = {}
    malformed = _read_options(payload, said)
    if ciaddr:
        said["client_ip"] = ip_text(4, 0, ciaddr)
    if yiaddr:
        said["your_ip"] = ip_text(4, 0, yiaddr)
    if siaddr:
        said["next_server_ip"] = ip_text(4, 0, siaddr)
    if giaddr:
        said["relay_ip"] = ip_text(4, 0, giaddr)
    if htype == _ETHERNET and hlen == 6 and (mac_high or mac_low):
        said["client_mac"] = mac_text(mac_high << 32 | mac_low)
    message_type = said.pop("message_type", "BOOTREQUEST" if op == 1 else "BOOTREPLY")
    message = Dhcp(message_type=message_type, is_reply=op == 2, **said)
    return (message, malformed) if malformed else (message,)


_remembered = lru_cache(maxsize=REMEMBERED_MESSAGES)(_read)


def _read_options(payload: bytes, said: dict[str, Any]) -> Malformed | None:
    options: dict[int, bytes] = {}
    malformed = None
    if payload[_COOKIE_AT:_OPTIONS_AT] == _COOKIE:  # else it is plain BOOTP (RFC 951), whose vendor area is free
        malformed = _collect(payload, _OPTIONS_AT, len(payload), options)
    # RFC 2131 4.1 and RFC 2132 9.3: with option 52, options go on in the file field, then in sname.
    overload = options.get(52, b"\0")[:1]
    if overload in (b"\x01", b"\x03"):
        malformed = _collect(payload, _FILE_AT, _COOKIE_AT, options) or malformed
    if overload in (b"\x02", b"\x03"):
        malformed = _collect(payload, _SNAME_AT, _FILE_AT, options) or malformed
    if payload[_FILE_AT] and overload not in (b"\x01", b"\x03"):
        said["boot_file"] = _string(payload[_FILE_AT:_COOKIE_AT])
    if payload[_SNAME_AT] and overload not in (b"\x02", b"\x03"):
        said["tftp_server"] = _string(payload[_SNAME_AT:_FILE_AT])
    if options:
        said["option_order"] = tuple(options)
    for code, body in options.items():
        field = _FIELDS.get(code)
        if field is not None:
            said[field[0]] = field[1](body)
    if 61 in options:
        said |= _client_id(options[61])
    if 82 in options:
        said |= _relay_agent(options[82])
    return malformed


def _string(field: bytes) -> str:
    """A field of the header: text up to the first NUL."""
    return text(field.partition(b"\0")[0])


def _collect(payload: bytes, at: int, end: int, options: dict[int, bytes]) -> Malformed | None:
    """Adds the options between two offsets; an option in several parts is put together (RFC 3396)."""
    while at < end:
        code = payload[at]
        if code == 255:
            return None
        if code == 0:
            at += 1
            continue
        start = at + 2
        if start > end:
            return _malformed(f"option {code}", "the length is missing")
        at = start + payload[at + 1]
        if at > end:
            return _malformed(f"option {code}", f"{at - start} bytes said, {end - start} left")
        if code in options:
            options[code] += payload[start:at]
        else:
            options[code] = payload[start:at]
    return None


# What an option says, out of its body. A body that is too short says nothing: an empty text, 0 or ().


def _message_type(body: bytes) -> str:
    return _MESSAGE_TYPES.get(body[0], f"type {body[0]}") if body else "untyped"


def _addresses(body: bytes) -> tuple[str, ...]:
    ends = range(4, min(len(body), 4 * LIST_LIMIT) + 1, 4)
    return tuple([ip(body[end - 4 : end]) for end in ends])


def _number(body: bytes) -> int:
    return int.from_bytes(body, "big") if len(body) <= 4 else 0


def _vendor_class(body: bytes) -> str:
    return text_or_hex(body) if len(body) <= IDENTIFIER_LIMIT_BYTES else text(body)


def _user_class(body: bytes) -> str:
    # RFC 3004 4: length and data, repeated; many clients write bare text instead.
    return text_or_hex(body[1:] if body and body[0] == len(body) - 1 else body)


def _fqdn(body: bytes) -> str:
    # RFC 4702 2: flags, two result codes, the name; flag E says that the name is in DNS wire format.
    if not body or not body[0] & 0x04:
        return text(body[3:])
    return wire_name(body[3:])


def _architecture(body: bytes) -> str:
    code = body[0] << 8 | body[1] if len(body) >= 2 else 0xFFFF
    return _ARCHITECTURES.get(code, f"type {code}")


def _machine_id(body: bytes) -> str:
    return body[1:].hex() if len(body) == 17 else ""


def _enterprises(body: bytes) -> tuple[int, ...]:
    # RFC 3925 3 and 4: enterprise number, length, data; repeated.
    numbers: list[int] = []
    at = 0
    while at + 5 <= len(body) and len(numbers) < LIST_LIMIT:
        numbers.append(int.from_bytes(body[at : at + 4], "big"))
        at += 5 + body[at + 4]
    return tuple(numbers)


def _client_id(body: bytes) -> dict[str, str]:
    # RFC 2132 9.14: a hardware type and an address, or 0 and anything; RFC 4361 6.1: 255, IAID, DUID.
    if len(body) == 7 and body[0] == _ETHERNET:
        return {"client_id": mac(body[1:])}
    if len(body) > 5 and body[0] == 255 and (unique := duid(body[5:])) is not None:
        return {
            "client_id": text_or_hex(body),
            "client_duid": unique.identifier,
            "client_duid_mac": unique.mac,
        }
    return {"client_id": text_or_hex(body[1:] if body[:1] == b"\0" else body)}


def _relay_agent(body: bytes) -> dict[str, str]:
    # RFC 3046 2.0: suboptions; 1 circuit id, 2 remote id.
    said = {}
    at = 0
    while at + 2 <= len(body):
        code, part = body[at], body[at + 2 : at + 2 + body[at + 1]]
        if code == 1:
            said["relay_circuit"] = text_or_hex(part)
        elif code == 2:
            said["relay_remote"] = text_or_hex(part)
        at += 2 + body[at + 1]
    return said


_FIELDS: Final[dict[int, tuple[str, Callable[[bytes], object]]]] = {
    1: ("subnet_mask", ip),
    3: ("routers", _addresses),
    6: ("dns_servers", _addresses),
    12: ("host_name", text),
    15: ("domain", text),
    42: ("ntp_servers", _addresses),
    43: ("has_vendor_options", lambda body: True),
    50: ("requested_ip", ip),
    51: ("lease_seconds", _number),
    53: ("message_type", _message_type),
    54: ("server_id", ip),
    55: ("parameter_list", tuple),
    57: ("message_size_bytes", _number),
    60: ("vendor_class", _vendor_class),
    66: ("tftp_server", text),
    67: ("boot_file", text),
    77: ("user_class", _user_class),
    81: ("fqdn", _fqdn),
    93: ("architecture", _architecture),
    97: ("machine_id", _machine_id),
    124: ("vendor_enterprises", _enterprises),
    125: ("vendor_options_enterprises", _enterprises),
    161: ("mud_url", text),
}

DISSECTOR = Dissector(protocol="dhcp", datagram=read)
