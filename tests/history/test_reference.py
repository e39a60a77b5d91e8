"""The reference page of the history names the columns that are stored, with their types and in their order."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa
import pytest

from asepsis.history.schema import CONTRACT_COLUMNS, CONVERSATION_COLUMNS, arrow_schema
from asepsis.pipeline.eve import TYPES
from asepsis.pipeline.zeek import TAKERS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "history.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


@pytest.mark.parametrize(("title", "table"), [("Conversations", "conversations"), ("Messages", "messages")])
def test_the_page_has_every_column_with_its_type(title: str, table: str) -> None:
    documented = re.findall(r"^\| `(\w+)` \| (\w+) \|", section(title), flags=re.MULTILINE)
    schema = arrow_schema(table)
    stored = [(field.name, "text" if pa.types.is_dictionary(field.type) else str(field.type)) for field in schema]
    assert documented == [(name, "text" if kind == "string" else kind) for name, kind in stored]


def test_the_listing_begins_as_the_stored_columns_do() -> None:
    upto = CONTRACT_COLUMNS.index("client_device")
    assert CONTRACT_COLUMNS[:upto] == tuple(CONVERSATION_COLUMNS)[:upto]


def test_the_page_names_every_log_and_event_that_is_read() -> None:
    imported = section("What is imported")
    assert [kind for kind in (*TAKERS, *TYPES) if f"`{kind}`" not in imported] == []
