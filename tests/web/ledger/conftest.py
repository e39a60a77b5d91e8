"""The ledger of this test process: a folder of its own, and views that record."""

from __future__ import annotations

import pytest

from asepsis.pipeline.workspace import Workspace


@pytest.fixture(autouse=True)
def _own_workspace(workspace: Workspace) -> None:
    """Every test begins without a ledger."""
