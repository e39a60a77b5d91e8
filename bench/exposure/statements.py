"""Counts the expected answers to published statements, to real lists of components and to recalls.

What is expected stands in ``tests/eval/statements.py`` and ``tests/eval/recalls.py``, where the tests find it too.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.eval import recalls
from tests.eval.statements import LISTS, Told, csaf, csaf_devices, cyclonedx, real_list

Row = list[object]


def statements(folder: Path) -> list[Row]:
    """The rows of the archive of statements and lists, and a printed line for each that is wrong."""
    every = [
        ("use cases of CycloneDX VEX, expected answers", list(cyclonedx(folder))),
        ("examples of CSAF VEX, statuses read", list(csaf(folder))),
        ("examples of CSAF VEX, answers for devices", list(csaf_devices(folder))),
        *((f"real list of components {name}, expected answers", list(real_list(folder, name))) for name in LISTS),
    ]
    return [_row(what, told) for what, told in every]


def planted_recalls() -> list[Row]:
    """The row of recalls: devices inside and just outside, and units that only a label tells."""
    found = [
        Told(case=case, expected=str(answer or "nothing"), given=str(given or "nothing"))
        for case, answer, given in recalls.answered()
    ]
    return [_row("planted recalls, expected answers", found)]


def _row(what: str, told: Sequence[Told]) -> Row:
    right = sum(one.is_right for one in told)
    for one in told:
        if not one.is_right:
            print(f"{what}: {one.case}: expected {one.expected}, given {one.given}")
    measured = f"{right:,} of {len(told):,}" if told else "nothing was there to ask"
    return [what, "all", measured, bool(told) and right == len(told)]
