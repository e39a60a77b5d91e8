"""Which windows of a device say enough to be learnt from or judged."""

from __future__ import annotations

from collections.abc import Iterable

from asepsis.devices.behaviour.profile import Profile

# A window with fewer packets than this part of the fullest of its device and capture is what was cut off by the end
# of a day or of the capture.
_FULL_ENOUGH = 0.25


def full_windows(profiles: Iterable[Profile]) -> list[Profile]:
    """Without windows that hold next to nothing beside another of the same device and capture."""
    found = list(profiles)
    most: dict[tuple[str, str], int] = {}
    for profile in found:
        key = (profile.capture, profile.subject)
        most[key] = max(most.get(key, 0), profile.packets)
    return [one for one in found if one.packets >= _FULL_ENOUGH * most[one.capture, one.subject]]
