"""The wire that tests of live capture share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.system.namespaces import Wire, lacking


@pytest.fixture
def wire() -> Iterator[Wire]:
    """A veth pair in a namespace of its own, or a skip that says what is missing."""
    missing = lacking()
    if missing:
        pytest.skip("; ".join(missing))
    with Wire() as wire:
        yield wire
