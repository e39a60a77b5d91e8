"""802.11 and Bluetooth LE: what tshark's dissectors print of frames made by hand, and of a pump that is paired."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from asepsis.protocols.ble import Ble
from asepsis.protocols.ble import read as read_ble
from asepsis.protocols.hci import HciBle, HciStream
from asepsis.protocols.wifi import Wifi
from asepsis.protocols.wifi import read as read_wifi
from tests.protocols import test_ble, test_wifi
from tests.protocols.conformance import Data
from tests.protocols.tshark_rows import need_tshark, rows
from tests.wire.frames import pcap
from tests.wire.reading import engine_with, read

pytestmark = pytest.mark.slow


def bytes_of(data: Data) -> bytes:
    assert isinstance(data, bytes)
    return data


def test_frames_of_80211_give_the_facts_of_tshark(tmp_path: Path) -> None:
    need_tshark()
    # Of data frames tshark reads the payload, which the engine does not hand on.
    frames = [bytes_of(vector.data) for vector in test_wifi.VECTORS if vector.name != "data"]
    capture = tmp_path / "wifi.pcap"
    capture.write_bytes(pcap(frames, link=105))
    names = (
        "wlan.ta",
        "wlan.bssid",
        "wlan.ssid",
        "wlan.rsn.akms.type",
        "wlan.ds.current_channel",
    )
    more = ("wps.manufacturer", "wps.model_name", "wps.model_number", "wps.serial_number", "wps.device_name")
    theirs = list(rows(capture, "wlan", (*names, *more)))
    assert len(theirs) == len(frames)
    for octets, row in zip(frames, theirs, strict=True):
        message = read_wifi(octets)[0]
        assert isinstance(message, Wifi)
        assert [message.transmitter] == row["wlan.ta"]
        assert [message.bssid] == row["wlan.bssid"]
        if row["wlan.ssid"] and message.frame != "probe request":
            assert message.network == bytes.fromhex(row["wlan.ssid"][0]).decode()
        kinds = {"2": "PSK", "8": "SAE"}
        assert set(message.key_management) == {kinds[kind] for kind in row["wlan.rsn.akms.type"]}
        assert [str(message.channel)] == (row["wlan.ds.current_channel"] or ["0"])
        ours = (message.manufacturer, message.model_name, message.model_number, message.serial_number)
        assert [*ours, message.device_name] == [(row[name] or [""])[0] for name in more]


def test_advertisements_give_the_facts_of_tshark(tmp_path: Path) -> None:
    need_tshark()
    packets = [bytes_of(vector.data) for vector in test_ble.VECTORS]
    capture = tmp_path / "ble.pcap"
    capture.write_bytes(pcap(packets, link=251))
    entry = "btcommon.eir_ad.entry"
    names = ("btle.advertising_address", f"{entry}.device_name", f"{entry}.uuid_16", f"{entry}.company_id")
    theirs = list(rows(capture, "btle", (*names, f"{entry}.appearance")))
    assert len(theirs) == len(packets)
    for octets, row in zip(packets, theirs, strict=True):
        message = read_ble(octets)[0]
        assert isinstance(message, Ble)
        assert [message.address] == (row["btle.advertising_address"] or [""])
        assert [message.name] == (row[f"{entry}.device_name"] or [""])
        if message.address:
            assert [f"0x{number}" for number in message.services] == row[f"{entry}.uuid_16"]
        assert [f"0x{number:04x}" for number in message.companies] == row[f"{entry}.company_id"]
        assert message.appearance == int((row[f"{entry}.appearance"] or ["0"])[0], 0)


def test_the_pairing_of_a_pump_gives_the_facts_of_tshark(archive: Callable[[str], Path]) -> None:
    need_tshark()
    capture = archive("medical") / "ble" / "780g_pairing_with_mobile.pcapng"
    stream = HciStream()
    ours: list[HciBle] = []
    for octets in packets_of(capture):
        ours += [message for message in stream.feed(0, octets) if isinstance(message, HciBle)]
    pump = ours[0].address
    row, *_ = rows(capture, "bthci_evt.le_meta_subevent == 0x0a", ("frame.number", "bthci_evt.bd_addr"))
    assert pump in row["bthci_evt.bd_addr"]
    pairing = [message for message in ours if message.packet.startswith("Pairing")]
    theirs = list(rows(capture, "btsmp.opcode in {0x01,0x02}", ("btsmp.io_capability", "btsmp.max_enc_key_size")))
    io = {"0x03": "NoInputNoOutput", "0x04": "KeyboardDisplay"}
    assert [(message.io_capability, message.key_size_bytes) for message in pairing] == [
        (io[row["btsmp.io_capability"][0]], int(row["btsmp.max_enc_key_size"][0])) for row in theirs
    ]
    assert (pairing[1].method, pairing[1].peer) == ("Just Works", pump)
    strings = ("manufacturer_string", "model_number_string", "serial_number_string", "hardware_revision_string")
    names = [f"btatt.{name}" for name in ("device_name", *strings)]
    printed = [text for row in rows(capture, "btatt.opcode == 0x0b", names) for texts in row.values() for text in texts]
    of_the_phone = [m.name or m.manufacturer or m.model or m.serial or m.hardware for m in ours if not m.address]
    # The pump's own name is asked for by its kind, which tshark does not tie to the answer.
    assert [text for text in of_the_phone if text] == printed
    assert [message.name for message in ours if message.address and message.name] == ["Pump 3671504H"]


def packets_of(capture: Path) -> list[bytes]:
    """The packets of H4 that the engine hands on."""
    return [data for _, data, _ in read(capture, engine_with()).pieces]
