"""A score counts what is right, broader, unknown and wrong, and a planted mistake lowers it."""

from __future__ import annotations

import copy
from typing import Any
from xml.etree import ElementTree

import pytest

from asepsis.knowledge.vocabulary import Role
from lab import measures
from lab.hospital import kinds
from lab.roles import ROLES_OF_KIND, ROLES_OF_PROGRAM
from lab.tellable import TOLD_BY, can_be_told

MAC = "00:11:22:00:00:0{}"


def host(number: int, category: str, *, kept: bool = False, **answers: Any) -> dict[str, Any]:
    return {
        "name": f"h{number}",
        "kind": category,
        "mac": MAC.format(number),
        "macs": [MAC.format(number)],
        "mac_prefix_of": "Dell Inc.",
        "kept_from_tuning": kept,
        "ipv4": [f"10.0.0.{number}"],
        "ipv6": [],
        "programs": ["storescu"],
        "announces": [],
        "answers": {"category": category, "vendor": None, "model": None, "firmware": None, "serial": None, **answers},
    }


def device(number: int, category: str | None, **more: Any) -> dict[str, Any]:
    return {
        "addresses": {"mac": [MAC.format(number)], "ip": [f"10.0.0.{number}"]},
        "category": category,
        "confidence": {"category": 0.95, "vendor": 0.95, "model": 0.95, "role": 0.95, "os": 0.95},
        "vendor": None,
        "model": None,
        "firmware": None,
        "serial": None,
        **more,
    }


HOSTS = [host(1, "ct", model="LabCT"), host(2, "infusion_pump", kept=True), host(3, "pacs", vendor="Dell")]
RIGHT = [device(1, "ct", model="LabCT"), device(2, "infusion_pump"), device(3, "pacs", vendor="Dell")]


def test_right_answers_have_the_full_score() -> None:
    result = measures.score([(RIGHT, HOSTS)])
    assert result["macro_f1"] == 1.0
    assert result["wrong_claims"] == 0.0
    assert result["wrong"] == []
    assert result["claims"] == 5
    assert {k: n for k, n in result["addresses"].items() if n} == {
        "hosts that are one device": 3,
        "addresses tied rightly": 3,
    }
    assert result["expected_calibration_error"] == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("number", "change", "goal"),
    [
        (0, {"category": "mr"}, "category macro-F1"),
        (1, {"category": "pacs"}, "wrong names on kinds kept"),
        (0, {"model": "Other"}, "wrong vendor, model"),
        (0, {"vendor": "Siemens"}, "wrong vendor, model"),
        (0, {"firmware": "1.0"}, "wrong vendor, model"),
        (0, {"role": "mqtt_broker"}, "expected calibration"),
        (0, {"os": "VxWorks"}, "expected calibration"),
    ],
)
def test_a_planted_mistake_breaks_its_goal(number: int, change: dict[str, str], goal: str) -> None:
    wrong = copy.deepcopy(RIGHT)
    wrong[number].update(change)
    result = measures.score([(wrong, HOSTS)])
    assert result["wrong"]
    assert [entry["goal"] for entry in result["goals"] if not entry["met"] and entry["goal"].startswith(goal)]


@pytest.mark.parametrize(
    ("answer", "truth", "verdict"),
    [
        ("ct", "ct", "right"),
        ("imaging_modality", "ct", "broader"),
        ("medical_device", "infusion_pump", "broader"),
        ("server", "pacs", "broader"),
        (None, "ct", "unknown"),
        ("mr", "ct", "wrong"),
        ("ct", "imaging_modality", "wrong"),
        ("workstation", "medication_cabinet", "broader"),
        ("workstation", "infusion_pump", "wrong"),
        ("workstation", "server", "wrong"),
        ("server", "workstation", "wrong"),
        ("server", "infusion_pump", "wrong"),
        ("virtual_machine", "server", "broader"),
        ("network_scanner", "ct", "wrong"),
    ],
)
def test_a_category_is_judged_by_the_closed_list(answer: str | None, truth: str, verdict: str) -> None:
    assert measures.category_verdict(answer, truth) == verdict


def test_a_host_that_cannot_be_told_is_no_miss_and_may_still_be_wrong() -> None:
    silent = {**host(4, "smart_bed"), "category_told_by": None}
    hosts = [*HOSTS, silent]
    result = measures.score([([*RIGHT, device(4, None)], hosts)])
    assert result["macro_f1"] == 1.0
    assert result["categories"][measures.UNTOLD] == {"unknown": 1}
    wrong = measures.score([([*RIGHT, device(4, "ct")], hosts)])
    assert wrong["macro_f1"] < 1.0, "a false alarm of another category"
    assert wrong["wrong"] == ["h4: ct is smart_bed"]


def test_a_host_that_can_be_told_is_a_miss_when_it_is_not() -> None:
    assert measures.score([([device(1, None), *RIGHT[1:]], HOSTS)])["macro_f1"] == 0.5
    assert measures.score([([device(1, "imaging_modality"), *RIGHT[1:]], HOSTS)])["macro_f1"] == 0.5


def test_the_truth_s_own_word_on_what_tells_it_comes_before_the_table() -> None:
    bed = host(1, "smart_bed")
    assert not can_be_told(bed)
    assert can_be_told({**bed, "category_told_by": "SNMP"})
    assert not can_be_told({**host(1, "ct"), "category_told_by": None})


def test_every_kind_of_the_lab_has_its_line_on_what_tells_it() -> None:
    assert set(TOLD_BY) == set(kinds.names())


def test_a_general_word_that_is_true_is_no_false_alarm() -> None:
    pairs = [("server", "server"), ("ct", "ct")]
    assert measures.macro_f1(pairs, [("pacs", "server")]) == 1.0
    assert measures.macro_f1(pairs, [("infusion_pump", "server")]) < 1.0
    assert measures.macro_f1(pairs, [("infusion_pump", "infusion_pump")]) == 1.0


def test_a_model_is_right_as_whole_words_of_what_was_announced() -> None:
    said = [{"field": "lldp", "value": "HP J9773A 2530-24G-PoEP Switch, revision 2"}]
    switch = {**host(1, "network_switch", model="2530-24G"), "announces": said}
    assert measures.claim_right("model", "2530-24G-PoEP", switch)
    assert measures.claim_right("model", "2530-24G", switch)
    assert not measures.claim_right("model", "2530", switch)
    assert not measures.claim_right("model", "2", switch)
    assert not measures.claim_right("firmware", "2", switch)


def test_few_claims_are_called_few() -> None:
    assert not measures.score([(RIGHT, HOSTS)])["claims_enough"]
    assert "of 2000" in measures.report(measures.score([(RIGHT, HOSTS)]))
    assert measures.score([(RIGHT, HOSTS)] * 400)["claims_enough"]


def test_a_maker_may_be_spelled_as_he_is_registered_or_known() -> None:
    philips = host(1, "ct", vendor="Philips")
    assert measures.claim_right("vendor", "Philips", philips)
    assert measures.claim_right("vendor", "Dell", philips), "the holder of the prefix is no wrong answer"
    assert not measures.claim_right("vendor", "Canon Medical", philips)


def test_a_split_host_and_a_foreign_address_are_counted() -> None:
    split = [*RIGHT, {**device(1, None), "addresses": {"mac": [MAC.format(1)], "ip": ["10.0.0.99"]}}]
    ties = measures.score([(split, HOSTS)])["addresses"]
    assert ties["hosts that were split"] == 1
    assert ties["addresses of others"] == 1


def test_recordings_are_pooled() -> None:
    assert measures.score([(RIGHT, HOSTS), (RIGHT, HOSTS)])["claims"] == 10


def test_calibration_is_the_distance_between_sureness_and_truth() -> None:
    curve, error = measures.calibration([(0.9, True)] * 9 + [(0.9, False)])
    assert error == pytest.approx(0.0)
    assert curve == [{"confidence": pytest.approx(0.9), "right": pytest.approx(0.9), "claims": 10.0}]
    assert measures.calibration([(0.99, False)])[1] == pytest.approx(0.99)
    assert measures.calibration([]) == ([], 0.0)


def test_the_picture_is_well_formed_and_has_a_dot_for_each_bin() -> None:
    curve, _ = measures.calibration([(0.2, False), (0.9, True)])
    tree = ElementTree.fromstring(measures.picture(curve))
    assert len(tree.findall("{http://www.w3.org/2000/svg}circle")) == 2


def test_the_report_names_every_goal_and_every_mistake() -> None:
    wrong = [{**RIGHT[0], "category": "mr"}, *RIGHT[1:]]
    text = measures.report(measures.score([(wrong, HOSTS)]))
    assert "h1: mr is ct" in text
    assert text.count("goal ") >= len(measures.GOALS)


def test_a_role_is_right_when_a_program_of_the_host_does_it() -> None:
    scanner = host(1, "ct")
    assert measures.claim_right("role", "dicom_image_source", scanner)
    assert not measures.claim_right("role", "mqtt_broker", scanner)


def test_a_system_is_right_when_it_runs_or_is_announced() -> None:
    scanner = {**host(1, "ct"), "announces": [{"field": "dhcp.option.vendor_class_id", "value": "MSFT 5.0"}]}
    assert measures.claim_right("os", "Windows 10", scanner)
    assert measures.claim_right("os", "Linux 6", host(1, "ct"))
    assert not measures.claim_right("os", "Windows 10", host(1, "ct"))


def test_every_role_of_a_program_is_one_of_the_closed_list() -> None:
    known = {str(role) for role in Role}
    assert {role for found in [*ROLES_OF_PROGRAM.values(), *ROLES_OF_KIND.values()] for role in found} <= known
