"""Every attack is labelled with a technique that ATT&CK for ICS has, and needs kinds that the hospital has."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from lab.hospital import attacks, kinds, topology


def test_every_technique_is_one_of_the_framework(archive: Callable[[str], Path]) -> None:
    content = json.loads((archive("frameworks") / "ics-attack-18.1.json").read_text())
    known = {
        reference["external_id"]: entry["name"]
        for entry in content["objects"]
        if entry["type"] == "attack-pattern" and not entry.get("revoked")
        for reference in entry["external_references"]
        if reference["source_name"] == "mitre-attack"
    }
    for attack in attacks.catalogue().values():
        number, _, name = attack.technique.partition(" ")
        assert known.get(number) == name, attack.name


def test_every_attack_needs_kinds_that_there_are_and_says_what_suffers() -> None:
    for attack in attacks.catalogue().values():
        assert set(attack.needs) <= set(kinds.names()), attack.name
        assert attack.function
        assert attack.tool


def test_a_campaign_leaves_out_what_the_hospital_cannot_suffer() -> None:
    known = attacks.catalogue()
    here = {device.kind for device in topology.read().only({"pc1", "pacs1"}).devices.values()}
    possible = {name for name, attack in known.items() if set(attack.needs) <= here}
    assert "cfind_harvest" in possible
    assert "pump_settings" not in possible
