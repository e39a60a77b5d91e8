"""What a device does for patients, and what can come of it, as a nurse would say it."""

from __future__ import annotations

import pytest

from asepsis.knowledge.harm import SEVERITIES, harm_of
from asepsis.knowledge.vocabulary import Category

KNOWN = [harm for category in Category if (harm := harm_of(category)) is not None]


@pytest.mark.parametrize("severity", SEVERITIES)
def test_every_severity_has_words_without_the_standard_s_own(severity: str) -> None:
    told = {harm.at_worst for harm in KNOWN if harm.severity == severity}
    assert len(told) == 1
    assert severity not in told.pop()


def test_where_a_life_hangs_on_a_device_that_is_said_with_the_worst() -> None:
    pump = harm_of("infusion_pump")
    assert pump is not None
    assert pump.told == "gives drugs into a vein, and a life may hang on it: at worst a patient dies"
