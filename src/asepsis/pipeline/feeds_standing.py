"""How each feed stands: what is held of it, how old that is, since when it is stale, and how the last look ended."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from asepsis.exposure.advisory import Problem
from asepsis.exposure.feeds.reading import Kind
from asepsis.kernel.time import SECOND_NS, iso_from_ns
from asepsis.kernel.value import value
from asepsis.pipeline.feeds import FOLDER, Attempt, Feeds, Tallied
from asepsis.pipeline.feeds_sources import NAMED

# Without anything newer for so long a kind is stale, where it was carried here by hand.
_STALE_DAYS: Final[dict[str, int]] = {
    Kind.CSAF: 30,
    Kind.CVE: 30,
    Kind.OPENVEX: 90,
    Kind.CYCLONEDX_VEX: 90,
    Kind.KEV: 14,
    Kind.EPSS: 4,
    Kind.FDA_RECALLS: 21,
    Kind.FDA_CLASSES: 90,
}
_OTHERS_DAYS: Final = 90


@value
class Standing:
    """One kind of documents of one source."""

    source: str
    publisher: str
    kind: str
    """Empty where nothing is held of the source."""
    documents: int
    newest: datetime | None
    """The date of the newest document, or when it was loaded where documents of its kind bear none."""
    loaded_ns: int
    stale_since: datetime | None
    """Since when something newer should have come; None while it is fresh."""
    signatures: Mapping[str, int]
    """How many documents by what their signatures are worth; unsigned ones are not counted."""
    problems: tuple[tuple[str, Problem], ...]
    """(path, problem) of documents that were taken all the same."""
    attempt: Attempt | None
    """The last look at the source; None for what was loaded before looks were kept."""

    def age_days(self, now: datetime) -> int | None:
        """How old the newest document is."""
        return None if self.newest is None else max(0, (now - self.newest).days)

    def document(self, now: datetime) -> dict[str, Any]:
        """The JSON object of ``asepsis feeds status --json``."""
        attempt = self.attempt
        return {
            "source": self.source,
            "publisher": self.publisher or None,
            "kind": self.kind or None,
            "documents": self.documents,
            "newest": None if self.newest is None else self.newest.date().isoformat(),
            "age_days": self.age_days(now),
            "stale_since": None if self.stale_since is None else self.stale_since.date().isoformat(),
            "loaded": iso_from_ns(self.loaded_ns) if self.loaded_ns else None,
            "signatures": dict(self.signatures),
            "problems": len(self.problems),
            "last_look": None if attempt is None else iso_from_ns(attempt.at_ns),
            "failure": (attempt.failure or None) if attempt is not None else None,
            "warnings": [] if attempt is None else list(attempt.warnings),
            "waiting": 0 if attempt is None else attempt.waiting,
            "unread": 0 if attempt is None else attempt.unread_count,
        }


def standings(feeds: Feeds, now: datetime, *, problems_most: int | None = None) -> list[Standing]:
    """Every kind of every source, and sources of which nothing is held, by source and kind.

    Args:
        feeds: The store.
        now: For which moment ages are told.
        problems_most: No more problems of one kind than so many; all where it is None.
    """
    attempts = feeds.attempts()
    tallies = feeds.tallies()
    held = {one.source for one in tallies}
    nothing = [
        Tallied(source=name, kind="", documents=0, newest=None, loaded_ns=0, signatures={})
        for name in attempts
        if name not in held
    ]
    return [
        _standing(one, attempts.get(one.source), now, feeds.problems(one.source, one.kind, problems_most))
        for one in sorted([*tallies, *nothing], key=lambda one: (one.source, one.kind))
    ]


def _standing(held: Tallied, attempt: Attempt | None, now: datetime, problems: list[tuple[str, Problem]]) -> Standing:
    newest = held.newest
    if newest is None and held.documents:
        # The FDA's table of classes bears no date; it is no older than the day on which it was loaded.
        newest = datetime.fromtimestamp(held.loaded_ns // SECOND_NS, UTC)
    if held.source in NAMED:
        patience = NAMED[held.source].stale_days
    else:
        patience = _STALE_DAYS.get(held.kind, _OTHERS_DAYS) if held.source == FOLDER else _OTHERS_DAYS
    until = None if newest is None else newest + timedelta(days=patience)
    return Standing(
        source=held.source,
        publisher="" if attempt is None else attempt.publisher,
        kind=held.kind,
        documents=held.documents,
        newest=newest,
        loaded_ns=held.loaded_ns,
        stale_since=until if until is not None and until < now else None,
        signatures=held.signatures,
        problems=tuple(problems),
        attempt=attempt,
    )
