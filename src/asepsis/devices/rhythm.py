"""Is a device online, silent, or overdue by its own rhythm?

A device that speaks every hour is missed sooner than one that speaks every week. Its rhythm is learnt from the gaps
between its appearances, counted only where somebody listened. Pure: ``now`` is an argument.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from enum import StrEnum
from operator import itemgetter

from asepsis.kernel.time import SECOND_NS
from asepsis.kernel.value import value

# Pauses shorter than this are no gaps: keep-alives, renewals and polls come this often.
LEAST_GAP_NS = 600 * SECOND_NS
# So many gaps show a rhythm, or so long a presence without any.
LEAST_GAPS = 3
LEAST_PRESENCE_NS = 86_400 * SECOND_NS
# The share of all silence that lies in gaps which are still usual, and how much longer than those is too long.
USUAL_SHARE = 0.95
GRACE = 1.5
# Nobody is overdue sooner: a restart, an update.
LEAST_OVERDUE_NS = 3600 * SECOND_NS

Span = tuple[int, int]
"""First and last nanosecond."""


class Status(StrEnum):
    """How a device stands at a moment."""

    ONLINE = "online"
    """It was heard within ten minutes, or within a pause that half of its pauses reach."""
    SILENT = "silent"
    """It has not been heard for longer, which it has done before, or whose rhythm is not known."""
    OVERDUE = "overdue"
    """It has been silent for longer than its own rhythm explains."""


@value
class Rhythm:
    """How long a device is usually silent."""

    gaps: int
    """How many gaps it was learnt from."""
    usual_ns: int
    """The median gap; 0 for a device that makes none."""
    overdue_after_ns: int | None
    """The silence after which it is overdue; None while its rhythm is not known."""


UNKNOWN = Rhythm(gaps=0, usual_ns=0, overdue_after_ns=None)


def rhythm_of(gaps: Iterable[Span], watched: Sequence[Span], present_ns: int) -> Rhythm:
    """Learns a rhythm.

    The limit is a quantile of silence weighted by its length: of all the time that the device was silent,
    ``USUAL_SHARE`` lay in gaps no longer than that. So the one long gap of each night counts for as much as it lasts,
    and not as one among hundreds of short ones (length-biased sampling; Cox, Renewal Theory, 1962, 5.4). A gap twice
    as long as any other is an exception and not part of the rhythm.

    Args:
        gaps: Silences of the device, as they stand in the history.
        watched: When the site was watched, in order and without overlap; silence counts only then.
        present_ns: How long the device was known while the site was watched.
    """
    lengths = sorted(length for gap in gaps if (length := watched_in(gap, watched)) >= LEAST_GAP_NS)
    if len(lengths) > LEAST_GAPS and lengths[-1] > 2 * lengths[-2]:
        lengths.pop()
    if len(lengths) < LEAST_GAPS:
        if present_ns < LEAST_PRESENCE_NS:
            return Rhythm(
                gaps=len(lengths), usual_ns=lengths[len(lengths) // 2] if lengths else 0, overdue_after_ns=None
            )
        longest = lengths[-1] if lengths else LEAST_GAP_NS
    else:
        longest = _weighted_quantile(lengths, USUAL_SHARE)
    return Rhythm(
        gaps=len(lengths),
        usual_ns=lengths[len(lengths) // 2] if lengths else 0,
        overdue_after_ns=max(LEAST_OVERDUE_NS, int(GRACE * longest)),
    )


def status_at(now_ns: int, last_seen_ns: int, rhythm: Rhythm) -> Status:
    """How a device stands; whoever gives ``now_ns`` says that the site was watched until then."""
    silence = now_ns - last_seen_ns
    if silence <= max(LEAST_GAP_NS, rhythm.usual_ns):
        return Status.ONLINE
    if rhythm.overdue_after_ns is not None and silence > rhythm.overdue_after_ns:
        return Status.OVERDUE
    return Status.SILENT


def watched_in(gap: Span, watched: Sequence[Span]) -> int:
    """How much of a gap somebody listened, in nanoseconds; ``watched`` is in order and without overlap."""
    begin, end = gap
    listened = 0
    for place in range(bisect_right(watched, begin, key=itemgetter(1)), len(watched)):
        first, last = watched[place]
        if first >= end:
            break
        listened += max(0, min(last, end) - max(first, begin))
    return listened


def joined(spans: Iterable[Span]) -> list[Span]:
    """Spans in order; those that overlap, or are less than ``LEAST_GAP_NS`` apart, as one."""
    result: list[Span] = []
    for first, last in sorted(spans):
        if result and first <= result[-1][1] + LEAST_GAP_NS:
            result[-1] = (result[-1][0], max(result[-1][1], last))
        else:
            result.append((first, last))
    return result


def _weighted_quantile(lengths: Sequence[int], share: float) -> int:
    total, wanted = 0, share * sum(lengths)
    for length in lengths:
        total += length
        if total >= wanted:
            return length
    return lengths[-1]
