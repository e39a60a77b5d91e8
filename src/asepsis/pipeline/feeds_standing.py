"""How each feed stands: what is held of it, how old that is, since when it is stale, and how the last look ended."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from asepsis.exposure.advisory import Problem
from asepsis.exposure.feeds.edition import moment
from asepsis.exposure.feeds.reading import Kind
from asepsis.kernel.time import SECOND_NS, iso_from_ns
from asepsis.kernel.value import value
from asepsis.pipeline.feeds import FOLDER, Attempt, Feeds, Held
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


def standings(feeds: Feeds, now: datetime) -> list[Standing]:
    """Every kind of every source, and sources of which nothing is held, by source and kind."""
    attempts = feeds.attempts()
    by_kind: dict[tuple[str, str], list[Held]] = defaultdict(list)
    for one in feeds.held():
        by_kind[one.source, one.kind].append(one)
    for name in attempts:
        if not any(source == name for source, _ in by_kind):
            by_kind[name, ""] = []
    return [
        _standing(source, kind, held, attempts.get(source), now) for (source, kind), held in sorted(by_kind.items())
    ]


def _standing(source: str, kind: str, held: list[Held], attempt: Attempt | None, now: datetime) -> Standing:
    loaded_ns = max((one.loaded_ns for one in held), default=0)
    newest = max((date for date in (moment(one.updated) for one in held) if date is not None), default=None)
    if newest is None and held:
        # The FDA's table of classes bears no date; it is no older than the day on which it was loaded.
        newest = datetime.fromtimestamp(loaded_ns // SECOND_NS, UTC)
    if source in NAMED:
        patience = NAMED[source].stale_days
    else:
        patience = _STALE_DAYS.get(kind, _OTHERS_DAYS) if source == FOLDER else _OTHERS_DAYS
    until = None if newest is None else newest + timedelta(days=patience)
    return Standing(
        source=source,
        publisher="" if attempt is None else attempt.publisher,
        kind=kind,
        documents=len(held),
        newest=newest,
        loaded_ns=loaded_ns,
        stale_since=until if until is not None and until < now else None,
        signatures=dict(sorted(Counter(one.signature for one in held if one.signature).items())),
        problems=tuple((one.path, problem) for one in held for problem in one.problems),
        attempt=attempt,
    )
