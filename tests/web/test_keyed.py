"""A long list is walked page by page from a key, forth and back, with nothing missed or shown twice."""

from __future__ import annotations

from typing import Any

import pytest

from asepsis.web.facilities.models import Site
from asepsis.web.keyed import Order, Part, part
from asepsis.web.plan.models import PlanItem

PER_PAGE = 3


@pytest.fixture
def pieces(db: None) -> list[str]:
    """Eleven pieces of work, some of them worth the same; their ids in the order of ``worth``."""
    site = Site.objects.create(name="north")
    for number in range(11):
        PlanItem.objects.create(
            id=f"w{number:02d}",
            site=site,
            action="telnet",
            kind="configure",
            title="Turn Telnet off",
            who="maker",
            product="Pump",
            hours=1.0,
            removed=1.0,
            per_hour=number // 4 / 3,
            bundle=number,
            place=number + 1,
            devices_count=1,
            lower_tier=0,
            sustains_life=False,
            digest="",
        )
    ordered = sorted(range(11), key=lambda number: (-(number // 4), number))
    return [f"w{number:02d}" for number in ordered]


WORTH = Order(column="per_hour", kind=float, descending=True)
PLACE = Order(column="place", kind=int)


def at(order: Order, **asked: str) -> Part[PlanItem]:
    return part(PlanItem.objects.all(), order, asked, per_page=PER_PAGE)


@pytest.mark.parametrize("order", [WORTH, PLACE])
def test_forth_and_back_every_row_is_shown_once(pieces: list[str], order: Order) -> None:
    expected = pieces if order is WORTH else sorted(pieces)
    page = at(order)
    assert not page.before
    forth = [page]
    while page.after:
        page = at(order, after=page.after)
        forth.append(page)
    assert [row.pk for one in forth for row in one.rows] == expected
    back = [page]
    while page.before:
        page = at(order, before=page.before)
        back.append(page)
    assert [[row.pk for row in one.rows] for one in reversed(back)] == [[row.pk for row in one.rows] for one in forth]


def test_the_first_page_is_whole_when_rows_went_meanwhile(pieces: list[str]) -> None:
    second = at(PLACE, after=at(PLACE).after)
    PlanItem.objects.filter(place=1).delete()
    assert [row.place for row in at(PLACE, before=second.before).rows] == [2, 3, 4]


@pytest.mark.parametrize(
    "key", ["", "~", "x~w01", "nan~w01", "inf~w01", "1e400~w01", "9" * 70 + "~w", "1", "1~w\x00", "٣x~w", "1" * 5000]
)
@pytest.mark.parametrize("side", ["after", "before"])
@pytest.mark.parametrize("order", [WORTH, PLACE])
def test_a_key_that_is_none_asks_for_the_first_page(pieces: list[str], order: Order, side: str, key: str) -> None:
    asked: dict[str, Any] = {side: key}
    first = pieces[0] if order is WORTH else "w00"
    assert at(order, **asked).rows[0].pk == first
