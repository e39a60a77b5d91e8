"""Work is verified only by what was seen after it was said to be done."""

from __future__ import annotations

from asepsis.exposure.plan.tickets import Progress
from asepsis.exposure.plan.verification import verdict

DONE = 100
DEVICES = ("a", "b")


def judged(
    action: str,
    *,
    heard: dict[str, int] | None = None,
    seen: dict[str, int] | None = None,
    still: frozenset[str] = frozenset(),
) -> Progress:
    heard_ns = {"a": 200, "b": 200} if heard is None else heard
    return verdict(action, DEVICES, done_ns=DONE, heard_ns=heard_ns, seen_ns=seen or {}, still=still)[0]


def test_a_weakness_that_was_seen_before_and_not_since_is_gone() -> None:
    assert judged("telnet", seen={"a": 99, "b": 100}) is Progress.VERIFIED


def test_a_weakness_that_is_seen_again_on_one_device_is_not_gone() -> None:
    assert judged("telnet", seen={"a": 99, "b": 101}) is Progress.STILL_SEEN


def test_silence_proves_nothing() -> None:
    assert judged("telnet", heard={"a": 200, "b": 100}) is Progress.DONE
    assert judged("patch", heard={"a": 200, "b": 100}) is Progress.DONE


def test_a_patch_is_verified_when_the_version_that_is_seen_needs_it_no_more() -> None:
    assert judged("patch") is Progress.VERIFIED
    assert judged("patch", still=frozenset("b")) is Progress.STILL_SEEN


def test_a_device_that_is_there_no_more_holds_nothing_up() -> None:
    assert judged("telnet", heard={"a": 200}, seen={"b": 99}) is Progress.VERIFIED


def test_a_rule_of_a_firewall_and_people_who_watch_stay_peoples_word() -> None:
    assert judged("restrict") is Progress.DONE
    assert judged("watch") is Progress.DONE
