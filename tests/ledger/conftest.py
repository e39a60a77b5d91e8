"""A ledger in a folder of its own, and records without any real person."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from asepsis.ledger import Ledger


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "ledger", tmp_path / "keys") as opened:
        yield opened
