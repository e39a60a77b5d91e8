from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asepsis.devices import asset
from asepsis.devices.asset import Asset, AssetListError, Field, decoded, proposed_mapping, read_assets

LIST = """Asset No.;Manufacturer;Model;Serial Number;MAC Address;IP Address;Department;Criticality;Remarks
A-1;Hospira;Plum A+;0012345;00-09-5C-01-02-03;10.1.2.3;ICU;High;bought 2019
A-2;GE;B650;SN77;;;"Ward; 3";;
"""


def test_headings_are_recognised_however_they_are_written() -> None:
    read = read_assets(LIST)
    assert read.mapping["Asset No."] is Field.ASSET_NUMBER
    assert "Remarks" not in read.mapping
    assert read.errors == ()
    assert read.assets[0] == Asset(
        row=2,
        asset_number="A-1",
        vendor="Hospira",
        model="Plum A+",
        serial="0012345",
        mac="00:09:5c:01:02:03",
        ip="10.1.2.3",
        department="ICU",
        criticality="high",
    )
    assert read.assets[1].department == "Ward; 3"


def test_a_wrong_cell_is_named_by_row_and_column_and_the_rest_of_its_row_is_taken() -> None:
    read = read_assets("asset tag,mac,ip,criticality\nA-1,00:09:5c:01:02,10.1.2.999,sometimes\n")
    assert [(error.row, error.column) for error in read.errors] == [(2, "mac"), (2, "ip"), (2, "criticality")]
    assert read.assets == (Asset(row=2, asset_number="A-1"),)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("A-1,10.0.0.1,x", "cells"),
        (",", ""),
        ('A-1,"a\x01b"', "control"),
        ("A-1," + "9" * 600, "longer"),
    ],
)
def test_a_row_that_cannot_be_taken_says_why(row: str, why: str) -> None:
    read = read_assets(f"asset,ip\n{row}\n")
    assert [error.row for error in read.errors] == ([2] if why else [])
    assert all(why in error.message for error in read.errors)


def test_an_asset_number_that_stands_twice_is_taken_once() -> None:
    read = read_assets("asset,ip\nA-1,10.0.0.1\nA-1,10.0.0.2\n")
    assert [row.ip for row in read.assets] == ["10.0.0.1"]
    assert "row 2" in read.errors[0].message


def test_a_row_that_identifies_nothing_is_refused() -> None:
    assert "which device" in read_assets("asset,model\n,Plum\n").errors[0].message


def test_rows_are_counted_by_the_line_they_begin_on() -> None:
    read = read_assets('asset,place\nA-1,"two\nlines"\nA-2,here\n')
    assert [error.row for error in read.errors] == [2]  # a line break is no part of a place
    assert [row.row for row in read.assets] == [2, 4]


@pytest.mark.parametrize(
    "text",
    ["", "\n\n", "asset,asset\n1,2\n", ",".join(f"c{number}" for number in range(asset.COLUMNS_LIMIT + 1))],
)
def test_what_is_no_list_is_refused_as_a_whole(text: str) -> None:
    with pytest.raises(AssetListError):
        read_assets(text)


def test_a_mapping_must_fit_the_file_and_mean_everything_once() -> None:
    text = "a,b\n1,2\n"
    assert read_assets(text, {"a": Field.SERIAL}).assets[0].serial == "1"
    with pytest.raises(AssetListError, match="no column"):
        read_assets(text, {"c": Field.SERIAL})
    with pytest.raises(AssetListError, match="same meaning"):
        read_assets(text, {"a": Field.SERIAL, "b": Field.SERIAL})


def test_no_more_rows_and_errors_than_the_limits_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asset, "ROWS_LIMIT", 3)
    read = read_assets("asset\n" + "".join(f"A-{number}\n" for number in range(10)))
    assert len(read.assets) == 3
    assert "only the first 3" in read.errors[0].message
    monkeypatch.setattr(asset, "ERRORS_LIMIT", 2)
    assert len(read_assets("asset,ip\n" + "A,x\n" * 10).errors) == 2


def test_every_encoding_that_exports_use_is_read() -> None:
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "cp1252"):
        assert decoded("Gerät\nEKG\n".encode(encoding)) == "Gerät\nEKG\n"
    with pytest.raises(AssetListError):
        decoded(b"PK\x03\x04\0\0binary")


@given(st.text(max_size=300))
def test_no_text_raises_anything_but_its_own_error(text: str) -> None:
    try:
        read = read_assets(text)
    except AssetListError:
        return
    assert len(read.assets) <= read.rows


def test_the_first_of_two_headings_that_mean_the_same_is_proposed() -> None:
    assert proposed_mapping(["Model", "Model Number", "Vendor"]) == {"Model": Field.MODEL, "Vendor": Field.VENDOR}
