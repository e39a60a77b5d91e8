"""A recall that is about some units of a product, against the serial number and the UDI of one device."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from asepsis.exposure.feeds.recalls import UNITS
from asepsis.exposure.finding import Exposed, Verdict

# A shorter serial number stands in too many texts by chance.
SERIAL_LEAST: Final = 5
# GS1 General Specifications 3.2: (01) and fourteen digits; the brackets are left away in bar codes.
_DI: Final = re.compile(r"(?:\(01\)|^01)?([0-9]{14})")


def by_unit(verdict: Verdict, serial: str, udi: str) -> Verdict:
    """The verdict, with the device's own numbers held against those that a recall lists.

    A number that is listed makes it certain. One that is not makes nothing certain: recalls list ranges and lots too.
    """
    if verdict.answer is not Exposed.CANNOT_TELL or not verdict.version.startswith(UNITS):
        return verdict
    listed = verdict.version[len(UNITS) :]
    if len(serial) >= SERIAL_LEAST and re.search(rf"(?<![A-Za-z0-9]){re.escape(serial)}(?![A-Za-z0-9])", listed, re.I):
        return replace(verdict, answer=Exposed.AFFECTED, why=f"the recall lists the serial number {serial}", tells="")
    found = _DI.match(udi)
    if found is not None and found[1] in listed:
        why = f"{verdict.why}; the recall lists its UDI-DI {found[1]}"
        return replace(verdict, why=why)
    return verdict
