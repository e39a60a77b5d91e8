"""Versions of packages, in the order of their ecosystem: Debian's ``1:1.0`` is later than ``2.0``.

Versions of devices obey no scheme and are ordered by ``version``; a package URL says which scheme a package obeys, and
univers knows it. What it cannot read is ordered as a device's version is.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from asepsis.exposure.matching.ranges import Answer, Bound, Part, Placing, Range
from asepsis.exposure.matching.version import LONGEST_VERSION

# Versions that are remembered with their scheme: some thousand packages in some versions, and the ends of ranges.
REMEMBERED: Final = 65536
_SCHEMES: Final = {
    "apk": "AlpineLinuxVersion",
    "cargo": "SemverVersion",
    "composer": "ComposerVersion",
    "deb": "DebianVersion",
    "gem": "RubygemsVersion",
    "golang": "GolangVersion",
    "hex": "SemverVersion",
    "maven": "MavenVersion",
    "npm": "SemverVersion",
    "nuget": "NugetVersion",
    "openssl": "OpensslVersion",
    "pypi": "PypiVersion",
    "rpm": "RpmVersion",
}
"""Type of a package URL -> class of univers."""


def placed(kind: str, shown: str, wanted: Range) -> Placing | None:
    """Whether a package's version is in a range, by the order of its ecosystem.

    Args:
        kind: The type of the package URL.
        shown: The version.
        wanted: The range, as it was read.

    Returns:
        None where the ecosystem, the version or an end of the range is not known to have an order.
    """
    if kind not in _SCHEMES or wanted.everything or not wanted.is_read:
        return None
    version = _version(kind, shown)
    if version is None:
        return None
    answers = [_in_part(kind, version, part) for part in wanted.parts]
    if any(answer is None for answer in answers):
        return None
    inside = any(answers)
    why = f"{shown} is {'in' if inside else 'outside'} {wanted.words}"
    return Placing(answer=Answer.YES if inside else Answer.NO, why=why)


def _in_part(kind: str, version: Any, part: Part) -> bool | None:
    for end, is_low in ((part.low, True), (part.high, False)):
        if end is None:
            continue
        if end.wild:
            return None
        side = _side(kind, version, end)
        if side is None:
            return None
        if side == 0 and not end.closed:
            return False
        if (side < 0) if is_low else (side > 0):
            return False
    return True


def _side(kind: str, version: Any, end: Bound) -> int | None:
    """-1 before the end, 0 at it, 1 after it."""
    at = _version(kind, end.at.text)
    if at is None:
        return None
    try:
        return -1 if version < at else 1 if at < version else 0
    except Exception:
        # Whatever the library's comparison meets in a stranger's text; its order is then not known.
        return None


@lru_cache(maxsize=REMEMBERED)
def _version(kind: str, text: str) -> Any:
    # Unbounded, Debian's comparison took two minutes for a number of 200,000 digits.
    if not text or len(text) > LONGEST_VERSION:
        return None
    # Imported late: it takes longer to load than a list to read, and many never have one.
    from univers import versions

    try:
        return getattr(versions, _SCHEMES[kind])(text)
    except Exception:
        # It raises what its parsers raise: InvalidVersion, ValueError, TypeError, AttributeError and others.
        return None
