"""Counts are asked once until something changes, and never of one person for another."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import caches
from django.db import connection
from django.db.models import Count
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from asepsis.web.devices.models import Device, DeviceRecord, Projected
from asepsis.web.remembered import remembered
from tests.web.conftest import MakeDevice

KINDS = Device.objects.order_by("category").values_list("category")


@pytest.fixture(autouse=True)
def _empty(db: None) -> Iterator[None]:
    caches["remembered"].clear()
    yield
    caches["remembered"].clear()


def counted(site: str) -> tuple[list[list[object]], int]:
    with CaptureQueriesContext(connection) as asked:
        found = remembered(KINDS.filter(site__name=site).annotate(count=Count("pk")))
    return found, sum('"devices_device"' in query["sql"] for query in asked.captured_queries)


def test_a_question_is_asked_once_and_another_one_of_its_own(make_device: MakeDevice) -> None:
    make_device("pump000001", site="north", category="infusion_pump")
    make_device("ct00000001", site="south", category="ct")
    assert counted("north") == ([["infusion_pump", 1]], 1)
    assert counted("north") == ([["infusion_pump", 1]], 0)
    assert counted("south") == ([["ct", 1]], 1)


def test_a_refresh_and_a_changed_record_make_it_ask_again(make_device: MakeDevice) -> None:
    pump = make_device("pump000001", site="north", category="infusion_pump")
    counted("north")
    Projected.objects.create(pk=1, revision=1, at=timezone.now())
    assert counted("north")[1] == 1
    DeviceRecord.objects.create(device=pump, place="Ward 3")
    assert counted("north")[1] == 1
    assert counted("north")[1] == 0


def test_nothing_is_asked_for_a_question_that_has_no_answer() -> None:
    assert remembered(KINDS.none()) == []


def test_what_lies_in_the_cache_is_read_as_data_alone(make_device: MakeDevice) -> None:
    # Django's cache holds Python's own format, which can run code; ours is a text inside it, and nothing else is taken.
    make_device("pump000001", site="north", category="ct")
    counted("north")
    with connection.cursor() as cursor:
        cursor.execute("SELECT cache_key FROM asepsis_remembered")
        (key,) = next(row for row in cursor.fetchall() if "remembered-" in row[0])
    caches["remembered"].set(key.rpartition(":")[2], [["ct", 99]])
    assert counted("north")[0] == [["ct", 1]]
