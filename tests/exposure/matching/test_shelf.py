from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asepsis.exposure.advisory import Advisory
from asepsis.exposure.finding import Exposed
from asepsis.exposure.identity import Identity
from asepsis.exposure.matching.match import Matcher
from asepsis.exposure.matching.names import Likeness, device_reading, likeness
from asepsis.exposure.matching.shelf import Shelf, Shelves, by_sign, card_of, leaves, slips
from asepsis.exposure.matching.vocabulary import atoms
from tests.exposure.documents import csaf, read

NAMES = [
    "Vortan Point-of-Care Unit (PCU) Model 8015",
    "Vortan Gateway",
    "Vortan Systems Manager",
    "Fluxon",
    "Fluxon Gateway Workstation",
    "Fluxons Monitor",
    "Loriq, not including Loriq 100 Pro",
    "Optira CT580",
    "Optira CT590 RT",
    "Zephira Infusion Family",
    "QLI 150c/BXR 150c Resting Electrocardiograph",
]
WORDS = sorted({word for name in NAMES for word in name.replace("/", " ").replace(",", " ").split()})
WORDS += ["Fluxxon", "Fluxno", "Vortna", "Zephirra", "Monitor", "580", "CT", "Acme", "Medical", "Gateways", "XR"]


def advisory(names: list[str] = NAMES, maker: str = "Acme Medical Inc") -> Advisory:
    return read(csaf([(maker, name, "< 4") for name in names]))


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=5))
def test_the_index_finds_every_product_that_comparing_with_all_of_them_finds(words: list[str]) -> None:
    model = " ".join(words)
    found = list(leaves(advisory()))
    shelf = Shelf(found)
    known = {atom for leaf in found for reading in leaf.name.readings for atom in reading.everything}
    near = by_sign(known)
    looked = {word for atom in atoms(model) for word in ([atom] if atom in known else slips(atom, near))}
    by_all = {
        leaf.key
        for leaf in found
        if any(not looked.isdisjoint(reading.everything) for reading in leaf.name.readings)
        and likeness(device_reading(model, leaf.noise), leaf.name, shelf.brands)[0] is not Likeness.OTHER
    }
    met = {leaf.key for entry in shelf.meeting(model) for leaf in entry.leaves}
    assert by_all <= met


def test_versions_of_one_name_stand_in_one_entry() -> None:
    shelf = Shelf(leaves(read(csaf([("Acme", "Fluxon", f"< {number}") for number in range(2, 30)]))))
    (entry,) = shelf.meeting("Fluxon")
    assert len(entry.leaves) == 28


@pytest.mark.parametrize(
    ("text", "named"), [("Acme Medical", {"acme"}), ("Zephyrion", {"zephyrian"}), ("Oter", {"oter"})]
)
def test_a_maker_is_met_with_a_slip_where_nobody_bears_the_name(text: str, named: set[str]) -> None:
    shelves = Shelves(map(card_of, (advisory(), advisory(maker="Zephyrian"))))
    assert shelves.named(text) == named


def test_the_edition_of_a_maker_changes_with_its_advisories_alone() -> None:
    ours, others = card_of(advisory()), card_of(advisory(["Zephira"], "Zephyrian"))
    alone, both = Shelves([ours]), Shelves([others, ours])
    assert alone.edition(frozenset(["acme"])) == both.edition(frozenset(["acme"]))
    assert alone.edition(frozenset(["zephyrian"])) != both.edition(frozenset(["zephyrian"]))


def test_products_of_makers_that_belong_together_are_met_by_either_name() -> None:
    matcher = Matcher([advisory(["Fluxon"], "Hillrom and Welch Allyn, Baxter International Inc.")])
    for maker in ("Hillrom", "Baxter", "Welch Allyn"):
        (found,) = matcher.verdicts(Identity(vendor=maker, model="Fluxon", version="3"))
        assert found.answer is Exposed.AFFECTED
