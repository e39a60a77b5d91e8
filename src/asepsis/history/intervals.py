"""Which address belonged to which device when: the small table that gives conversations their devices.

The registry of devices hands it in for each question; nothing of it is stored with the conversations, so a
device that is merged, split or renamed is right in old conversations too.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any, Final

from asepsis.kernel.value import value

FOREVER_NS: Final = (1 << 63) - 1


@value
class AddressInterval:
    """One network address that one device had for a time. Addresses never tie devices across sites."""

    site: str
    ip: str
    """As in the conversations: ``10.1.2.3``, ``fe80::1``."""
    device: str
    from_ns: int = -FOREVER_NS
    """First moment."""
    until_ns: int = FOREVER_NS
    """First moment after it."""


def interval_table(intervals: Iterable[AddressInterval]) -> Any:
    """The intervals as an Arrow table in which no two of one address overlap.

    Where two devices claim an address at one time, the one that got it later has it, until its own interval
    ends: a conversation has one device at each end, and joining must not multiply it.
    """
    import pyarrow as pa

    by_address: dict[tuple[str, str], list[AddressInterval]] = {}
    for interval in intervals:
        if interval.from_ns < interval.until_ns:
            by_address.setdefault((interval.site, interval.ip), []).append(interval)
    apart: list[tuple[str, str, str, int, int]] = []
    for (site, ip), claims in by_address.items():
        apart += [(site, ip, device, begin, end) for device, begin, end in _apart(claims)]
    columns = list(zip(*apart, strict=True)) or [(), (), (), (), ()]
    return pa.table(
        {
            "site": pa.array(columns[0], pa.string()),
            "ip": pa.array(columns[1], pa.string()),
            "device": pa.array(columns[2], pa.string()),
            "from_ns": pa.array(columns[3], pa.int64()),
            "until_ns": pa.array(columns[4], pa.int64()),
        }
    )


def _apart(claims: list[AddressInterval]) -> list[tuple[str, int, int]]:
    """(device, begin, end) of one address, in time, without overlap; a later begin wins over an earlier one."""
    if len(claims) == 1:
        return [(claims[0].device, claims[0].from_ns, claims[0].until_ns)]
    claims = sorted(claims, key=lambda claim: (claim.from_ns, claim.until_ns, claim.device))
    moments = sorted({claim.from_ns for claim in claims} | {claim.until_ns for claim in claims})
    found: list[tuple[str, int, int]] = []
    holding: list[AddressInterval] = []  # by begin, the latest last
    coming = 0
    for begin, end in pairwise(moments):
        while coming < len(claims) and claims[coming].from_ns <= begin:
            holding.append(claims[coming])
            coming += 1
        while holding and holding[-1].until_ns <= begin:
            holding.pop()
        if not holding:
            continue
        device = holding[-1].device
        if found and found[-1][0] == device and found[-1][2] == begin:
            found[-1] = (device, found[-1][1], end)
        else:
            found.append((device, begin, end))
    return found
