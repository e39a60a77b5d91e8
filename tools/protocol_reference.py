"""Writes ``docs/reference/protocols.md`` from the protocols' modules and their observers: ``make docs``.

``tests/test_docs.py`` fails when the page and the sources differ.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from asepsis.protocols.registry import PROTOCOLS, dissector
from tools.told import told

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "protocols.md"

HEAD = """\
# Protocols: what is read

Written by `make docs` from the modules of `src/asepsis/protocols` and the observers of `src/asepsis/devices/observe`.

{count} protocols are read. Each module passes the same checks (`tests/protocols/conformance.py`): empty, cut at every
byte, bits turned over, lengths that lie, split at every place; and keeps no text of patients and no secret.
[Add a protocol](../how-to/add-a-protocol.md) is a how-to.

*Carried in*: single datagrams or frames, or the bytes of a conversation. *Tells*: attributes of a device that its
messages name. *Asks*: [tables of knowledge](identification.md#tables-of-knowledge) that its words are looked up in,
whose rows tell more. The name is that in `asepsis analyze --json`, `asepsis conversations` and in the evidence of
`asepsis device`.

| name | what it is | carried in | tells | asks |
|---|---|---|---|---|
"""


def page() -> str:
    """The whole page, in the order of the registry."""
    return HEAD.format(count=len(PROTOCOLS)) + "".join(row(protocol) for protocol in PROTOCOLS)


def row(protocol: str) -> str:
    """One line of the table."""
    module = import_module(f"asepsis.protocols.{protocol}")
    said = (module.__doc__ or "").strip().split("\n\n", 1)[0].replace("\n", " ").rstrip(".")
    found = dissector(protocol)
    ways = [("datagrams", found.datagram), ("a conversation", found.open)]
    carried = " or ".join(name for name, way in ways if way is not None)
    tells = told(protocol)
    cells = (
        f"`{protocol}`",
        said.replace("|", "\\|"),
        carried,
        ", ".join(tells.attributes)
        or ("by its tables" if tells.tables else "addresses" if tells.module else "nothing"),
        ", ".join(f"`{name}`" for name in tells.tables),
    )
    return f"| {' | '.join(cells)} |\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
