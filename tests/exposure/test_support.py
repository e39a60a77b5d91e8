"""Which components get no updates any more."""

from __future__ import annotations

from datetime import date

import pytest

from asepsis.exposure.feeds.sbom import Component
from asepsis.exposure.support import out_of_support

TODAY = date(2026, 6, 1)


@pytest.mark.parametrize(
    ("name", "version", "ends", "level", "says"),
    [
        ("fluxlib", "1.2", "2024-01-31", "", "ended on 2024-01-31"),
        ("fluxlib", "1.2", "2024-01-31T00:00:00Z", "", "ended on 2024-01-31"),
        ("fluxlib", "1.2", "2027-01-31", "Actively maintained", ""),
        ("fluxlib", "1.2", "No longer supported", "", "No longer supported"),
        ("fluxlib", "1.2", "Open source", "Deprecated", "Deprecated"),
        ("fluxlib", "1.2", "Until hardware support ends", "Actively maintained", ""),
        ("fluxlib", "1.2", "", "", ""),
        ("OpenSSL", "1.0.2u", "", "", "support of OpenSSL 1.0.2 ended on 2019-12-31"),
    ],
)
def test_a_component_is_out_of_support_by_its_list_or_by_its_maker(
    name: str, version: str, ends: str, level: str, says: str
) -> None:
    part = Component(name=name, version=version, maker="", purls=(), cpes=(), ref="", ends=ends, level=level)
    told = out_of_support(part, TODAY)
    assert says in told
    assert bool(says) == bool(told)
