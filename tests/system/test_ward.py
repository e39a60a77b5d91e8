"""The devices that are found in the recorded ward are the hosts that were recorded, named as they announce themselves.

Expectations are exact only for what a host truly announced (``truth.json``); a part that is only played may be told
by a more general word or not at all, but never by a wrong one.
"""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

WARD = Path(__file__).resolve().parent.parent.parent / "tests" / "recordings"
COMPILE_SECONDS = 180.0

MEDICAL = {"pump-0117", "mon-b07", "chem1", "ct1", "us-room4"}
MORE_GENERAL = {"ris1": {"modality_worklist"}, "engine1": {"server"}, "nas1": {"server"}, "fridge7": {"smart_home"}}
"""Words that are right too: ris1 serves the worklist, and says nothing else that only a radiology system says."""

VENDORS = {
    "Ubiquiti Inc": "Ubiquiti",
    "Hewlett Packard Enterprise": "HPE",
    "Dell Inc.": "Dell",
    "Super Micro Computer, Inc.": "Supermicro",
    "GE Healthcare": "GE Healthcare",
    "Philips Healthcare PCCI": "Philips",
    "HP Inc.": "HP",
    "Philips Patient Monitoring": "Philips",
    "ICU Medical, Inc.": "ICU Medical",
    "Roche Diagnostics": "Roche",
    "Zebra Technologies Corp.": "Zebra",
    "Synology Incorporated": "Synology",
}
"""Who makes what bears the prefix. VMware's and Espressif's tell of a machine's substrate, not of its maker."""

GAPS: dict[tuple[str, str], str] = {}
"""What is announced and not yet shown, with the reason. A gap that closes fails its test: the list stays true."""

ANNOUNCED: list[tuple[str, str, str]] = [
    ("ct1", "category", "ct"),
    ("ct1", "model", "LabCT 16"),
    ("ct1", "serial", "LAB-CT-0042"),
    ("ct1", "firmware", "lab_ct 4.2.1"),
    ("ct1", "role", "dicom_image_source"),
    ("us-room4", "category", "ultrasound"),
    ("us-room4", "model", "LabSound 5"),
    ("us-room4", "serial", "LAB-US-0004"),
    ("us-room4", "firmware", "LS5_2.0.3"),
    ("pacs1", "category", "pacs"),
    ("pacs1", "role", "dicom_archive"),
    ("ris1", "role", "dicom_worklist_provider"),
    ("mon-b07", "model", "LabMon MP5"),
    ("mon-b07", "serial", "LAB-MON-0B07"),
    ("mon-b07", "firmware", "1.4"),
    ("sw1", "category", "network_switch"),
    ("wband2", "category", "printer"),
    ("gw", "category", "router"),
    ("gw", "role", "router"),
    ("nas1", "role", "file_server"),
    ("engine1", "role", "hl7_receiver"),
    ("fridge7", "role", "mqtt_client"),
    ("chem1", "category", "lab_analyser"),
    ("chem1", "model", "LABCHEM 311"),
    ("pump-0117", "udi", "09504000059118"),
    ("pump-0117", "serial", "LAB-PUMP-0117"),
]


@cache
def hosts() -> dict[str, dict[str, Any]]:
    return {host["name"]: host for host in json.loads((WARD / "truth.json").read_text())["hosts"]}


@pytest.fixture(scope="module")
def devices(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    where = ["--workspace", str(tmp_path_factory.mktemp("ward") / "workspace")]
    for words in (["analyze", str(WARD), *where], ["devices", "--json", *where]):
        argv = [sys.executable, "-m", "asepsis.cli", *words]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=COMPILE_SECONDS, check=False)
        assert done.returncode == 0, done.stderr
    shown: list[dict[str, Any]] = json.loads(done.stdout)
    return shown


@pytest.fixture(scope="module")
def device_of(devices: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    names = {host["mac"]: name for name, host in hosts().items()}
    return {names[device["addresses"]["mac"][0]]: device for device in devices}


def test_every_host_is_one_device_and_there_is_no_other(devices: list[dict[str, Any]]) -> None:
    shown = sorted(device["addresses"]["mac"] for device in devices)
    assert shown == sorted([host["mac"]] for host in hosts().values())


def test_a_device_has_its_hosts_addresses_and_nobody_elses(device_of: dict[str, dict[str, Any]]) -> None:
    for name, host in hosts().items():
        shown = set(device_of[name]["addresses"]["ip"])
        assert set(host["ipv4"]) <= shown, name
        assert shown <= {*host["ipv4"], *host["ipv6"]}, name


def announced(name: str, attribute: str, value: str) -> Any:
    gap = GAPS.get((name, attribute))
    marks = [pytest.mark.xfail(reason=gap, strict=True)] if gap else []
    return pytest.param(name, attribute, value, marks=marks, id=f"{name}-{attribute}")


@pytest.mark.parametrize(("name", "attribute", "value"), [announced(*said) for said in ANNOUNCED])
def test_what_a_host_announces_is_shown(
    device_of: dict[str, dict[str, Any]], name: str, attribute: str, value: str
) -> None:
    assert device_of[name][attribute] == value


def test_no_device_is_called_what_it_is_not(device_of: dict[str, dict[str, Any]]) -> None:
    wrong = {}
    for name, host in hosts().items():
        right = {None, host["plays"], *MORE_GENERAL.get(name, ())} | ({"medical_device"} if name in MEDICAL else set())
        if device_of[name]["category"] not in right:
            wrong[name] = device_of[name]["category"]
    assert not wrong


def test_the_maker_of_a_device_is_the_holder_of_its_prefix(device_of: dict[str, dict[str, Any]]) -> None:
    shown = {name: device_of[name]["vendor"] for name in hosts()}
    assert shown == {name: VENDORS.get(host["mac_prefix_of"] or "") for name, host in hosts().items()}


def test_a_name_given_to_the_address_server_is_a_name_of_the_device(device_of: dict[str, dict[str, Any]]) -> None:
    for name, host in hosts().items():
        said = {entry["value"] for entry in host["announces"] if entry["field"] == "dhcp.option.hostname"}
        shown = {text.lower() for text in device_of[name]["names"]}
        assert {text.lower() for text in said} <= shown, name


def test_application_entity_titles_and_system_names_are_names(device_of: dict[str, dict[str, Any]]) -> None:
    for name, title in (
        ("ct1", "CT_ROOM1"),
        ("us-room4", "US_ROOM4"),
        ("pacs1", "PACS_MAIN"),
        ("ris1", "LABWORKLIST"),
        ("readws1", "READ_WS1"),
        ("sw1", "sw1"),
        ("wband2", "wband2"),
    ):
        assert title in device_of[name]["names"], name


def test_a_title_that_was_rejected_is_nobodys_name(devices: list[dict[str, Any]]) -> None:
    assert not [device["names"] for device in devices if "NO_SUCH_AE" in device["names"]]


def test_no_device_has_a_device_identifier_that_it_did_not_state(device_of: dict[str, dict[str, Any]]) -> None:
    """Only the pump states one (PRT-16). An EUI-64, or the name of an instrument in OBX-18, is none."""
    stated = {name: device["udi"] for name, device in device_of.items() if device["udi"] is not None}
    assert set(stated) <= {"pump-0117"}


def test_no_patient_of_the_story_is_named_anywhere(devices: list[dict[str, Any]]) -> None:
    text = json.dumps(devices)
    for word in ("TEST^PATIENT", "TEST0001", "TEST0002", "TEST^PHYSICIAN", "19000101"):
        assert word not in text


def test_evidence_leads_to_a_packet_of_a_shipped_capture(devices: list[dict[str, Any]]) -> None:
    manifest = json.loads((WARD / "manifest.json").read_text())
    packets = {entry["blake3"]: entry["packets"] for entry in manifest["captures"]}
    for device in devices:
        assert device["evidence"]
        for clue in device["evidence"]:
            assert 1 <= clue["packet"] <= packets[clue["capture"]], clue


def test_a_visitor_with_a_random_address_is_not_given_a_maker(device_of: dict[str, dict[str, Any]]) -> None:
    assert device_of["visitor"]["vendor"] is None
    assert device_of["visitor"]["model"] is None
