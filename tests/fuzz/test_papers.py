"""What people bring in (forms, MUD files, reports of scanners, states of tickets) with anything changed in it.

A value or the reader's own error, never another exception, and memory that is bounded.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import os
import random
import tracemalloc
import zipfile
from collections.abc import Callable

import pytest

from asepsis.exposure.design.mud import read_mud
from asepsis.exposure.mds2 import read_form
from asepsis.exposure.plan.tickets import read_states
from asepsis.exposure.reported.nessus import read_nessus
from asepsis.exposure.reported.nmap import read_nmap
from asepsis.exposure.reported.sarif import read_sarif
from asepsis.kernel.errors import AsepsisError
from tests.exposure.reported.test_reports import NESSUS, NMAP, SARIF
from tests.fuzz.test_feeds import MEMORY_LIMIT_BYTES, altered

ROUNDS = 20_000 if os.environ.get("ASEPSIS_SOAK") else 60

# Made by hand from RFC 8520 9 and RFC 9761 4.
MUD = json.dumps(
    {
        "ietf-mud:mud": {
            "mud-version": 1,
            "mud-url": "https://maker.test/pump.json",
            "is-supported": True,
            "from-device-policy": {"access-lists": {"access-list": [{"name": "out"}]}},
            "to-device-policy": {"access-lists": {"access-list": [{"name": "out"}]}},
        },
        "ietf-access-control-list:acls": {
            "acl": [
                {
                    "name": "out",
                    "type": "ipv4-acl-type",
                    "aces": {
                        "ace": [
                            {
                                "name": "a",
                                "matches": {
                                    "ipv4": {"ietf-acldns:dst-dnsname": "maker.test", "protocol": 6},
                                    "tcp": {"destination-port": {"operator": "eq", "port": 443}},
                                    "client-profiles": {"tls-dtls-profile": [{"name": "p", "cipher-suite": [4865]}]},
                                },
                                "actions": {"forwarding": "accept"},
                            },
                            {
                                "name": "b",
                                "matches": {"ipv4": {"destination-ipv4-network": "10.0.0.0/8"}},
                                "actions": {"forwarding": "accept"},
                            },
                        ]
                    },
                }
            ]
        },
    }
).encode()
FORM = "".join(
    f"TXCF-{place},question,{said},note\n" for place, said in enumerate(("Yes", "No", "N/A") * 3, 1)
).encode()
JIRA = json.dumps(
    {"issues": [{"key": "MED-1", "fields": {"labels": ["asepsis-a"], "status": {"statusCategory": {"key": "done"}}}}]}
).encode()


def _sheet() -> bytes:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for line in FORM.decode().splitlines():
        book.active.append(line.split(","))
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _workbook(content: bytes, chance: random.Random) -> bytes:
    """A workbook with one of its parts altered, so that what is within is met and not only the archive around it."""
    parts = zipfile.ZipFile(io.BytesIO(content))
    unlucky = chance.choice(parts.namelist())
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as whole:
        for name in parts.namelist():
            part = parts.read(name)
            whole.writestr(name, altered(part, chance) if name == unlucky else part)
    return made.getvalue()


def written(found: object) -> str:
    """All texts of a value; half of a character, which no database takes, stays what it is."""
    if isinstance(found, str):
        return found
    if isinstance(found, tuple | list):
        return "".join(map(written, found))
    if dataclasses.is_dataclass(found):
        return "".join(written(getattr(found, field.name)) for field in dataclasses.fields(found))
    return ""


READERS: dict[str, tuple[bytes, Callable[[bytes], object]]] = {
    "mud": (MUD, read_mud),
    "nmap": (NMAP, read_nmap),
    "nessus": (NESSUS, read_nessus),
    "sarif": (SARIF, read_sarif),
    "form": (FORM, lambda content: read_form("form", content)),
    "states": (b"id,state,ticket\na,done,CHG1\nb,open,\n", lambda content: read_states("states", content)),
    "jira": (JIRA, lambda content: read_states("states", content)),
}


@pytest.mark.parametrize("kind", [*READERS, "workbook"])
def test_altered_papers_are_values_or_the_readers_own_errors(kind: str) -> None:
    chance = random.Random(f"papers {kind}")
    seed, read = (b"", READERS["form"][1]) if kind == "workbook" else READERS[kind]
    book = _sheet() if kind == "workbook" else b""
    tracemalloc.start()
    try:
        for _ in range(ROUNDS):
            content = _workbook(book, chance) if book else altered(seed, chance)
            with contextlib.suppress(AsepsisError):
                written(read(content)).encode()
        assert tracemalloc.get_traced_memory()[1] < MEMORY_LIMIT_BYTES
    finally:
        tracemalloc.stop()
