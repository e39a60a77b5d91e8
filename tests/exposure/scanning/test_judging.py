"""Who may be asked, by a table that a non-programmer can read."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import pytest

from asepsis.devices.rhythm import Rhythm
from asepsis.exposure.scanning.judging import Circumstances, Leave, judge
from asepsis.kernel.time import SECOND_NS
from asepsis.knowledge.harm import harm_of
from asepsis.knowledge.probing import Probing, probed_categories, probing_of
from asepsis.knowledge.vocabulary import Category
from tests.exposure.scanning.planned import NOW_NS, claim, device

MINUTE_NS = 60 * SECOND_NS
WATCHED = Circumstances(watched_until_ns=NOW_NS - MINUTE_NS)
HOURLY = Rhythm(gaps=9, usual_ns=200 * MINUTE_NS, overdue_after_ns=None)


def judged(category: str | None, circumstances: Circumstances = WATCHED, **changes: Any) -> Probing | Leave:
    return judge(
        device(category, **changes),
        circumstances,
        now_ns=NOW_NS,
        watched_ns=15 * MINUTE_NS,
        do_not_probe=(ip_network("10.40.0.0/16"), ip_network("fd00:40::/32")),
        shared=("10.77.0.66",),
    )


@pytest.mark.parametrize(
    ("category", "circumstances", "changes", "code"),
    [
        ("infusion_pump", WATCHED, {}, "fragile"),
        ("ventilator", WATCHED, {}, "fragile"),
        ("patient_monitor", WATCHED, {}, "fragile"),
        ("ct", WATCHED, {}, "fragile"),
        ("interface_engine", WATCHED, {}, "fragile"),
        ("industrial_controller", WATCHED, {}, "fragile"),
        (None, WATCHED, {}, "unknown"),
        ("unknown", WATCHED, {}, "unknown"),
        ("pacs", WATCHED, {"confidence": {"category": 0.5}}, "unknown"),
        ("workstation", WATCHED, {"evidence": (claim("ct"),)}, "fragile"),
        ("server", WATCHED, {"evidence": (claim("pump_server"),)}, "fragile"),
        ("pacs", Circumstances(watched_until_ns=NOW_NS, sustains_life=True), {}, "fragile"),
        ("pacs", WATCHED, {"ips": ("10.40.20.7",)}, "subnet"),
        ("pacs", WATCHED, {"ips": ("10.77.0.2", "10.40.20.7")}, "subnet"),
        ("pacs", WATCHED, {"ips": ("fd00:40::7",)}, "subnet"),
        ("pacs", WATCHED, {"ips": ()}, "no-address"),
        ("pacs", WATCHED, {"macs": ()}, "no-address"),
        ("pacs", WATCHED, {"ips": ("10.77.0.66",)}, "ambiguous"),
        ("pacs", WATCHED, {"last_seen_ns": NOW_NS - 8 * 86_400 * SECOND_NS}, "not-seen"),
        ("workstation", Circumstances(), {}, "unwatched"),
        ("workstation", WATCHED, {"last_seen_ns": NOW_NS - 29 * MINUTE_NS}, "in-use"),
        ("workstation", Circumstances(watched_until_ns=NOW_NS, rhythm=HOURLY), {}, "in-use"),
        ("printer", Circumstances(watched_until_ns=NOW_NS, patient_ns=NOW_NS - 200 * MINUTE_NS), {}, "in-use"),
    ],
)
def test_these_are_left_out(
    category: str | None, circumstances: Circumstances, changes: dict[str, Any], code: str
) -> None:
    found = judged(category, circumstances, **changes)
    assert isinstance(found, Leave)
    assert found.code == code
    assert found.why


@pytest.mark.parametrize(
    ("category", "circumstances", "changes"),
    [
        ("pacs", Circumstances(), {"last_seen_ns": NOW_NS}),
        ("network_switch", WATCHED, {}),
        ("workstation", WATCHED, {}),
        ("printer", WATCHED, {"evidence": (claim("printer"), claim("server"))}),
        ("workstation", Circumstances(watched_until_ns=NOW_NS, patient_ns=NOW_NS - 300 * MINUTE_NS), {}),
    ],
)
def test_these_may_be_asked(category: str, circumstances: Circumstances, changes: dict[str, Any]) -> None:
    assert judged(category, circumstances, **changes) == probing_of(category)


def test_nothing_that_sustains_life_or_is_near_a_patient_stands_in_the_table() -> None:
    for category in probed_categories():
        harm = harm_of(category)
        assert harm is not None
        assert not harm.sustains_life
        assert harm.severity not in ("critical", "catastrophic")


def test_every_category_is_either_in_the_table_or_left_out() -> None:
    for category in Category:
        found = judged(category.value)
        assert isinstance(found, Probing) == (category.value in probed_categories())


def test_an_empty_budget_would_be_no_budget() -> None:
    for category in probed_categories():
        bearing = probing_of(category)
        assert bearing is not None
        assert 10 <= bearing.packets <= 60
        assert bearing.packets * 60 <= bearing.bytes <= 16384
