"""``asepsis weaknesses`` end to end, on the captures that come with the tests."""

from __future__ import annotations

import json

import pytest

from asepsis.cli.exits import Exit
from asepsis.cli.main import run


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    assert run(["weaknesses", *arguments]) == Exit.DONE
    return capsys.readouterr().out


def test_each_weakness_is_shown_with_packets_that_are_in_the_captures(
    ward: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = json.loads(printed(capsys, "--json", "--workspace", ward))
    kinds = {one["weakness"] for one in found}
    assert kinds == {
        "patient-data-in-clear",
        "service-without-authentication",
        "credentials-in-clear",
        "default-credentials",
        "snmp-unprotected",
    }
    for one in found:
        assert one["care"]
        assert one["action"]
        assert all(seen["packet"] > 0 and len(seen["capture"]) == 64 for seen in one["evidence"])


def test_the_table_names_devices_and_one_device_is_shown_in_full(ward: str, capsys: pytest.CaptureFixture[str]) -> None:
    table = printed(capsys, "--workspace", ward, "--kind", "default-credentials")
    assert "sw1" in table
    assert "PACS_MAIN" not in table
    full = printed(capsys, "--workspace", ward, "--device", "sw1")
    assert "what to do:" in full
    assert "packet " in full


def test_an_unknown_kind_is_refused_with_the_list(ward: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["weaknesses", "--workspace", ward, "--kind", "sloth"]) == Exit.USAGE
    assert "patient-data-in-clear" in capsys.readouterr().err
