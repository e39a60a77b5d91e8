"""A site's own tables: they win, they are checked, and they are gone when another folder holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from asepsis.knowledge.hardware import registered_vendor
from asepsis.knowledge.table import find
from asepsis.knowledge.vendors import vendor
from asepsis.pipeline.own_knowledge import KnowledgeError, use_knowledge

PREFIX = '{"prefix": "00:09:5c:11", "example": "00:09:5c:11:00:01", "vendor": "Acme Ward", "source": "label"}'
MAKER = '{"vendor": "Acme Ward", "aliases": ["acme ward devices"], "kind": "medical", "source": "invoice"}'
BANNER = '{"contains": "openssh", "example": "OpenSSH_8.2p1 Ubuntu-4", "os": "WardOS", "weight": 0.9, "source": "us"}'


@pytest.fixture(autouse=True)
def ours_again() -> Iterator[None]:
    yield
    use_knowledge(None)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("mac_prefixes", PREFIX), ("vendors", MAKER), ("ssh_banners", f"# ours\n{BANNER}\n")):
        (tmp_path / f"{name}.jsonl").write_text(text)
    return tmp_path


def test_rows_of_a_site_s_own_win_over_ours_and_add_to_them(folder: Path) -> None:
    assert registered_vendor("00:09:5c:11:00:01") == "Philips Medical Systems - Cardiac and Monitoring Systems (CM"
    assert use_knowledge(folder)
    assert registered_vendor("00:09:5c:11:00:01") == "Acme Ward"
    assert registered_vendor("00:09:5c:22:00:01").startswith("Philips")
    maker = vendor("ACME Ward Devices, Inc.")
    assert maker is not None
    assert (maker.name, maker.kind) == ("Acme Ward", "medical")
    # A word of ours that is longer, and would be the more exact one, gives way all the same.
    match = find("ssh_banners", "OpenSSH_8.2p1 Ubuntu-4")
    assert match is not None
    assert match.fact.os == "WardOS"
    assert find("ssh_banners", "dropbear_2019.78") is not None


def test_the_same_folder_is_taken_once_and_none_brings_ours_back(folder: Path) -> None:
    assert use_knowledge(folder)
    assert not use_knowledge(folder)
    assert use_knowledge(None)
    match = find("ssh_banners", "OpenSSH_8.2p1 Ubuntu-4")
    assert match is not None
    assert match.fact.os == "Ubuntu"
    assert vendor("Acme Ward Devices") is not None  # a name that nobody knows stands for itself
    assert not use_knowledge(folder / "nowhere")


def test_a_faulty_row_is_refused_by_file_and_line_and_what_held_holds_on(folder: Path) -> None:
    use_knowledge(folder)
    (folder / "ssh_banners.jsonl").write_text("# a remark\n{\n")
    with pytest.raises(KnowledgeError, match=r"ssh_banners\.jsonl:2: not JSON"):
        use_knowledge(folder)
    assert registered_vendor("00:09:5c:11:00:01") == "Acme Ward"


def test_a_table_that_cannot_be_read_is_an_error_that_names_it(folder: Path) -> None:
    (folder / "ssh_banners.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(KnowledgeError, match=r"ssh_banners\.jsonl") as raised:
        use_knowledge(folder)
    assert raised.value.code == "knowledge-unreadable"
