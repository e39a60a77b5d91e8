"""What the page and the API say of feeds: each source with its kinds, and what the last update changed for a person."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Final

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from asepsis.kernel.time import SECOND_NS
from asepsis.kernel.value import value
from asepsis.pipeline.feeds import FOLDER, Attempt, Feeds
from asepsis.pipeline.feeds_sources import NAMED, source_of
from asepsis.pipeline.feeds_standing import Standing, standings
from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.decide import visible
from asepsis.web.devices.models import Device
from asepsis.web.people.models import Person
from asepsis.web.remembered import remembered_text, version_for
from asepsis.web.settings import CONFIGURATION, WORKSPACE

CHANGES_SHOWN: Final = 200
PROBLEMS_SHOWN: Final = 200
WORDS: Final = {
    "csaf": "Advisories (CSAF)",
    "openvex": "VEX (OpenVEX)",
    "cyclonedx-vex": "VEX (CycloneDX)",
    "cyclonedx-bom": "Lists that VEX points into",
    "cve": "CVE records",
    "kev": "Exploited vulnerabilities (KEV)",
    "epss": "Likelihood of exploitation (EPSS)",
    "fda-classes": "Classes of devices (FDA)",
    "fda-recalls": "Recalls (FDA)",
}


@value
class Shown:
    """One source as the page shows it."""

    name: str
    title: str
    what: str
    kinds: tuple[tuple[str, Standing, int | None], ...]
    """(words, what is held, age in days)"""
    attempt: Attempt | None
    looked: datetime | None
    is_set: bool
    """It stands in the settings, and is asked by schedule."""
    problems: tuple[tuple[str, str, str, bool], ...]
    """(path, place, why, whether the rest of the document was taken)"""

    @property
    def is_stale(self) -> bool:
        """Whether something newer should be there."""
        return any(standing.stale_since is not None for _, standing, _ in self.kinds)


@value
class Change:
    """What the last update changed for one device."""

    device: Device
    advisory: str
    before: str
    after: str
    vulnerabilities: tuple[str, ...]


@value
class State:
    """All that is known of feeds."""

    sources: tuple[Shown, ...]
    changed: datetime | None
    """When the last update was that changed documents."""
    owed: datetime | None
    """When documents were taken in of which it is not worked out what they change: now, or by one that was ended."""
    changes: tuple[Change, ...]
    """For the devices that the person may see, the first of them."""
    changes_count: int


def state_for(request: HttpRequest, now: datetime) -> State:
    """How feeds stand, and what the last update changed for the devices that a person may see."""
    found: list[Standing] = []
    changes: tuple[Change, ...] = ()
    last, count = None, 0
    if WORKSPACE.feeds_path.exists():
        with Feeds.open(WORKSPACE.feeds_path) as feeds:
            found = standings(feeds, now, problems_most=PROBLEMS_SHOWN)
            last = feeds.last_changed()
            if last is not None:
                changes, count = _changes(request.user, feeds, last)
    by_source: dict[str, list[Standing]] = {}
    for one in found:
        by_source.setdefault(one.source, []).append(one)
    configured = [source_of(name).name for name in CONFIGURATION.feeds.sources]
    names = list(dict.fromkeys((*configured, *by_source)))
    changed_ns = 0 if last is None else last[1]
    taken_ns = max((one.loaded_ns for one in found), default=0)
    return State(
        sources=tuple(_shown(name, by_source.get(name, []), name in configured, now) for name in names),
        changed=None if last is None else datetime.fromtimestamp(changed_ns // SECOND_NS, UTC),
        owed=datetime.fromtimestamp(taken_ns // SECOND_NS, UTC) if taken_ns > changed_ns else None,
        changes=changes,
        changes_count=count,
    )


def _shown(name: str, of: list[Standing], is_set: bool, now: datetime) -> Shown:
    attempt = next((one.attempt for one in of if one.attempt is not None), None)
    unread = () if attempt is None else attempt.unread
    problems = [(one.path, one.problem.where, one.problem.why, False) for one in unread]
    problems += [(path, problem.where, problem.why, True) for one in of for path, problem in one.problems]
    publisher = "" if attempt is None else attempt.publisher
    title = {FOLDER: "Carried here by hand"}.get(name, name.upper() if name in NAMED else publisher or name)
    return Shown(
        name=name,
        title=title,
        what=NAMED[name].what if name in NAMED else "",
        kinds=tuple((WORDS.get(one.kind, one.kind), one, one.age_days(now)) for one in of if one.documents),
        attempt=attempt,
        looked=None if attempt is None else datetime.fromtimestamp(attempt.at_ns // SECOND_NS, UTC),
        is_set=is_set,
        problems=tuple(problems[:PROBLEMS_SHOWN]),
    )


def told_to(person: Person | AnonymousUser, feeds: Feeds, last: tuple[int, int]) -> tuple[int, list[dict[str, Any]]]:
    """How many changes the last update brought for the devices that a person may see, and the first of them.

    What was counted is kept until there is another update, or the devices that the person may see may be others.

    Args:
        person: Who looks.
        feeds: The store.
        last: Its last update.
    """
    mine = visible(person, Action.FINDING_VIEW, Device.objects.order_by()).values_list("pk", flat=True)

    def counted() -> str:
        return json.dumps(feeds.changes_of(mine.iterator(), CHANGES_SHOWN))

    text = remembered_text([mine], ["feeds", *map(str, last)], counted, version_for(mine))
    count, rows = json.loads(text)
    return count, rows


def warm_changes(person: Person) -> None:
    """Counts what the last update changed for the devices that a person may see, before they ask."""
    if not WORKSPACE.feeds_path.exists():
        return
    with Feeds.open(WORKSPACE.feeds_path) as feeds:
        last = feeds.last_changed()
        if last is not None:
            told_to(person, feeds, last)


def _changes(person: Person | AnonymousUser, feeds: Feeds, last: tuple[int, int]) -> tuple[tuple[Change, ...], int]:
    count, rows = told_to(person, feeds, last)
    # Asked once more, so that nothing is shown of a device that went, or may no longer be seen.
    ids = {row["device"] for row in rows}
    some = visible(person, Action.FINDING_VIEW, Device.objects.order_by().filter(pk__in=ids))
    seen = {device.pk: device for device in some.only("pk", "title")}
    shown = tuple(
        Change(
            device=seen[row["device"]],
            advisory=row["advisory"],
            before=row["before"] or "",
            after=row["after"] or "",
            vulnerabilities=tuple(row["vulnerabilities"]),
        )
        for row in rows
        if row["device"] in seen
    )
    return shown, count
