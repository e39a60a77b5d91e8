"""Writes ``docs/reference/configuration.md`` from ``asepsis.web.configuration``: ``make docs``.

Tables, keys, kinds and values that hold where nothing is said come from the classes, the meaning from the text below
each key. ``tests/test_docs.py`` fails when the page and the sources differ, or a key has no text.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from asepsis.web import configuration
from asepsis.web.configuration import CHOICES, PREFIX, RANGES, Configuration

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "configuration.md"

HEAD = """\
# Settings

Written by `make docs` from the sources.

All settings stand in one file, `workspace.toml` in the workspace, and all of them may be left out. `asepsis serve`
reads it when it starts. A table or key that does not exist is refused with its line, and so is a value of another kind.

An environment variable wins over the file: `ASEPSIS_<TABLE>_<KEY>`, such as `{example}`; lists are written with commas,
truth as `true` or `false`. Secrets never stand in the file: a key that ends in `_file` names a file that holds one,
which only its owner may read (`chmod 600`).

```toml
format = 1

[web]
host = "0.0.0.0"
port = 443
names = ["asepsis.hospital.example"]
```
"""


def texts(kind: type[Any]) -> dict[str, str]:
    """Key to the text below it."""
    tree = ast.parse(inspect.getsource(kind)).body[0]
    assert isinstance(tree, ast.ClassDef)
    found = {}
    for key, below in zip(tree.body, tree.body[1:], strict=False):
        if isinstance(key, ast.AnnAssign) and isinstance(key.target, ast.Name) and isinstance(below, ast.Expr):
            constant = below.value
            if isinstance(constant, ast.Constant) and isinstance(constant.value, str):
                found[key.target.id] = inspect.cleandoc(constant.value).replace("\n", " ").replace("``", "`")
    return found


def tables() -> dict[str, type[Any]]:
    """Table to its class, in the order of the sources."""
    return {field.name: type(field.default) for field in dataclasses.fields(Configuration)}


def page() -> str:
    """The whole page."""
    parts = [HEAD.format(example=f"{PREFIX}WEB_PORT=443")]
    for name, kind in tables().items():
        parts.append(f"\n## [{name}]\n\n{inspect.cleandoc(kind.__doc__ or '').replace('``', '`')}\n")
        parts.append("\n| key | kind | else | meaning |\n|---|---|---|---|\n")
        hints, meanings = get_type_hints(kind), texts(kind)
        for field in dataclasses.fields(kind):
            cells = (
                f"`{field.name}`",
                _kind(name, field.name, hints[field.name]),
                _shown(field.default),
                meanings.get(field.name, ""),
            )
            parts.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n")
    return "".join(parts)


def _kind(table: str, key: str, hint: Any) -> str:
    if (table, key) in CHOICES:
        return ", ".join(f"`{one}`" for one in CHOICES[table, key])
    if (table, key) in RANGES:
        low, high = RANGES[table, key]
        return f"whole number, {low} to {high}"
    if get_origin(hint) is tuple:
        assert get_args(hint)[0] is str
        return "list of texts"
    return {str: "text", int: "whole number", bool: "true or false"}[hint]


def _shown(value: Any) -> str:
    match value:
        case bool():
            return f"`{str(value).lower()}`"
        case "" | ():
            return ""
        case tuple():
            return ", ".join(f"`{one}`" for one in value)
        case _:
            return f"`{value}`"


if __name__ == "__main__":
    assert configuration.__doc__
    PAGE.write_text(page(), encoding="utf-8")
