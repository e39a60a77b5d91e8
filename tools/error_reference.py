"""Writes ``docs/reference/errors.md`` from the sources: ``make docs``.

Every place that raises or makes an ``AsepsisError`` names a code, a message and often a hint; this reads them
from the syntax tree. ``tests/test_docs.py`` fails when the page and the sources differ.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from asepsis.cli.exits import EXIT_OF_ERROR, Exit

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "src" / "asepsis"
PAGE = ROOT / "docs" / "reference" / "errors.md"

HEAD = """\
# Errors and exit codes

Written by `make docs` from the sources.

An error is one line on standard error and, where something can be done, a hint below it. Its code is stable; the words
may improve. What stands in braces is filled in.

| exit | means |
|---|---|
| 0 | done |
| 1 | refused, or found what the verb looks for (`doctor`: something is bad) |
| 2 | the command line was wrong |
| 3 | failed |
| 130 | interrupted by Ctrl-C |

An error that no code foresaw ends with 3 and one line; `--debug` shows its traceback.

| code | exit | message | hint |
|---|---|---|---|
"""


def errors() -> Iterator[tuple[str, str, str]]:
    """Code, message and hint of every error that the sources can make."""
    for path in sorted(SOURCES.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            named = {keyword.arg: keyword.value for keyword in node.keywords}
            if "code" in named and _is_error(node.func):
                message = spelled(node.args[0]) if node.args else ""
                yield spelled(named["code"]), message, spelled(named["hint"]) if "hint" in named else ""


def _is_error(function: ast.expr) -> bool:
    name = (
        function.id if isinstance(function, ast.Name) else function.attr if isinstance(function, ast.Attribute) else ""
    )
    return name.endswith("Error")


def spelled(node: ast.expr) -> str:
    """The text of a literal; what a program fills in stands in braces."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(spelled(part) for part in parts)
        case ast.FormattedValue(value=inner):
            return "{" + filled_in(inner) + "}"
        case ast.BinOp(left=left, right=right, op=ast.Add()):
            return spelled(left) + spelled(right)
        case _:
            return "{" + filled_in(node) + "}"


def filled_in(node: ast.expr) -> str:
    """A word or two for what an expression gives: the last name in it."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name.strip("_").replace("_", " ").lower()
        case ast.Call(args=[argument, *_]):
            return filled_in(argument)
        case ast.Call(func=ast.Attribute(value=inner)) | ast.Subscript(value=inner) | ast.BinOp(left=inner):
            return filled_in(inner)
        case ast.BoolOp(values=[first, *_]):
            return filled_in(first)
        case _:
            return "..."


def page() -> str:
    """The whole page, sorted by code."""
    rows = sorted(set(errors()))
    lines = [
        f"| `{code}` | {int(EXIT_OF_ERROR.get(code, Exit.FAILED))} | {_cell(message)} | {_cell(hint)} |"
        for code, message, hint in rows
    ]
    return HEAD + "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
