"""A change of identity is told apart from a conflict, and from a more exact word."""

from __future__ import annotations

from asepsis.devices.changes import CHANGES_LIMIT, address_changes, attribute_changes
from asepsis.devices.clue import Clue, Endpoint


def clue(attribute: str, text: str, first: int, last: int, *, weight: float = 0.75, protocol: str = "snmp") -> Clue:
    return Clue(Endpoint("02:00:00:00:00:01", ""), attribute, text, protocol, weight, 1, first, last, "aa", first)


def told(*clues: Clue) -> list[tuple[str, str, str, int]]:
    return [(one.attribute, one.before, one.after, one.at_ns) for one in attribute_changes(clues)]


def test_new_firmware_is_a_change_at_its_first_sighting() -> None:
    old, new = clue("firmware", "1.0", 10, 20), clue("firmware", "1.1", 30, 40)
    assert told(new, old) == [("firmware", "1.0", "1.1", 30)]
    (change,) = attribute_changes([old, new])
    assert (change.protocol, change.capture, change.packet) == ("snmp", "aa", 30)


def test_what_is_said_at_the_same_time_is_a_conflict_and_no_change() -> None:
    assert told(clue("vendor", "Philips", 10, 50), clue("vendor", "Draeger", 30, 40)) == []


def test_what_is_said_by_another_protocol_meanwhile_is_no_change() -> None:
    assert told(
        clue("model", "Scan 1", 10, 20),
        clue("model", "Scan 1", 10, 60, protocol="dicom"),
        clue("model", "Tome 2", 30, 40),
    ) == []  # fmt: skip


def test_a_more_exact_word_is_no_change() -> None:
    assert told(clue("category", "imaging_modality", 1, 2), clue("category", "ct", 3, 4)) == []
    assert told(clue("model", "Scan", 1, 2), clue("model", "Scan 9000", 3, 4)) == []


def test_hints_names_and_roles_are_no_identity() -> None:
    assert told(clue("vendor", "Philips", 1, 2, weight=0.25), clue("vendor", "Draeger", 3, 4, weight=0.25)) == []
    assert told(clue("name", "ct-1", 1, 2), clue("name", "ct-2", 3, 4)) == []
    assert told(clue("role", "client", 1, 2), clue("role", "web_server", 3, 4)) == []


def test_every_step_is_told_once() -> None:
    clues = [clue("firmware", f"{number}", 10 * number, 10 * number + 5) for number in range(200)]
    changes = attribute_changes(clues)
    assert len(changes) == CHANGES_LIMIT
    assert (changes[-1].before, changes[-1].after) == ("198", "199")


def test_an_address_that_moves_is_told_of_who_holds_it_now() -> None:
    changes = address_changes({"10.0.0.5": [(0, 10, 0), (20, 30, 1)]}, ["d-old", "d-new"])
    assert {place: [(one.before, one.after, one.at_ns) for one in own] for place, own in changes.items()} == {
        1: [("held by d-old", "10.0.0.5", 20)]
    }


def test_a_device_that_moves_to_another_address_is_told_and_a_router_is_not() -> None:
    moved = address_changes({"10.0.0.5": [(0, 10, 0)], "10.0.0.9": [(20, 30, 0)]}, ["d-one"])
    assert [(one.before, one.after) for one in moved[0]] == [("10.0.0.5", "10.0.0.9")]
    assert address_changes({"10.0.0.5": [(0, 30, 0)], "10.0.0.9": [(20, 30, 0)]}, ["d-one"]) == {}
    assert address_changes({"fe80::1": [(0, 10, 0)], "fe80::2": [(20, 30, 0)]}, ["d-one"]) == {}
