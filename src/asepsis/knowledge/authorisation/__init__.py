"""Who may do what: the schema and the policies, in Cedar's own language, for people to read.

``schema.cedarschema`` says what decisions are about, ``*.cedar`` hold the policies by subject; they are handed to
``asepsis.web.authorisation``, which decides.
"""

from __future__ import annotations

from pathlib import Path

_FOLDER = Path(__file__).parent


def schema_text() -> str:
    """The schema, in Cedar's human-readable form."""
    return (_FOLDER / "schema.cedarschema").read_text(encoding="utf-8")


def policy_texts() -> dict[str, str]:
    """The shipped policies: text by file name, in the order of names."""
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(_FOLDER.glob("*.cedar"))}
