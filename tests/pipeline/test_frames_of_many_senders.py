"""Frames without an address are of many senders: nobody is passed over for what the others repeat."""

from __future__ import annotations

from pathlib import Path

from asepsis.pipeline.analyze import analyze
from asepsis.pipeline.workspace import Workspace
from tests.protocols.test_ble import METER, packet
from tests.protocols.test_hci import ASK_MAKER, ASK_WHICH, CONNECTED, HANDLE, MAKER, WHICH, event
from tests.wire.frames import pcap

GONE = event(0x05, b"\x00" + HANDLE.to_bytes(2, "little") + b"\x13")


def test_a_device_that_connects_late_is_read_in_a_hosts_record(tmp_path: Path) -> None:
    # Fifty connections that say nothing new, then one of another device that names its maker.
    late = [CONNECTED, ASK_WHICH, WHICH, ASK_MAKER, MAKER]
    path = tmp_path / "host.pcap"
    path.write_bytes(pcap([*(CONNECTED, GONE) * 50, *late], link=187))
    report = analyze([path], workspace=None, site="s")
    assert report.messages == {"hci": 53}
    assert report.devices == 1
    kept = analyze([path], workspace=Workspace.resolve(tmp_path / "ws"), site="s")
    assert (kept.messages, kept.devices) == (report.messages, report.devices)


def test_every_device_on_the_air_is_read_however_many_there_are(tmp_path: Path) -> None:
    said = [packet(0, bytes((n, 7, 0, 0xF0, 0xFF, 0)) + METER) for n in range(60)]
    path = tmp_path / "air.pcap"
    path.write_bytes(pcap(said, link=251))
    report = analyze([path], workspace=None, site="s")
    assert (report.messages, report.devices) == ({"ble": 60}, 60)
