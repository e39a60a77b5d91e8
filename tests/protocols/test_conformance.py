"""Every dissector passes every common check on every vector, and every check catches a planted fault."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, ClassVar

import pytest

from asepsis.kernel.value import value
from asepsis.protocols.message import Dissector, Malformed, Result
from asepsis.protocols.registry import DISSECTORS, PROTOCOLS
from tests.protocols import conformance
from tests.protocols.conformance import CANARY, Vector, assert_linear, checks_of, hostile, vectors

Check = Callable[[Dissector, Vector], None]


def _marks(check: Check, place: int) -> list[pytest.MarkDecorator]:
    """`make check` runs every check on the first vector of every protocol; all of them take minutes.

    Megabytes with the allocator traced take seconds each.
    """
    return [pytest.mark.slow] if place or check is conformance.check_memory else []


def _cases() -> Iterator[Any]:
    for protocol in PROTOCOLS:
        for place, vector in enumerate(vectors(protocol)):
            for check in checks_of(vector, whole_datagrams=DISSECTORS[protocol].whole_datagrams):
                name = f"{protocol}-{check.__name__[6:]}-{vector.name}"
                yield pytest.param(protocol, check, vector, id=name, marks=_marks(check, place))


def _hostile_cases() -> Iterator[Any]:
    for protocol in PROTOCOLS:
        for name, make in hostile(protocol).items():
            yield pytest.param(protocol, name, make, id=f"{protocol}-{name}")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_protocol_has_vectors_with_names_of_their_own(protocol: str) -> None:
    names = [vector.name for vector in vectors(protocol)]
    assert names, f"{conformance.SUITES[protocol]} holds no VECTORS"
    assert len(names) == len(set(names))


@pytest.mark.parametrize(("protocol", "check", "vector"), list(_cases()))
def test_a_dissector_bears(protocol: str, check: Check, vector: Vector) -> None:
    check(DISSECTORS[protocol], vector)


@pytest.mark.parametrize(("protocol", "name", "make"), list(_hostile_cases()))
def test_the_worst_case_of_a_protocol_is_linear(
    protocol: str, name: str, make: Callable[[int], conformance.Data]
) -> None:
    assert_linear(DISSECTORS[protocol], name, make)
    for result in conformance.read(DISSECTORS[protocol], make(conformance.DATAGRAM_LIMIT_BYTES)):
        conformance.judge(DISSECTORS[protocol], [result])


# --- planted faults: a small protocol of lines, "NAME VALUE\n", and ways to read it wrongly ---


@value
class Line:
    PROTOCOL: ClassVar[str] = "lines"
    name: str
    patient: str = ""
    is_answer: bool | None = None

    @property
    def kind(self) -> str:
        return self.name

    @property
    def sender_is_server(self) -> bool | None:
        return self.is_answer

    def facts(self) -> dict[str, Any]:
        return {"name": self.name}


@value
class UnstorableLine(Line):
    def facts(self) -> dict[str, Any]:
        return {"name": b"bytes are not JSON"}


@value
class EmptyFactLine(Line):
    def facts(self) -> dict[str, Any]:
        return {"name": self.name, "version": ""}


@value
class NamelessLine(Line):
    @property
    def kind(self) -> str:
        return ""


LINE_LIMIT_BYTES = 256


class LineStream:
    """Reads lines rightly; each fault below overrides one thing."""

    line: type[Line] = Line

    def __init__(self) -> None:
        self.pending = [b"", b""]

    def feed(self, sender: int, data: bytes, *, gap: bool = False) -> Sequence[Result]:
        if gap:
            self.pending[sender] = b"?"  # no line begins so: what is left of this one is no name
        *lines, rest = (self.pending[sender] + data).split(b"\n")
        self.pending[sender] = rest[:LINE_LIMIT_BYTES]
        return [self.read(sender, line[:LINE_LIMIT_BYTES]) for line in lines]

    def read(self, sender: int, line: bytes) -> Result:
        name = line.split(b" ")[0]
        if not name.isalpha():
            return Malformed(protocol="lines", where="name", why="not letters")
        return self.line(name=name.decode())

    def close(self) -> Sequence[Result]:
        return []


class Raises(LineStream):
    def read(self, sender: int, line: bytes) -> Result:
        return self.line(name=line.split(b" ")[0].decode("ascii"))


class NeedsAValue(LineStream):
    def close(self) -> Sequence[Result]:
        for pending in self.pending:
            assert not pending
        return []


class RaisesOnLongValue(LineStream):
    def feed(self, sender: int, data: bytes, *, gap: bool = False) -> Sequence[Result]:
        if len(data) > 1000:
            raise ValueError(data)
        return super().feed(sender, data, gap=gap)


class SeesPieces(LineStream):
    def feed(self, sender: int, data: bytes, *, gap: bool = False) -> Sequence[Result]:
        return [self.read(sender, line) for line in data.split(b"\n") if line]


class KeepsPatients(LineStream):
    def read(self, sender: int, line: bytes) -> Result:
        return Line(name="PID", patient=line.decode("latin-1"))


class HoldsAll(LineStream):
    def __init__(self) -> None:
        super().__init__()
        self.all: list[bytes] = []

    def feed(self, sender: int, data: bytes, *, gap: bool = False) -> Sequence[Result]:
        self.all.append(data)
        return super().feed(sender, data, gap=gap)


class IsSquare(LineStream):
    def feed(self, sender: int, data: bytes, *, gap: bool = False) -> Sequence[Result]:
        found = super().feed(sender, data, gap=gap)
        self.seen: list[bytes] = [*getattr(self, "seen", []), *data.split(b"\n")]
        for _ in self.seen:
            pass
        return found


class TrustsTheFirst(LineStream):
    def read(self, sender: int, line: bytes) -> Result:
        found = super().read(sender, line)
        return found if isinstance(found, Malformed) else Line(name=found.kind, is_answer=sender == 1)


class RemembersAll(LineStream):
    def feed(self, sender: int, data: bytes, *, gap: bool = False) -> Sequence[Result]:
        remembered(data)
        return super().feed(sender, data, gap=gap)


@lru_cache(maxsize=4)
def remembered(line: bytes) -> bytes:
    return line


class FailsOnGap(LineStream):
    def feed(self, sender: int, data: bytes, *, gap: bool = False) -> Sequence[Result]:
        if gap:
            raise IndexError
        return super().feed(sender, data)


class Unstorable(LineStream):
    line = UnstorableLine


class EmptyFact(LineStream):
    line = EmptyFactLine


class Nameless(LineStream):
    line = NamelessLine


CONVERSATION = Vector(
    name="two lines each way",
    provenance="made for this test",
    data=((0, f"HELLO {CANARY}\nASK x\n".encode()), (1, b"YES\nNO y\n")),
    kinds=("HELLO", "ASK", "YES", "NO"),
)


def _of(stream: type[LineStream]) -> Dissector:
    return Dissector(protocol="lines", open=stream)


@pytest.mark.slow
@pytest.mark.parametrize(
    "check", [pytest.param(check, id=check.__name__, marks=_marks(check, 0)) for check in checks_of(CONVERSATION)]
)
def test_the_right_reader_of_lines_passes(check: Check) -> None:
    check(_of(LineStream), CONVERSATION)


@pytest.mark.parametrize(
    ("fault", "check"),
    [
        (Raises, conformance.check_flipped),
        (Raises, conformance.check_overwritten),
        (NeedsAValue, conformance.check_truncated),
        (RaisesOnLongValue, conformance.check_overlong),
        (SeesPieces, conformance.check_splits),
        (KeepsPatients, conformance.check_vector),
        (KeepsPatients, conformance.check_truncated),
        (KeepsPatients, conformance.check_gaps),
        (HoldsAll, conformance.check_memory),
        (IsSquare, conformance.check_linear),
        (RemembersAll, conformance.check_remembered),
        (TrustsTheFirst, conformance.check_senders),
        (FailsOnGap, conformance.check_gaps),
        (FailsOnGap, conformance.check_midstream),
        (Unstorable, conformance.check_vector),
        (EmptyFact, conformance.check_vector),
        (Nameless, conformance.check_vector),
    ],
    ids=lambda part: part.__name__,
)
def test_a_planted_fault_is_caught(fault: type[LineStream], check: Check) -> None:
    if fault is KeepsPatients:
        vector = Vector(name="x", provenance="x", data=CONVERSATION.data, kinds=("PID",) * 4)
    else:
        vector = CONVERSATION
    with pytest.raises((AssertionError, ValueError, TypeError, IndexError, KeyError)):
        check(_of(fault), vector)
    remembered.cache_clear()


def test_a_message_out_of_nothing_is_caught() -> None:
    dissector = Dissector(protocol="lines", datagram=lambda data: [Line(name="EMPTY")])
    vector = Vector(name="x", provenance="x", data=b"x", kinds=("EMPTY",))
    with pytest.raises(AssertionError):
        conformance.check_empty(dissector, vector)
