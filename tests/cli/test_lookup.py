"""Which device a person means."""

from __future__ import annotations

import pytest

from asepsis.cli.lookup import find_device
from asepsis.kernel.errors import AsepsisError
from tests.cli.documents import device, unknown

DEVICES = [
    device(),
    unknown(),
    device(id="d-7k3xxx", names=["CT-2", "d-000001-lookalike"], addresses={"mac": [], "ip": ["10.20.0.15"]}),
]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("d-7k3m9q", "d-7k3m9q"),
        ("d-7k3m", "d-7k3m9q"),  # the beginning of an id
        ("10.20.0.14", "d-7k3m9q"),
        ("00:09:5C:01:02:03", "d-7k3m9q"),
        ("ct-2", "d-7k3xxx"),
    ],
)
def test_a_device_is_found_by_id_address_or_name(wanted: str, found: str) -> None:
    assert find_device(DEVICES, wanted)["id"] == found


@pytest.mark.parametrize("wanted", ["10.20.0.1", "d", "ct", ""])
def test_part_of_an_address_or_name_is_nobody(wanted: str) -> None:
    with pytest.raises(AsepsisError) as refused:
        find_device(DEVICES, wanted)
    assert refused.value.code == "device-unknown"


@pytest.mark.parametrize("wanted", ["ct", "CT2", "t-2"])
def test_a_name_that_is_nearly_one_is_answered_with_that(wanted: str) -> None:
    with pytest.raises(AsepsisError) as refused:
        find_device(DEVICES, wanted)
    assert "Did you mean" in refused.value.hint
    assert "CT-2" in refused.value.hint


def test_two_devices_of_one_name_are_both_named_with_what_tells_them_apart() -> None:
    twins = [device(), device(id="d-other", site="north")]
    with pytest.raises(AsepsisError) as refused:
        find_device(twins, "10.20.0.14")
    assert refused.value.code == "device-ambiguous"
    assert "d-7k3m9q (ct, 10.20.0.14, main), d-other (ct, 10.20.0.14, north)" in refused.value.hint


def test_a_device_cannot_shadow_another_by_taking_its_id_for_a_name() -> None:
    liar = device(id="d-liar00", names=["d-000001"], addresses={"mac": [], "ip": []})
    assert find_device([liar, unknown()], "d-000001")["id"] == "d-000001"
