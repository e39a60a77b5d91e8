"""Writes ``docs/reference/weaknesses.md`` from the list of kinds: ``make docs``.

``tests/test_docs.py`` fails when the page and the list differ.
"""

from __future__ import annotations

from pathlib import Path

from asepsis.exposure.weaknesses import KINDS

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "weaknesses.md"

HEAD = """\
# Weaknesses: what devices' own traffic shows

Written by `make docs` from the sources.

`asepsis weaknesses` lists them. Nothing is sent to any device: each comes from packets that somebody captured, and
each names the capture and the packet that show it. **A weakness that never showed is not listed**; an empty list is no
proof of strength. Only what was recognised by its content counts, but for contacts with the internet and management
from it, where the answered connection is the fact. Ends of support come from
`src/asepsis/knowledge/exposure/support_ends.jsonl`, each date with its source; a name that may also mean a supported
system accuses nobody. Certificates are judged by the moment at which they were shown.

`asepsis weaknesses --json` prints one array; a member is `{"device", "weakness", "title", "term", "care", "action",
"count", "first_seen", "last_seen", "evidence": [{"what", "protocol", "partner", "capture", "packet", "count",
"first_seen", "last_seen"}]}`. `partner` is the id of the device at the other end, or its address, or null. At most
twelve pieces of evidence are named, the most frequent first; `count` counts all.

Whose weakness it is: patient data in clear, that of the device that sends them; a password in clear, that of the
service that takes it (of the client, where the service is not ours); everything else, that of the device that serves.

Not told from traffic: passwords other than the few that makers deliver everywhere, encryption that is broken inside
(a certificate that nobody checks), patches, and every service that nobody used while it was watched.

| weakness | term | for care | what to do |
|---|---|---|---|
"""


def page() -> str:
    """The page as the sources have it."""
    rows = (f"| `{kind.id}`: {kind.title} | {kind.term} | {kind.care} | {kind.action} |\n" for kind in KINDS.values())
    return HEAD + "".join(rows)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
