"""Ends of support: rows are found and have sources; a name that may mean something newer accuses nobody."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

import asepsis.knowledge
from asepsis.knowledge.support import support_of_ssh, support_of_system
from asepsis.knowledge.table import rows

TABLE = Path(asepsis.knowledge.__file__).with_name("exposure") / "support_ends.jsonl"
ROWS = rows(TABLE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.get("os") or row["ssh"])
def test_every_row_is_found_and_names_its_source(row: dict[str, str]) -> None:
    assert row.keys() == {"os" if "os" in row else "ssh", "product", "ends", "source"}
    found = support_of_system(row["os"]) if "os" in row else support_of_ssh(f"{row['ssh']}1")
    assert found is not None
    assert (found.product, found.ends, found.source) == (row["product"], date.fromisoformat(row["ends"]), row["source"])
    assert found.source


@pytest.mark.parametrize(
    "name", ["Windows", "Windows 10 or 11", "Windows 10", "Linux", "Debian", "Unix with Samba", ""]
)
def test_a_name_that_may_mean_something_supported_is_unknown(name: str) -> None:
    assert support_of_system(name) is None


@pytest.mark.parametrize(
    ("identification", "product"),
    [
        ("OpenSSH_6.7p1 Debian-5+deb8u3", "Debian 8"),
        ("OpenSSH_7.4p1 Debian-10+deb9u7", "Debian 9"),
        ("OpenSSH_7.9p1 Debian-10+deb10u2", "Debian 10"),
        ("OpenSSH_8.2p1 Ubuntu-4ubuntu0.11", "Ubuntu 20.04"),
        ("OpenSSH_5.3", "OpenSSH 5"),
    ],
)
def test_a_distribution_wins_over_the_number_of_openssh(identification: str, product: str) -> None:
    found = support_of_ssh(identification)
    assert found is not None
    assert found.product == product


@pytest.mark.parametrize("identification", ["OpenSSH_9.6p1", "dropbear_2022.83", "Cisco-1.25", ""])
def test_software_without_a_published_end_is_unknown(identification: str) -> None:
    assert support_of_ssh(identification) is None
