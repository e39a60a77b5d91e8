"""What the observers say of devices, read out of their sources: for the reference pages."""

from __future__ import annotations

import ast
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import asepsis.devices.observe as observe
from asepsis.devices.clue import Attribute
from asepsis.devices.observe.observer import _MODULES
from asepsis.devices.observe.say import Reader
from asepsis.knowledge.table import folder

FOLDER = Path(observe.__file__).parent
# Methods of ``Say`` that tell an attribute without naming it, and tables that they ask.
_METHODS = {
    "named": ({Attribute.NAME}, {"hostnames", "products"}),
    "made_by": ({Attribute.VENDOR}, {"vendors"}),
    "of_maker": ({Attribute.VENDOR}, {"vendors"}),
    "known_maker": ({Attribute.VENDOR}, {"vendors"}),
    "tied": (set[Attribute](), set[str]()),
}
# Names of tables as they stand in the sources; a word that means something else there as well is not looked for.
_TABLES = {path.stem for path in folder().glob("*.jsonl")} - {"services", "vendors"}


class Told(NamedTuple):
    """What a protocol's messages can tell."""

    module: str
    """Of ``asepsis.devices.observe``; empty for a protocol that says nothing of a device."""
    messages: tuple[str, ...]
    """The message classes that are read."""
    attributes: tuple[str, ...]
    tables: tuple[str, ...]
    """Tables of knowledge that are asked."""


def told(protocol: str) -> Told:
    """What the messages of a protocol can tell, by the functions that explain them."""
    module = _MODULES.get(protocol, "")
    if not module:
        return Told("", (), (), ())
    readers: dict[type, Reader] = import_module(f"asepsis.devices.observe.{module}").READERS
    own = {kind: reader for kind, reader in readers.items() if protocol == kind.PROTOCOL}  # type: ignore[attr-defined]  # every message class names its protocol
    attributes: set[str] = set()
    tables: set[str] = set()
    for reader in own.values():
        name = getattr(reader.explain, "__name__", "")
        source = reader.explain.__module__.rsplit(".", 1)[-1]
        more, asked = _reached(source, name, frozenset())
        attributes |= more
        tables |= asked
    attributes.discard(Attribute.IDENTIFIER)
    order = [attribute.value for attribute in Attribute]
    return Told(
        module=module,
        messages=tuple(sorted(kind.__name__ for kind in own)),
        attributes=tuple(sorted(attributes, key=order.index)),
        tables=tuple(sorted(tables)),
    )


@cache
def _tree(module: str) -> tuple[dict[str, ast.AST], dict[str, str]]:
    """Top-level names of a module of observers, and where imported functions come from."""
    tree = ast.parse((FOLDER / f"{module}.py").read_text(encoding="utf-8"))
    named: dict[str, ast.AST] = {}
    imported: dict[str, str] = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            named[node.name] = node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if isinstance(target, ast.Name):
                    named[target.id] = node
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("asepsis.devices.observe."):
            for alias in node.names:
                imported[alias.asname or alias.name] = str(node.module).rsplit(".", 1)[-1]
    return named, imported


def _reached(module: str, name: str, seen: frozenset[tuple[str, str]]) -> tuple[set[str], set[str]]:
    """Attributes and tables named in a function and in everything of the observers that it uses."""
    attributes: set[str] = set()
    tables: set[str] = set()
    if (module, name) in seen or module == "say":
        return attributes, tables
    seen |= {(module, name)}
    named, imported = _tree(module)
    node = named.get(name)
    if node is None:
        return attributes, tables
    for part in ast.walk(node):
        if isinstance(part, ast.Attribute):
            if isinstance(part.value, ast.Name) and part.value.id == "Attribute":
                attributes.add(Attribute[part.attr].value)
            elif part.attr in _METHODS:
                more, asked = _METHODS[part.attr]
                attributes |= {one.value for one in more}
                tables |= asked
        if isinstance(part, ast.Constant) and part.value in _TABLES:
            tables.add(part.value)
        if isinstance(part, ast.Name) and part.id != name:
            where = imported.get(part.id, module)
            more_attributes, more_tables = _reached(where, part.id, seen)
            attributes |= more_attributes
            tables |= more_tables
    return attributes, tables
