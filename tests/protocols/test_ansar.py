"""ANSAR-B over a device server: which parameters a monitor reports, and no value of them."""

from __future__ import annotations

from asepsis.protocols.ansar import HELD_LIMIT, MARK, PARAMETERS_LIMIT, Ansar, AnsarStream
from asepsis.protocols.message import Result
from tests.protocols.conformance import CANARY, Vector

MADE = "made by hand in the form of a block of an Ivy 450C; there is no public standard"


def block(*lines: str) -> bytes:
    """Waves, a run of FBH, lines that end with CR, the name of the protocol."""
    return b"\x49\x50\x59\x61" * 8 + b"\xfb" * 40 + "".join(line + "\r" for line in lines).encode() + MARK


BLOCK = block("HR=1;80;ECG-II-DIAG;", f"RR=1;{CANARY};", "SPO2=1;100;PR=80 ;", "NIBP=4;121;75;92;80;;", "T1=;;;")

VECTORS = [
    Vector(name="two blocks", provenance=MADE, data=((0, BLOCK + BLOCK),), kinds=("ANSAR-B", "ANSAR-B")),
    Vector(name="a block from its middle", provenance=MADE, data=((1, BLOCK[60:]),), kinds=("ANSAR-B",)),
    Vector(name="waves alone", provenance=MADE, data=((0, b"\x49\x50" * 400),), kinds=()),
]
HOSTILE = {
    "lines without end": lambda size: ((0, b"\rAB=1;" * (size // 6)),),
    "marks": lambda size: ((0, MARK * (size // 10)),),
}


def read(*turns: tuple[int, bytes]) -> list[Result]:
    stream = AnsarStream()
    return [result for sender, piece in turns for result in stream.feed(sender, piece)] + list(stream.close())


def test_a_block_says_which_parameters_are_reported() -> None:
    assert read((0, BLOCK)) == [Ansar(parameters=("HR", "RR", "SPO2", "NIBP", "T1"))]


def test_of_a_block_longer_than_the_limit_the_end_is_read() -> None:
    (found,) = read((0, b"\rHR=1;80;\r" + bytes(3 * HELD_LIMIT) + b"\xfb\rRR=1;35;\r" + MARK))
    assert found == Ansar(parameters=("RR",))


def test_no_more_parameters_are_kept_than_the_limit() -> None:
    lines = [f"A{number}=1;" for number in range(10 * PARAMETERS_LIMIT)]
    (found,) = read((0, block(*lines)))
    assert isinstance(found, Ansar)
    assert len(found.parameters) == PARAMETERS_LIMIT
