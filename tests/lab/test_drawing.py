"""The picture of the hospital is drawn from the topology, and the one in the documentation is current."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from lab.__main__ import main
from lab.hospital import drawing, topology

SHOWN = Path(__file__).resolve().parent.parent.parent / "docs" / "hospital.svg"


def test_the_picture_of_the_documentation_is_current() -> None:
    assert SHOWN.read_text() == drawing.svg(topology.read()), "run: python -m lab draw docs/hospital.svg"


def test_the_picture_names_every_segment_and_counts_every_device() -> None:
    hospital = topology.read()
    text = " ".join(ElementTree.fromstring(drawing.svg(hospital)).itertext())
    for segment in hospital.segments.values():
        assert segment.name in text
        assert str(segment.network) in text
    assert f"{len(hospital.devices)} devices" in text
    assert "14 infusion pump" in text


def test_a_topology_with_a_mistake_is_not_drawn(tmp_path: Path) -> None:
    file = tmp_path / "t.yaml"
    file.write_text("devices: 3")
    assert main(["draw", str(tmp_path / "out.svg"), "--topology", str(file)]) == 2
    assert not (tmp_path / "out.svg").exists()
