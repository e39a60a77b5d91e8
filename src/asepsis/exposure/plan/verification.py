"""Whether work that somebody said is done can be seen to be done: by traffic and documents, and by nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from asepsis.exposure.plan.tickets import Progress
from asepsis.exposure.weaknesses.kinds import KINDS

# What mends software shows in the version that is seen, and so in whether the work is still in the plan.
_BY_VERSION = frozenset(("patch", "os-out-of-support", "ssh-out-of-support"))

UNSEEN = "waits to be seen in traffic or documents"


def verdict(
    action: str,
    devices: Sequence[str],
    *,
    done_ns: int,
    heard_ns: Mapping[str, int],
    seen_ns: Mapping[str, int],
    still: frozenset[str],
) -> tuple[Progress, str]:
    """Judges work that is said to be done.

    Args:
        action: Of the work.
        devices: To which it was done.
        done_ns: When somebody said so.
        heard_ns: When each device was heard last; one that is there no more is missing.
        seen_ns: When the weakness was seen last of each device; 0 for never.
        still: Devices for which the work is in the plan that was computed now.

    Returns:
        Done, said done and still seen, or verified; and why in a sentence.
    """
    there = [device for device in devices if device in heard_ns]
    if action in KINDS and action not in _BY_VERSION:
        again = [device for device in there if seen_ns.get(device, 0) > done_ns]
    elif action in _BY_VERSION:
        again = [device for device in there if device in still and heard_ns[device] > done_ns]
    else:
        return Progress.DONE, "traffic does not show for certain whether it holds"
    if again:
        return Progress.STILL_SEEN, f"seen after that day on {len(again)} of {len(devices)} devices"
    waiting = [device for device in there if heard_ns[device] <= done_ns]
    if waiting:
        return Progress.DONE, f"{len(waiting)} of {len(devices)} devices were not heard since"
    return Progress.VERIFIED, "all devices were heard since, and it was not seen again"
