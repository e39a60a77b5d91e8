"""Looking texts up in tables of facts."""

from __future__ import annotations

import pytest

from asepsis.knowledge.table import LONGEST_TEXT, Table, find, folder, rows, table


def made(*entries: dict[str, str]) -> Table:
    return Table("made", [{"source": "this test", **entry} for entry in entries])


@pytest.mark.parametrize(
    ("text", "model"),
    [
        ("alpha", "exact"),
        ("alpha beta", "longer prefix"),
        ("alpha 9", "prefix"),
        ("the gamma ray", "contained"),
        ("a.b.example.org", "suffix"),
        ("b.example.org.", "suffix"),
        ("notexample.org", None),
        ("gammas", None),
        ("", None),
    ],
)
def test_the_most_exact_row_answers(text: str, model: str | None) -> None:
    made_table = made(
        {"exact": "Alpha", "model": "exact"},
        {"prefix": "alpha ", "model": "prefix"},
        {"prefix": "alpha b", "model": "longer prefix"},
        {"contains": "Gamma", "model": "contained"},
        {"suffix": "example.org", "model": "suffix"},
    )
    match = made_table.find(text)
    assert (match.fact.model if match else None) == model


def test_a_contained_text_is_a_word_of_its_own() -> None:
    signa = made({"contains": "signa", "model": "Signa"})
    assert signa.find("SIGNA HDxt") is not None
    assert signa.find("GE Signa") is not None
    assert signa.find("signal.example.org") is None
    assert signa.find("designa") is None


def test_a_contained_text_that_ends_with_a_sign_needs_no_end_of_word() -> None:
    assert made({"contains": "hs100(", "model": "HS100"}).find("HS100(EU)") is not None


def test_the_version_is_what_stands_behind_the_match() -> None:
    agent = made({"prefix": "Pump/", "model": "Pump", "version": "firmware"})
    match = agent.find("Pump/12.1.2 (Linux)")
    assert match is not None
    assert match.version == "12.1.2"


def test_a_long_text_is_cut_before_it_is_searched() -> None:
    late = made({"contains": "needle", "model": "found"})
    assert late.find("x" * LONGEST_TEXT + " needle") is None
    assert late.find("needle " + "x" * 10_000_000) is not None


def test_what_is_remembered_does_not_change_the_answer() -> None:
    one = made({"prefix": "alpha", "model": "found"})
    assert one.find("alpha 1") == one.find("alpha 1")
    assert one.find("beta") is None
    assert one.find("beta") is None


def test_remarks_and_empty_lines_are_no_rows() -> None:
    assert rows('# a remark\n\n{"exact": "a"}\n') == [{"exact": "a"}]


@pytest.mark.parametrize(
    "name", sorted(path.stem for path in folder().glob("*.jsonl") if path.stem not in ("vendors", "description_forms"))
)
def test_every_table_can_be_read_and_finds_its_own_rows(name: str) -> None:
    for row in rows((folder() / f"{name}.jsonl").read_text(encoding="utf-8")):
        for match in ("exact", "prefix", "contains", "suffix"):
            if match in row:
                assert table(name).find(row[match]) is not None, row


@pytest.mark.parametrize(
    ("name", "text", "attribute", "value"),
    [
        ("dicom_implementations", "1.3.12.2.1107.5.1", "category", "ct"),
        ("dicom_implementations", "1.2.276.0.7230010.3.0.3.6.7", "kind", "toolkit"),
        ("dicom_modalities", "MG", "category", "mammography"),
        ("dicom_sop_classes", "1.2.840.10008.5.1.4.31", "kind", "worklist"),
        ("dhcp_parameters", "1,3,6,15,31,33,43,44,46,47,119,121,249,252", "os", "Windows 10"),
        ("dhcp_vendor_classes", "udhcp 1.22.1", "os", "Linux"),
        ("ssh_banners", "OpenSSH_9.2p1 Debian-2+deb12u2", "os", "Debian"),
        ("mdns_services", "_ipp._tcp", "category", "printer"),
        ("snmp_enterprises", "9", "vendor", "Cisco"),
        ("services", "tcp/9100", "category", "printer"),
        ("udi_issuers", "+H123PARTNO", "kind", "HIBCC"),
        ("udi_makers", "00802526077494", "vendor", "Boston Scientific"),
        ("products", "Hospira Plum A+", "category", "infusion_pump"),
        ("domains", "gateway.carelink.minimed.com", "vendor", "Medtronic"),
    ],
)
def test_known_texts_are_known(name: str, text: str, attribute: str, value: str) -> None:
    match = find(name, text)
    assert match is not None
    assert getattr(match.fact, attribute) == value
