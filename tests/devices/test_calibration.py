"""A confidence says how often such evidence was right; strength still decides what is shown, and doubt stays doubt."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from asepsis.devices.calibration import TABLE, calibrated
from asepsis.devices.clue import Attribute, Clue, Endpoint
from asepsis.devices.confidence import MOST, THRESHOLD, Support, judge
from asepsis.devices.device import SINGLE
from asepsis.devices.fold import fold
from asepsis.devices.observed import Observed
from asepsis.knowledge.table import folder
from asepsis.protocols.arp import Arp
from tests.devices.ward import MONITOR, by_ip, conversation, devices, sighting


def test_the_shipped_table_rises_and_names_known_attributes() -> None:
    document = json.loads((folder().parent / TABLE).read_text())
    assert document["attributes"]
    assert set(document["attributes"]) <= set(SINGLE)
    for points in document["attributes"].values():
        assert all(low[0] < high[0] and low[1] <= high[1] for low, high in pairwise(points))
        assert all(THRESHOLD <= strength <= 1 and 0 < share < 1 for strength, share in points)


@pytest.mark.parametrize("attribute", SINGLE)
def test_stronger_evidence_is_never_less_sure(attribute: str) -> None:
    sure = [calibrated(attribute, step / 100) for step in range(101)]
    assert all(low <= high for low, high in pairwise(sure))
    assert max(sure[:100]) <= MOST


def test_what_is_too_weak_and_what_has_no_labels_keeps_its_strength() -> None:
    assert calibrated("category", 0.39) == 0.39
    assert calibrated("category", 0.5) > 0.5
    assert calibrated("name", 0.55) == 0.55
    assert calibrated("udi", 0.6) == 0.6


def told(*makers: tuple[str, str, float]) -> Observed:
    endpoint = Endpoint(MONITOR, "")
    clues = [Clue(endpoint, Attribute.VENDOR, name, by, weight, 1, 1, 2, "c", 1) for name, by, weight in makers]
    return Observed(site="north", captures=("c",), clues=tuple(clues), ties=())


def test_uncontested_values_are_calibrated_and_contested_ones_are_not() -> None:
    plain = told(("Philips", "snmp", 0.8))
    (sure,), (strength,) = fold(plain).devices, fold(plain, calibrate=False).devices
    assert sure.vendor == strength.vendor == "Philips"
    assert sure.confidence["vendor"] == calibrated("vendor", strength.confidence["vendor"])
    assert sure.confidence["vendor"] > strength.confidence["vendor"]
    disputed = told(("Philips", "snmp", 0.8), ("Siemens Healthineers", "lldp", 0.45))
    (doubtful,), (before,) = fold(disputed).devices, fold(disputed, calibrate=False).devices
    assert doubtful.vendor == "Philips"
    assert doubtful.confidence["vendor"] == before.confidence["vendor"] < strength.confidence["vendor"]


def test_a_verdict_says_that_it_is_contested_only_by_what_would_be_shown() -> None:
    def heard(**weights: float) -> dict[str, Support]:
        return {value: Support(weights={"dicom": weight}, last_ns=0) for value, weight in weights.items()}

    assert judge("category", heard(ct=0.9, mr=0.45)).contested
    assert not judge("category", heard(ct=0.9, mr=0.3)).contested
    assert not judge("category", heard(ct=0.9, workstation=0.9)).contested


def test_a_maker_that_no_row_knows_keeps_its_strength() -> None:
    # IEEE RA public listing (MA-L): B0-09-D3 is registered to Avizia, of whom the table of makers has no row.
    mac = "b0:09:d3:00:00:01"
    claim = Arp(operation="REPLY", sender_mac=mac, sender_ip="10.0.0.9", target_mac="", target_ip="")
    found = by_ip(devices(sighting(claim, mac), conversation((mac, "10.0.0.9"), (MONITOR, "10.0.0.1"))), "10.0.0.9")
    assert (found.vendor, found.confidence["vendor"]) == ("Avizia", 0.45)
