"""The how-to page is followed to the letter: its entry and its module make a kind that the lab accepts."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import aiooui
import pytest

from asepsis.knowledge.vocabulary import Category
from lab.hospital import calendar, kinds, plan, topology

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "how-to" / "add-a-device-kind.md"


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture
def followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[topology.Topology]:
    """The hospital as it is after both steps, made beside the real one."""
    (tmp_path / "spirometer.py").write_text(block("python"))
    monkeypatch.setattr(kinds, "__path__", [*kinds.__path__, str(tmp_path)])
    file = tmp_path / "topology.yaml"
    file.write_text(topology.TOPOLOGY.read_text().rstrip() + "\n" + block("yaml"))
    yield topology.read(file)
    sys.modules.pop("lab.hospital.kinds.spirometer", None)


def test_without_the_module_the_entry_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "topology.yaml"
    file.write_text(topology.TOPOLOGY.read_text().rstrip() + "\n" + block("yaml"))
    with pytest.raises(topology.TopologyError, match=r"spirometer\.py"):
        kinds.check(topology.read(file))


def test_the_page_makes_a_kind_that_the_lab_accepts(followed: topology.Topology) -> None:
    kinds.check(followed)
    assert {"spiro1", "spiro2"} <= set(followed.devices)
    assert kinds.category("spirometer") == str(Category.SPIROMETER)
    assert kinds.order("spirometer") == 2
    assert callable(kinds.module("spirometer").start)
    assert callable(kinds.module("spirometer").work)


def test_the_plan_asks_the_kind_of_the_page_for_work_with_what_its_module_reads(followed: topology.Topology) -> None:
    monday = calendar.week(datetime(2026, 11, 9, tzinfo=UTC), seconds=60.0, days=1)
    tasks = [task for task in plan.draw(followed, patients=2, sittings=monday).tasks if task.device.startswith("spiro")]
    assert {task.device for task in tasks} == {"spiro1", "spiro2"}
    assert {fact for task in tasks for fact in task.facts} >= set(
        re.findall(r'task\.facts\["(\w+)"\]', block("python"))
    )


def test_the_prefix_of_the_page_is_the_makers(followed: topology.Topology) -> None:
    async def registered(mac: str) -> str | None:
        await aiooui.async_load()
        return aiooui.get_vendor(mac)

    device = followed.devices["spiro1"]
    assert asyncio.run(registered(device.mac)) == device.model.prefix_of
