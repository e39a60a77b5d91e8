"""IEEE 802.11: networks, their protection, and who belongs to which."""

from __future__ import annotations

import pytest

from asepsis.protocols.message import Malformed
from asepsis.protocols.wifi import Wifi, read
from tests.protocols.conformance import CANARY, Vector

POINT = bytes.fromhex("001a1e000001")
STATION = bytes.fromhex("f09fc2000002")
EVERYBODY = b"\xff" * 6


def frame(subtype: int, body: bytes, *, to: bytes = EVERYBODY, by: bytes = POINT, flags: int = 0) -> bytes:
    """IEEE 802.11-2020 9.3.3.2: control, duration, three addresses, sequence."""
    return bytes((subtype << 4, flags)) + bytes(2) + to + by + POINT + b"\x10\x20" + body


def element(number: int, body: bytes) -> bytes:
    return bytes((number, len(body))) + body


def fixed(capabilities: int) -> bytes:
    """Clock, interval, capabilities (9.3.3.2)."""
    return bytes(8) + b"\x64\x00" + capabilities.to_bytes(2, "little")


def suites(oui: bytes, ciphers: bytes, keys: bytes, more: bytes = b"") -> bytes:
    """Version, group cipher, pairwise ciphers, key management (9.4.2.24)."""
    out = b"\x01\x00" + oui + ciphers[:1]
    for numbers in (ciphers, keys):
        out += len(numbers).to_bytes(2, "little") + b"".join(oui + bytes((number,)) for number in numbers)
    return out + more


RSN = b"\x00\x0f\xac"
WPA = b"\x00\x50\xf2"
NAME = element(0, b"Ward 3")
CHANNEL = element(3, b"\x06")


def attribute(number: int, body: bytes) -> bytes:
    """Wi-Fi Simple Configuration 2.0.8 section 12."""
    return number.to_bytes(2, "big") + len(body).to_bytes(2, "big") + body


SETUP = element(
    221,
    WPA
    + b"\x04"
    + attribute(0x1021, b"B. Braun")
    + attribute(0x1023, b"SpaceStation")
    + attribute(0x1024, b"8713140U")
    + attribute(0x1042, b"0815")
    + attribute(0x1011, b"Rack 7")
    + attribute(0x1054, bytes.fromhex("00060050f2040001")),
)
BEACON = frame(8, fixed(0x0411) + NAME + CHANNEL + element(48, suites(RSN, b"\x04", b"\x02\x08", b"\x80\x00")) + SETUP)
PROBE = frame(4, element(0, CANARY.encode()) + element(1, b"\x82\x84"), by=STATION)
JOIN = frame(
    0, b"\x11\x04\x0a\x00" + NAME + element(48, suites(RSN, b"\x04", b"\x08", b"\xc0\x00")), to=POINT, by=STATION
)
JOINED = frame(1, b"\x11\x04\x00\x00\x01\xc0", to=STATION)
DATA = bytes((0x88, 0x41)) + bytes(2) + POINT + STATION + bytes.fromhex("001a1e0000ff") + b"\x00\x00"

VECTORS = [
    Vector(name="beacon", provenance="IEEE 802.11-2020 9.3.3.2", data=BEACON, kinds=("beacon",)),
    Vector(name="probe request", provenance="IEEE 802.11-2020 9.3.3.9", data=PROBE, kinds=("probe request",)),
    Vector(
        name="association request", provenance="IEEE 802.11-2020 9.3.3.5", data=JOIN, kinds=("association request",)
    ),
    Vector(name="answer", provenance="IEEE 802.11-2020 9.3.3.6", data=JOINED, kinds=("association response",)),
    Vector(name="data", provenance="IEEE 802.11-2020 9.3.2", data=DATA, kinds=("data",)),
    Vector(
        name="left", provenance="IEEE 802.11-2020 9.3.3.12", data=frame(12, b"\x03\x00"), kinds=("deauthentication",)
    ),
    Vector(name="action", provenance="IEEE 802.11-2020 9.3.3.13", data=frame(13, b"\x03\x00"), kinds=("action",)),
]


def only(payload: bytes) -> Wifi:
    (message,) = read(payload)
    assert isinstance(message, Wifi)
    return message


def test_an_access_point_says_its_network_its_protection_and_what_it_is() -> None:
    assert only(BEACON).facts() == {
        "transmitter": "00:1a:1e:00:00:01",
        "bssid": "00:1a:1e:00:00:01",
        "access_point": True,
        "network": "Ward 3",
        "security": ("WPA2-Personal", "WPA3-Personal"),
        "key_management": ("PSK", "SAE"),
        "ciphers": ("CCMP-128",),
        "group_cipher": "CCMP-128",
        "management_frames": "protectable",
        "channel": 6,
        "device_name": "Rack 7",
        "manufacturer": "B. Braun",
        "model_name": "SpaceStation",
        "model_number": "8713140U",
        "serial_number": "0815",
        "device_type": "network infrastructure",
        "simple_configuration": True,
        "vendors": ("00:50:f2",),
    }


@pytest.mark.parametrize(
    ("capabilities", "elements", "security"),
    [
        (0x01, b"", ("open",)),
        (0x11, b"", ("WEP",)),
        (0x11, element(221, WPA + b"\x01" + suites(WPA, b"\x02", b"\x02")), ("WPA-Personal",)),
        (0x11, element(48, suites(RSN, b"\x04", b"\x01")), ("WPA2-Enterprise",)),
        (0x11, element(48, suites(RSN, b"\x04", b"\x08")), ("WPA3-Personal",)),
        (0x11, element(48, suites(RSN, b"\x09", b"\x0c")), ("WPA3-Enterprise",)),
        (0x11, element(48, suites(RSN, b"\x04", b"\x12")), ("OWE",)),
    ],
)
def test_every_protection_has_its_name(capabilities: int, elements: bytes, security: tuple[str, ...]) -> None:
    assert only(frame(8, fixed(capabilities) + NAME + elements)).security == security


def test_a_station_belongs_to_a_network() -> None:
    asked, answered, speaks = only(JOIN), only(JOINED), only(DATA)
    assert (asked.station, asked.network, asked.security) == ("f0:9f:c2:00:00:02", "Ward 3", ("WPA3-Personal",))
    assert (answered.station, answered.bssid, answered.refused) == ("f0:9f:c2:00:00:02", "00:1a:1e:00:00:01", 0)
    assert (speaks.station, speaks.bssid) == ("f0:9f:c2:00:00:02", "00:1a:1e:00:00:01")


def test_the_networks_that_a_station_looks_for_are_not_kept() -> None:
    assert only(PROBE).facts() == {"transmitter": "f0:9f:c2:00:00:02", "bssid": "00:1a:1e:00:00:01"}


def test_the_clock_and_the_counters_change_nothing() -> None:
    later = bytearray(BEACON)
    later[22:32] = b"\x99" * 10
    assert only(bytes(later)) is only(BEACON)


def test_a_check_sequence_behind_the_elements_is_no_element() -> None:
    assert len(read(BEACON + b"\xfe\xca\xad\xde")) == 1
    assert isinstance(read(BEACON + b"\xdd\xff" + bytes(9))[1], Malformed)
