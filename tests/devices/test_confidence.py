"""How sure a value is: the rules of docs/reference/identification.md as properties."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asepsis.devices.agreement import agrees, contradicts, is_general
from asepsis.devices.confidence import MOST, SUPERSEDED_AFTER_NS, THRESHOLD, Support, confidence_in, judge, strength

CATEGORIES = st.sampled_from(["ct", "mr", "pacs", "imaging_modality", "medical_device", "printer", "workstation"])
VENDORS = st.sampled_from(["Philips", "Siemens", "Intel", "Dell", "Acme"])
PROTOCOLS = st.sampled_from(["dicom", "snmp", "mdns", "dhcp", "http", "ethernet"])
WEIGHTS = st.floats(0.05, 0.95)


def supports_of(values: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Support]]:
    support = st.builds(
        Support, weights=st.dictionaries(PROTOCOLS, WEIGHTS, min_size=1, max_size=4), last_ns=st.integers(0, 2**61)
    )
    return st.dictionaries(values, support, min_size=1, max_size=4)


EVIDENCE = st.one_of(
    st.tuples(st.just("category"), supports_of(CATEGORIES)), st.tuples(st.just("vendor"), supports_of(VENDORS))
)


@given(EVIDENCE, PROTOCOLS, WEIGHTS, st.data())
def test_one_more_witness_never_lowers_confidence(
    evidence: tuple[str, dict[str, Support]], protocol: str, weight: float, data: st.DataObject
) -> None:
    attribute, supports = evidence
    candidate = data.draw(st.sampled_from(sorted(supports)))
    before = confidence_in(attribute, candidate, supports)
    known = supports[candidate]
    weights = {**known.weights, protocol: max(weight, known.weights.get(protocol, 0.0))}
    more = {**supports, candidate: Support(weights=weights, last_ns=known.last_ns)}
    assert confidence_in(attribute, candidate, more) >= before - 1e-12


@given(EVIDENCE, PROTOCOLS, WEIGHTS, st.data())
def test_evidence_for_what_cannot_be_true_too_never_raises_confidence(
    evidence: tuple[str, dict[str, Support]], protocol: str, weight: float, data: st.DataObject
) -> None:
    attribute, supports = evidence
    candidate = data.draw(st.sampled_from(sorted(supports)))
    rival = data.draw(CATEGORIES if attribute == "category" else VENDORS)
    if not contradicts(attribute, rival, candidate):
        return
    before = confidence_in(attribute, candidate, supports)
    known = supports.get(rival, Support(weights={}, last_ns=0))
    more = {
        **supports,
        rival: Support(weights={**known.weights, protocol: max(weight, known.weights.get(protocol, 0))}, last_ns=0),
    }
    after = confidence_in(attribute, candidate, more)
    assert after <= before + 1e-12
    if protocol not in known.weights and rival not in supports and len(supports) == 1:
        # A hint that would not be shown by itself takes nothing away.
        assert (after < before) == (weight >= THRESHOLD)


@given(EVIDENCE)
def test_confidence_is_a_share_and_never_certainty(evidence: tuple[str, dict[str, Support]]) -> None:
    attribute, supports = evidence
    for candidate in supports:
        assert 0.0 <= confidence_in(attribute, candidate, supports) <= MOST
    verdict = judge(attribute, supports)
    assert (verdict.value is None) == (verdict.confidence < THRESHOLD)


@given(EVIDENCE, st.randoms(use_true_random=False))
def test_the_order_of_evidence_does_not_matter(evidence: tuple[str, dict[str, Support]], random: object) -> None:
    attribute, supports = evidence
    shuffled = dict(reversed(list(supports.items())))
    turned = {
        text: Support(weights=dict(reversed(list(known.weights.items()))), last_ns=known.last_ns)
        for text, known in shuffled.items()
    }
    assert judge(attribute, turned) == judge(attribute, supports)


def test_witnesses_add_up_and_repeats_do_not() -> None:
    assert strength([0.5]) == 0.5
    assert strength([0.5, 0.5]) == 0.75
    assert strength([]) == 0.0


def heard(**values: dict[str, float]) -> dict[str, Support]:
    return {text.replace("__", " "): Support(weights=weights, last_ns=0) for text, weights in values.items()}


@pytest.mark.parametrize(
    ("attribute", "evidence", "shown"),
    [
        ("category", heard(ct={"dicom": 0.6}), "ct"),
        ("category", heard(ct={"dicom": 0.3}), None),
        ("category", heard(ct={"dicom": 0.6}, medical_device={"ethernet": 0.45}), "ct"),
        ("category", heard(ct={"dicom": 0.6}, workstation={"smb": 0.7}), "ct"),
        ("category", heard(workstation={"smb": 0.7}), "workstation"),
        ("category", heard(ct={"dicom": 0.6}, mr={"hl7": 0.6}), "imaging_modality"),
        ("category", heard(ct={"dicom": 0.6}, printer={"mdns": 0.6}), None),
        ("vendor", heard(Intel={"ethernet": 0.2}, Philips={"dicom": 0.6}), "Philips"),
        ("vendor", heard(Dell={"ethernet": 0.45}, Philips={"dicom": 0.6}), "Philips"),
        ("vendor", heard(Dell={"ethernet": 0.45}), "Dell"),
        ("vendor", heard(Acme={"ethernet": 0.6}, Philips={"dicom": 0.6}), None),
        ("os", heard(Windows={"dhcp": 0.5}, Windows__10={"http": 0.5}), "Windows 10"),
        ("os", heard(Windows__10={"http": 0.5}, Linux={"ssh": 0.5}), None),
        ("os", heard(Linux={"dhcp": 0.5}, Ubuntu={"ssh": 0.7}), "Ubuntu"),
    ],
)
def test_what_is_shown(attribute: str, evidence: dict[str, Support], shown: str | None) -> None:
    assert judge(attribute, evidence).value == shown


def test_agreement_of_a_wider_word_raises_confidence() -> None:
    alone = judge("category", heard(ct={"dicom": 0.6})).confidence
    together = judge("category", heard(ct={"dicom": 0.6}, imaging_modality={"snmp": 0.5})).confidence
    assert together > alone


def test_an_upgrade_is_no_contradiction_once_the_old_version_is_silent_for_a_day() -> None:
    old = Support(weights={"snmp": 0.75}, last_ns=0)
    soon = {"1.0": old, "2.0": Support(weights={"snmp": 0.75}, last_ns=SUPERSEDED_AFTER_NS // 2)}
    later = {"1.0": old, "2.0": Support(weights={"snmp": 0.75}, last_ns=2 * SUPERSEDED_AFTER_NS)}
    assert judge("firmware", soon).confidence < judge("firmware", later).confidence == 0.75
    assert judge("firmware", later).value == "2.0"


@pytest.mark.parametrize(
    ("wide", "exact", "expected"),
    [
        ("Windows", "Windows 10", True),
        ("Windows 10 or 11", "Windows 10", True),
        ("Windows 10 or 11", "Windows 7", False),
        ("Windows 7 or Server 2008 R2", "Windows Server 2008 R2", True),
        ("Windows 10 or 11", "Windows 10 or Server 2019", False),
        ("Linux", "Debian", True),
        ("Linux", "Linux 5.10", True),
        ("Linux", "Windows", False),
        ("Unix with Samba", "macOS", True),
        ("Debian", "Linux", False),
    ],
)
def test_systems_that_agree(wide: str, exact: str, expected: bool) -> None:
    assert agrees("os", wide, exact) is expected


def test_names_and_roles_never_contradict() -> None:
    assert not contradicts("name", "ct-1", "ct-2")
    assert not contradicts("role", "web_server", "dns_server")


def test_general_words_are_told() -> None:
    assert is_general("vendor", "Intel")
    assert is_general("vendor", "Dell")
    assert not is_general("vendor", "Philips")
    assert is_general("category", "workstation")
    assert not is_general("model", "Intel")
