"""A recall that is about some units of a product, against the serial number of one device."""

from __future__ import annotations

import re
from dataclasses import replace

from asepsis.exposure.feeds.recalls import UNITS
from asepsis.exposure.finding import Exposed, Verdict
from asepsis.exposure.matching.numbers import SERIAL_LEAST


def by_unit(verdict: Verdict, serial: str) -> Verdict:
    """The verdict, with the device's serial number held against those that a recall lists.

    A number that is listed makes it certain. One that is not makes nothing certain: recalls list ranges and lots too.
    """
    if verdict.answer is not Exposed.CANNOT_TELL or not verdict.version.startswith(UNITS):
        return verdict
    listed = verdict.version[len(UNITS) :]
    if len(serial) >= SERIAL_LEAST and re.search(rf"(?<![A-Za-z0-9]){re.escape(serial)}(?![A-Za-z0-9])", listed, re.I):
        return replace(verdict, answer=Exposed.AFFECTED, why=f"the recall lists the serial number {serial}", tells="")
    return verdict
