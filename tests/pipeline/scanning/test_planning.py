"""What is known of one device alone is what is known of it among all: a scan relies on it before each device."""

from __future__ import annotations

from pathlib import Path

from asepsis.pipeline.scanning.planning import look
from asepsis.pipeline.workspace import Workspace
from tests.pipeline.scanning.traffic import SERVER, seen_just_now


def test_one_device_is_known_alone_as_it_is_among_all(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "workspace").create()
    known = seen_just_now(workspace, tmp_path)
    whole = look(workspace, "north", life_sustaining=[known[SERVER]])
    assert len(whole.devices) == 3
    for device in whole.devices:
        alone = look(workspace, "north", life_sustaining=[known[SERVER]], only=device.id)
        assert alone.devices == (device,)
        assert alone.circumstances == {device.id: whole.circumstances[device.id]}
        assert alone.services.get(device.id, ()) == whole.services.get(device.id, ())
        assert alone.shared == whole.shared & frozenset(device.ips)
    assert whole.circumstances[known[SERVER]].sustains_life
    assert look(workspace, "north", only="nobody").devices == ()
    assert look(workspace, "south", only=known[SERVER]).devices == ()
