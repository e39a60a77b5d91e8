from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from asepsis.devices.asset import Asset
from asepsis.devices.reconciliation import By, Contradiction, Seen, reconcile


def seen(device: str, **values: object) -> Seen:
    known: dict[str, object] = {"macs": (), "ips": (), "names": (), "vendor": "", "model": "", "serial": ""}
    return Seen(id=device, **(known | values))  # type: ignore[arg-type]


def test_the_surest_tie_wins() -> None:
    rows = [Asset(row=2, asset_number="A-1", mac="00:09:5c:01:02:03", ip="10.0.0.2")]
    found = reconcile(
        rows, [seen("by-ip", ips=("10.0.0.2",)), seen("by-mac", macs=("00:09:5c:01:02:03",), ips=("10.0.0.9",))]
    )
    assert (found.matches[0].device, found.matches[0].by) == ("by-mac", By.MAC)
    assert found.matches[0].contradictions == (Contradiction(attribute="ip", listed="10.0.0.2", seen="10.0.0.9"),)
    assert found.unlisted == ("by-ip",)


def test_serial_numbers_are_compared_without_signs_and_leading_zeros() -> None:
    found = reconcile([Asset(row=2, serial="00-12 345")], [seen("a", serial="12345")])
    assert found.matches[0].by is By.SERIAL
    assert found.matches[0].contradictions == ()
    assert reconcile([Asset(row=2, serial="012")], [seen("a", serial="12")]).matches[0].device == ""


def test_names_are_compared_without_their_domain_and_an_asset_number_may_be_a_name() -> None:
    found = reconcile([Asset(row=2, asset_number="CT01")], [seen("a", names=("ct01.radiology.example",))])
    assert found.matches[0].by is By.NAME


def test_two_devices_that_fit_equally_are_told_and_neither_is_taken() -> None:
    found = reconcile([Asset(row=2, serial="12345")], [seen("a", serial="12345"), seen("b", serial="12345")])
    assert found.matches[0].device == ""
    assert found.matches[0].candidates == ("a", "b")
    assert found.unlisted == ("a", "b")
    assert len(found.unseen) == 1


def test_two_rows_that_claim_one_device_are_told_and_neither_gets_it() -> None:
    rows = [Asset(row=2, asset_number="A", serial="12345"), Asset(row=3, asset_number="B", serial="12345")]
    found = reconcile(rows, [seen("a", serial="12345")])
    assert [match.device for match in found.matches] == ["", ""]
    assert [match.candidates for match in found.matches] == [("a",), ("a",)]


def test_makers_and_models_that_are_only_written_otherwise_do_not_contradict() -> None:
    row = Asset(row=2, mac="00:09:5c:01:02:03", vendor="PHILIPS MEDICAL SYSTEMS GmbH", model="Plum A+")
    device = seen("a", macs=("00:09:5c:01:02:03",), vendor="Philips", model="Hospira Plum A+ 3")
    assert reconcile([row], [device]).matches[0].contradictions == ()
    other = seen("a", macs=("00:09:5c:01:02:03",), vendor="Baxter", model="Sigma Spectrum")
    assert [one.attribute for one in reconcile([row], [other]).matches[0].contradictions] == ["vendor", "model"]


KEYS = st.sampled_from(["11111", "22222", "33333", ""])


@given(st.lists(st.tuples(KEYS, KEYS)), st.lists(st.tuples(KEYS, KEYS), max_size=6))
def test_no_device_belongs_to_two_rows_and_each_is_tied_or_unlisted(
    rows: list[tuple[str, str]], devices: list[tuple[str, str]]
) -> None:
    assets = [Asset(row=number, serial=serial, name=name) for number, (serial, name) in enumerate(rows)]
    there = [
        seen(str(number), serial=serial, names=(name,) if name else ()) for number, (serial, name) in enumerate(devices)
    ]
    found = reconcile(assets, there)
    tied = [match.device for match in found.matches if match.device]
    assert len(tied) == len(set(tied))
    assert sorted([*tied, *found.unlisted]) == sorted(device.id for device in there)
    # The order of the rows decides nothing.
    backwards = reconcile(assets[::-1], there)
    assert [match.device for match in backwards.matches[::-1]] == [match.device for match in found.matches]
