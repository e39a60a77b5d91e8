"""The table and the CSV of devices."""

from __future__ import annotations

import csv
import io

import pytest
from rich.console import Console

from asepsis.cli.listing import CSV_COLUMNS, device_csv, device_name, device_table, ordered_addresses, product
from tests.cli.documents import device, unknown


def drawn(documents: list[dict[str, object]], width: int) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=False, highlight=False)
    console.print(device_table(documents, width=width))
    file = console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


@pytest.mark.parametrize("width", [60, 80, 119, 120, 200])
def test_no_line_is_wider_than_the_terminal_and_each_device_has_one(width: int) -> None:
    lines = drawn([device(), unknown()], width).rstrip().splitlines()
    assert all(len(line.rstrip()) <= width for line in lines)
    assert len([line for line in lines if "10.20.0." in line]) == 2


def test_a_narrow_terminal_still_shows_what_it_is_and_how_sure() -> None:
    text = drawn([device()], 80)
    for part in ("ct-1", "93%", "Example Medical", "10.20.0.14"):
        assert part in text


def test_a_wide_terminal_shows_hardware_address_system_and_last_sight_too() -> None:
    text = drawn([device()], 160)
    for part in ("00:09:5c:01:02:03", "VB20A", "2026-01-31 09:30", "d-7k3m9q"):
        assert part in text


def test_medical_devices_come_first_and_the_unknown_last() -> None:
    shown = drawn([unknown(), device(names=["pc-1"], category="workstation"), device()], 80).splitlines()[2:]
    assert [line.split()[0] for line in shown] == ["ct-1", "pc-1", "10.20.0.99"]


def test_what_is_not_known_is_said_to_be_unknown() -> None:
    assert "unknown" in drawn([unknown()], 80)


def test_the_site_is_shown_only_where_there_are_several() -> None:
    assert "Site" not in drawn([device()], 80)
    assert "north" in drawn([device(), device(site="north")], 80)


def test_what_there_is_no_room_for_is_left_out_before_anything_important_is_cut() -> None:
    for width in range(66, 200):
        text = drawn([device()], width)
        assert "Example Medical Scan 9000" in text
        assert "10.20.0.14 +1" in text
    assert "d-7k3m9q" in drawn([device()], 80)


def test_names_cannot_steer_the_terminal_or_be_taken_for_markup() -> None:
    text = drawn([device(names=["\x1b[31m[bold]evil[/bold]"])], 200)
    assert "\x1b" not in text
    assert "[bold]evil[/bold]" in text


def test_a_device_is_called_by_name_else_by_address_else_by_id() -> None:
    assert device_name(device()) == "ct-1"
    assert device_name(device(names=[])) == "10.20.0.14"
    assert device_name(device(names=[], addresses={"mac": ["00:09:5c:01:02:03"], "ip": []})) == "00:09:5c:01:02:03"
    assert device_name(device(names=[], addresses={"mac": [], "ip": []})) == "d-7k3m9q"


def test_the_address_that_people_know_comes_first() -> None:
    given = ["fe80::1", "2001:db8::1", "10.0.0.10", "10.0.0.9"]
    assert ordered_addresses(given) == ["10.0.0.9", "10.0.0.10", "2001:db8::1", "fe80::1"]


def test_the_vendor_is_not_said_twice() -> None:
    assert product(device(vendor="Hospira", model="Hospira Plum A+")) == "Hospira Plum A+"
    assert product(device(vendor="Hospira", model=None)) == "Hospira"
    assert product(device(vendor=None, model=None)) == ""


def test_csv_has_one_row_a_device_and_the_columns_of_its_page() -> None:
    rows = list(csv.DictReader(io.StringIO(device_csv([device(), unknown()]))))
    assert [tuple(row) for row in rows] == [CSV_COLUMNS, CSV_COLUMNS]
    assert rows[0]["ip"] == "10.20.0.14 fe80::209:5cff:fe01:203"
    assert rows[1]["category"] == ""


def test_a_device_name_is_no_formula_in_a_spreadsheet() -> None:
    rows = list(csv.DictReader(io.StringIO(device_csv([device(names=['=HYPERLINK("http://x","ct")'])]))))
    assert rows[0]["names"].startswith("'=")
