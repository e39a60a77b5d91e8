"""IEEE 802.11 management frames: networks, their access points and protection, and who belongs to which.

In: a frame from its frame control field on; of an encrypted data frame only its header. Out: one ``Wifi``. The names
of networks that stations look for are not kept: they tell where their owners live.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, ClassVar, Final

from asepsis.kernel.value import value
from asepsis.protocols.fields import facts_of, mac, text
from asepsis.protocols.message import Dissector, Malformed, Result
from asepsis.protocols.wifi_security import read_suites

HEADER_LENGTH_BYTES = 24
# An element takes two bytes, a frame 2,304 at most (IEEE 802.11-2020 9.3.3.1); real ones have some thirty.
ELEMENTS_LIMIT = 256
LIST_LIMIT = 16
# Beacons differ in clock and counters only: 2,048 bodies of at most 512 bytes are a mebibyte.
REMEMBERED_FRAMES = 1 << 11
REMEMBERED_LENGTH_BYTES = 512

# IEEE 802.11-2020 table 9-1, and how many bytes of fixed fields stand before the elements (9.3.3).
_KINDS: Final = {
    0: ("association request", 4),
    1: ("association response", 6),
    2: ("reassociation request", 10),
    3: ("reassociation response", 6),
    4: ("probe request", 0),
    5: ("probe response", 12),
    8: ("beacon", 12),
    10: ("disassociation", 2),
    11: ("authentication", 6),
    12: ("deauthentication", 2),
}
_ASSOCIATION_REQUEST, _ASSOCIATION_RESPONSE, _REASSOCIATION_REQUEST, _REASSOCIATION_RESPONSE = range(4)
_PROBE_REQUEST, _PROBE_RESPONSE, _BEACON = 4, 5, 8
_HAVE_ELEMENTS: Final = frozenset((0, 1, 2, 3, 4, 5, 8))
_GROUP = 0x01
_PROTECTED = 0x40
_ORDER = 0x80

_MICROSOFT_WPA: Final = b"\x00\x50\xf2\x01"
_MICROSOFT_WPS: Final = b"\x00\x50\xf2\x04"
_OWE_TRANSITION: Final = b"\x50\x6f\x9a\x1c"
# Wi-Fi Simple Configuration 2.0.8 table 28, and the members of ``Wifi`` that they fill.
_WPS_ATTRIBUTES: Final = {
    0x1011: "device_name",
    0x1021: "manufacturer",
    0x1023: "model_name",
    0x1024: "model_number",
    0x1042: "serial_number",
}
_PRIMARY_DEVICE_TYPE: Final = 0x1054
# Wi-Fi Simple Configuration 2.0.8 table 41.
_DEVICE_TYPES: Final = {
    1: "computer",
    2: "input device",
    3: "printer or scanner",
    4: "camera",
    5: "storage",
    6: "network infrastructure",
    7: "display",
    8: "multimedia device",
    9: "gaming device",
    10: "telephone",
    11: "audio device",
    12: "docking device",
}


@value
class Wifi:
    """One management frame, or the header of an encrypted data frame."""

    PROTOCOL: ClassVar[str] = "wifi"
    frame: str
    """``beacon``, ``association request``, ...; ``data`` of a station and its access point."""
    transmitter: str
    receiver: str = ""
    """Empty for everybody."""
    bssid: str = ""
    access_point: bool = False
    """The transmitter gives access: it speaks for its network."""
    station: str = ""
    """The one that is, or wants to be, of the network; empty where that is not said."""
    network: str = ""
    hidden: bool = False
    """The network does not say its name."""
    security: tuple[str, ...] = ()
    """``open``, ``WEP``, ``WPA-Personal``, ``WPA2-Enterprise``, ``WPA3-Personal``, ``OWE``: all that are offered."""
    key_management: tuple[str, ...] = ()
    ciphers: tuple[str, ...] = ()
    group_cipher: str = ""
    management_frames: str = ""
    """``protected``, ``protectable`` or empty (IEEE 802.11w)."""
    channel: int = 0
    ad_hoc: bool = False
    device_name: str = ""
    manufacturer: str = ""
    model_name: str = ""
    model_number: str = ""
    serial_number: str = ""
    device_type: str = ""
    simple_configuration: bool = False
    """Wi-Fi Protected Setup is offered."""
    vendors: tuple[str, ...] = ()
    """OUIs of the makers' own elements."""
    refused: int = 0
    """Status code of an association that failed; reason of one that was ended (IEEE 802.11-2020 9.4.1.7, 9.4.1.9)."""

    @property
    def kind(self) -> str:
        """The frame's name."""
        return self.frame

    @property
    def sender_is_server(self) -> bool | None:
        """An access point serves."""
        return True if self.access_point else None

    def facts(self) -> dict[str, Any]:
        """All that is said."""
        return _facts(self)


_facts: Final = facts_of(Wifi, without=("frame",))


def read(payload: bytes) -> Sequence[Result]:
    """Reads one frame."""
    if len(payload) < HEADER_LENGTH_BYTES:
        return (_malformed("header", f"{len(payload)} bytes of {HEADER_LENGTH_BYTES}"),)
    control, flags = payload[0], payload[1]
    addresses = payload[4:22]
    if control & 0x0F == 0x08:
        return _data(flags & 3, addresses)
    if control & 0x0F:
        return (_malformed("frame control", "neither management nor data"),)
    subtype = control >> 4
    known = _KINDS.get(subtype)
    if known is None or flags & _PROTECTED:
        return _plain(subtype, addresses)
    start = HEADER_LENGTH_BYTES + (4 if flags & _ORDER else 0)
    fixed, body = payload[start : start + known[1]], payload[start + known[1] :]
    if len(fixed) < known[1]:
        return (_malformed(known[0], f"{len(fixed)} bytes of {known[1]} fixed ones"),)
    if subtype in (_BEACON, _PROBE_RESPONSE):
        fixed = fixed[10:]  # without the clock and the interval
    if subtype not in _HAVE_ELEMENTS:
        body = b""
    if len(body) <= REMEMBERED_LENGTH_BYTES:
        return _remembered(subtype, addresses, fixed, body)
    return _read(subtype, addresses, fixed, body)


def _malformed(where: str, why: str) -> Malformed:
    return Malformed(protocol="wifi", where=where, why=why)


@lru_cache(maxsize=REMEMBERED_FRAMES)
def _data(direction: int, addresses: bytes) -> tuple[Result, ...]:
    """IEEE 802.11-2020 table 9-30: to the distribution system the first address is the access point's."""
    if direction not in (1, 2):
        return ()
    first, second = addresses[:6], addresses[6:12]
    bssid, station = (first, second) if direction == 1 else (second, first)
    return (
        Wifi(
            frame="data",
            transmitter=mac(second),
            receiver=_one(first),
            bssid=mac(bssid),
            station=_one(station),
            access_point=direction == 2,
        ),
    )


@lru_cache(maxsize=REMEMBERED_FRAMES)
def _plain(subtype: int, addresses: bytes) -> tuple[Result, ...]:
    known = _KINDS.get(subtype)
    frame = known[0] if known else {6: "timing advertisement", 9: "ATIM", 13: "action"}.get(subtype, "action no ack")
    return (Wifi(frame=frame, **_ends(addresses)),)


def _one(address: bytes) -> str:
    """The address of a single receiver; empty for a group."""
    return "" if address[0] & _GROUP else mac(address)


def _ends(addresses: bytes) -> dict[str, Any]:
    bssid = addresses[12:18]
    return {
        "transmitter": mac(addresses[6:12]),
        "receiver": _one(addresses[:6]),
        "bssid": "" if bssid[0] & _GROUP else mac(bssid),
    }


def _read(subtype: int, addresses: bytes, fixed: bytes, body: bytes) -> tuple[Result, ...]:
    said = _ends(addresses)
    found: dict[str, Any] = {}
    malformed = _read_elements(subtype, body, found) if subtype in _HAVE_ELEMENTS else None
    protections: set[str] = found.pop("protections", set())
    if subtype in (_BEACON, _PROBE_RESPONSE):
        capabilities = fixed[0] | fixed[1] << 8
        said["access_point"] = bool(capabilities & 1)
        said["ad_hoc"] = bool(capabilities & 2)
        if not protections:
            # IEEE 802.11-2020 9.4.1.4: privacy without an RSN or WPA element is WEP.
            protections.add("WEP" if capabilities & 0x10 else "open")
    elif subtype in (_ASSOCIATION_RESPONSE, _REASSOCIATION_RESPONSE):
        said["access_point"] = True
        said["station"] = said["receiver"]
        said["refused"] = fixed[2] | fixed[3] << 8
    elif subtype in (_ASSOCIATION_REQUEST, _REASSOCIATION_REQUEST):
        said["station"] = said["transmitter"]
    elif subtype in (10, 12):
        said["refused"] = fixed[0] | fixed[1] << 8
        said["access_point"] = said["transmitter"] == said["bssid"]
    said["security"] = tuple(sorted(protections))
    for name in ("key_management", "ciphers"):
        said[name] = tuple(sorted(found.pop(name, ())))
    said["vendors"] = tuple(dict.fromkeys(found.pop("vendors", ())))
    message = Wifi(frame=_KINDS[subtype][0], **said, **found)
    return (message, malformed) if malformed else (message,)


_remembered = lru_cache(maxsize=REMEMBERED_FRAMES)(_read)


def _read_elements(subtype: int, body: bytes, found: dict[str, Any]) -> Malformed | None:
    at, end = 0, len(body)
    for _ in range(ELEMENTS_LIMIT):
        if at + 2 > end:
            return None
        number, length = body[at], body[at + 1]
        element = body[at + 2 : at + 2 + length]
        if len(element) < length:
            # Some recorders leave the four bytes of the check sequence behind the elements.
            return (
                None if end - at <= 4 else _malformed(f"element {number}", f"{length} bytes said, {len(element)} left")
            )
        at += 2 + length
        if number == 0:
            if subtype != _PROBE_REQUEST and "network" not in found:
                found["network"] = text(element)
                found["hidden"] = not any(element)
        elif number == 3 and length:
            found["channel"] = element[0]
        elif number == 61 and length:  # HT operation: its primary channel, where no DS parameter set stands (5 GHz)
            found.setdefault("channel", element[0])
        elif number == 48:
            read_suites(element, b"\x00\x0f\xac", found)
        elif number == 221 and length >= 4:
            _read_vendor(element, found)
    return None


def _read_vendor(element: bytes, found: dict[str, Any]) -> None:
    start = element[:4]
    if start == _MICROSOFT_WPA:
        read_suites(element[4:], b"\x00\x50\xf2", found)
    elif start == _MICROSOFT_WPS:
        found["simple_configuration"] = True
        _read_simple_configuration(element[4:], found)
    elif start == _OWE_TRANSITION:
        found.setdefault("protections", set()).add("OWE transition")
    vendors = found.setdefault("vendors", [])
    if len(vendors) < LIST_LIMIT:
        vendors.append(element[:3].hex(":"))


def _read_simple_configuration(body: bytes, found: dict[str, Any]) -> None:
    """Attributes of two bytes type, two bytes length (Wi-Fi Simple Configuration 2.0.8 section 12)."""
    at = 0
    for _ in range(ELEMENTS_LIMIT):
        if at + 4 > len(body):
            return
        number, length = body[at] << 8 | body[at + 1], body[at + 2] << 8 | body[at + 3]
        attribute = body[at + 4 : at + 4 + length]
        at += 4 + length
        if number in _WPS_ATTRIBUTES:
            found[_WPS_ATTRIBUTES[number]] = text(attribute)
        elif number == _PRIMARY_DEVICE_TYPE and len(attribute) == 8:
            found["device_type"] = _DEVICE_TYPES.get(attribute[0] << 8 | attribute[1], "")


DISSECTOR = Dissector(protocol="wifi", datagram=read)
