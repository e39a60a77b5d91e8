"""The recorded lab hospital: real programs, labels that tshark confirmed. Nothing may be called what it is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from asepsis.devices.agreement import agrees
from asepsis.devices.fold import fold
from asepsis.devices.observed import combine
from asepsis.pipeline.analyze import Analysis

WARD = Path(__file__).resolve().parents[2] / "tests" / "recordings"

# What a host plays and what may be said of it as well: both are true of one machine.
ALSO_TRUE = {
    "radiology_information_system": {"modality_worklist"},
    "interface_engine": {"server"},  # it brokers MQTT besides, and what it engages in is one-sided in this ward
}
# Of sixteen hosts. Three say nothing of themselves (a visitor's telephone, a thermometer, an office computer).
EXACTLY_KNOWN = 10


@pytest.mark.slow
def test_no_host_is_called_what_it_is_not_and_most_are_known() -> None:
    truth = json.loads((WARD / "truth.json").read_text(encoding="utf-8"))["hosts"]
    analysis = Analysis(workspace=None, site="lab")
    analysis.run([str(path) for path in sorted(WARD.glob("*.pcap*"))])
    found = fold(combine(analysis._observed)).devices
    by_mac = {mac: device for device in found for mac in device.macs}
    known = 0
    for host in {entry["mac"]: entry for entry in truth}.values():
        device = by_mac[host["mac"]]
        plays, category = host["plays"], device.category
        assert set(host["ipv4"]) <= set(device.ips), host["name"]
        if category is None:
            continue
        assert agrees("category", category, plays) or category in ALSO_TRUE.get(plays, ()), (host["name"], category)
        known += category == plays
    assert known >= EXACTLY_KNOWN
    assert len(found) == len({entry["mac"] for entry in truth})
