"""The common conformance check: what every dissector must bear, whatever the protocol.

A protocol's own test module holds ``VECTORS`` (and, where the protocol has a worst case of its own,
``HOSTILE``); ``SUITES`` names those modules; ``test_conformance`` runs every check below on every vector.
A check is a function of a dissector and a vector that returns nothing or fails an assertion.
"""

from __future__ import annotations

import gc
import json
import sys
import tracemalloc
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import _lru_cache_wrapper, lru_cache
from importlib import import_module
from random import Random
from types import BuiltinFunctionType, FrameType, FunctionType, MethodType, ModuleType
from typing import Any, Final

from asepsis.kernel.value import value
from asepsis.protocols.message import Dissector, Malformed, Result
from asepsis.protocols.registry import PROTOCOLS

Turns = tuple[tuple[int, bytes], ...]
"""A TCP conversation: (sender, bytes) in order."""

Data = bytes | Turns
"""The payload of one datagram or frame; or a conversation."""

CANARY: Final = "KANARI"
"""Every name, value or id of a patient, and every secret, that stands in a vector contains these letters."""

MALFORMED: Final = "malformed"
"""Stands in ``Vector.kinds`` for a ``Malformed``."""


@value
class Vector:
    """Bytes with a known meaning."""

    name: str
    provenance: str
    """The section of the standard by which the bytes were made, or the program whose bytes they follow."""
    data: Data
    kinds: tuple[str, ...]
    """The kinds of the messages that come out, in order."""


SUITES: Final[Mapping[str, str]] = {protocol: f"tests.protocols.test_{protocol}" for protocol in PROTOCOLS}
"""Where the vectors of each protocol are."""


def vectors(protocol: str) -> Sequence[Vector]:
    """The vectors of a protocol; none when its test module does not exist yet."""
    try:
        found: Sequence[Vector] = import_module(SUITES[protocol]).VECTORS
    except ModuleNotFoundError as missing:
        if missing.name != SUITES[protocol]:
            raise
        return ()
    return found


def hostile(protocol: str) -> Mapping[str, Callable[[int], Data]]:
    """Worst cases of one protocol: each makes data of about so many bytes."""
    try:
        module = import_module(SUITES[protocol])
    except ModuleNotFoundError:
        return {}
    found: Mapping[str, Callable[[int], Data]] = getattr(module, "HOSTILE", {})
    return found


# --- reading and judging results ---


def read(dissector: Dissector, data: Data, *, final: bool = True) -> list[Result]:
    """All results of a datagram or of a whole conversation."""
    if isinstance(data, bytes):
        assert dissector.datagram is not None, "a datagram for a protocol of conversations: write ((0, data),)"
        return list(dissector.datagram(data))
    assert dissector.open is not None, "a conversation for a protocol of datagrams"
    stream = dissector.open()
    results: list[Result] = []
    for sender, piece in data:
        results.extend(stream.feed(sender, piece))
    if final:
        results.extend(stream.close())
    return results


def judge(dissector: Dissector, results: Sequence[Result]) -> list[dict[str, Any]]:
    """Fails unless every result is what the contract of ``protocols.message`` says; gives the facts."""
    found = []
    for result in results:
        hash(result)
        if isinstance(result, Malformed):
            assert result.protocol == dissector.protocol or result.protocol in dissector.carries
            assert isinstance(result.where, str)
            assert result.where
            assert isinstance(result.why, str)
            assert result.why
            continue
        assert dissector.protocol == result.PROTOCOL or result.PROTOCOL in dissector.carries
        assert isinstance(result.kind, str)
        assert result.kind
        assert result.sender_is_server in (True, False, None)
        facts = result.facts()
        assert isinstance(facts, dict)
        json.dumps(facts, allow_nan=False, ensure_ascii=False).encode()  # a lone surrogate cannot be stored
        for name, fact in facts.items():
            assert isinstance(name, str)
            assert fact is not None, f"{name} is empty"
            assert fact not in ("", [], {}, ()), f"{name} is empty"
        found.append(facts)
    return found


def kinds(results: Sequence[Result]) -> tuple[str, ...]:
    """The kinds of results, ``MALFORMED`` for what is malformed."""
    return tuple(MALFORMED if isinstance(result, Malformed) else result.kind for result in results)


def assert_no_canary(results: Sequence[Result], facts: Sequence[dict[str, Any]]) -> None:
    """Fails when text of a patient shows in a result, however it was spelled."""
    shown = repr(list(results)) + json.dumps(list(facts), ensure_ascii=False)
    shown = shown.casefold().replace("\\x00", "").replace("\\u0000", "").replace("\0", "")
    for canary in (CANARY.casefold(), CANARY.encode().hex(), CANARY.lower().encode().hex()):
        assert canary not in shown, "text of a patient was kept"


# --- variants of a vector ---

# A vector of this many bytes is cut, split and mutated everywhere; a longer one at as many places, chosen by seed,
# so that all vectors of all protocols take some twenty seconds.
PLACES_LIMIT = 384

# Half a datagram of nothing but 0xFF is as telling as a whole one; 65,507 is the largest UDP payload over IPv4.
DATAGRAM_LIMIT_BYTES = 65_507


def turns_of(data: Data) -> Turns:
    """A conversation as it is, a datagram as a conversation of one turn."""
    return ((0, data),) if isinstance(data, bytes) else data


def reshape(data: Data, turns: Turns) -> Data:
    """``turns`` in the shape of ``data``."""
    return b"".join(piece for _, piece in turns) if isinstance(data, bytes) else turns


def with_turn(data: Data, index: int, *pieces: bytes, rest: bool = True) -> Data:
    """``data`` with one turn replaced by pieces; without ``rest``, the conversation ends there."""
    turns = turns_of(data)
    sender = turns[index][0]
    after = turns[index + 1 :] if rest else ()
    return reshape(data, (*turns[:index], *((sender, piece) for piece in pieces), *after))


def places(data: Data, *, seed: int = 1) -> list[tuple[int, int]]:
    """(turn, offset) of every byte, or of ``PLACES_LIMIT`` of them."""
    every = [(turn, offset) for turn, (_, piece) in enumerate(turns_of(data)) for offset in range(len(piece))]
    return every if len(every) <= PLACES_LIMIT else sorted(Random(seed).sample(every, PLACES_LIMIT))


def truncated(data: Data) -> Iterator[Data]:
    """``data`` that ends before each of its bytes."""
    for turn, offset in places(data):
        yield with_turn(data, turn, turns_of(data)[turn][1][:offset], rest=False)


FLIPS_PER_VECTOR = 320  # enough to meet every field of a 300-byte message; a run over all vectors stays in seconds


def flipped(data: Data, *, seed: int = 2) -> Iterator[Data]:
    """``data`` with one to eight bits turned over, by seed."""
    chance = Random(seed)
    spots = places(data)
    for _ in range(FLIPS_PER_VECTOR if spots else 0):
        turn = chance.choice(spots)[0]
        piece = bytearray(turns_of(data)[turn][1])
        for _ in range(chance.choice((1, 1, 1, 2, 4, 8))):
            piece[chance.randrange(len(piece))] ^= 1 << chance.randrange(8)
        yield with_turn(data, turn, bytes(piece))


def overwritten(data: Data) -> Iterator[Data]:
    """``data`` with every byte, pair and four set to extremes, so that every length field lies once."""
    for turn, offset in places(data):
        piece = turns_of(data)[turn][1]
        for lie in (b"\xff", b"\x00", b"\xff\xff", b"\x7f\xff\xff\xff", b"\xff\xff\xff\xff"):
            yield with_turn(data, turn, piece[:offset] + lie + piece[offset + len(lie) :])


JUNK: Final[Mapping[str, bytes]] = {
    "zeros": b"\0",
    "ones": b"\xff",
    "pointers": b"\xc0\x0c",
    "lines": b"\r\n",
    "text": b"A",
    "headers": b"A: b\r\n",
    "noise": Random(3).randbytes(4096),
}


def junk(kind: str, size_bytes: int) -> bytes:
    """So many bytes of a kind."""
    unit = JUNK[kind]
    return (unit * (size_bytes // len(unit) + 1))[:size_bytes]


def overlong(data: Data) -> Iterator[Data]:
    """``data`` with junk behind it, up to the size of the largest datagram, and junk alone."""
    last = len(turns_of(data)) - 1
    sender, piece = turns_of(data)[last]
    for kind in JUNK:
        for size in (1, 3, 64, 1500, DATAGRAM_LIMIT_BYTES - len(piece)):
            yield with_turn(data, last, piece + junk(kind, max(size, 0)))
        yield reshape(data, ((sender, junk(kind, DATAGRAM_LIMIT_BYTES)),))


# What a module remembers between messages (``lru_cache``) is bounded in number, so one entry must be bounded too:
# four thousand names of 64 KiB would be a quarter of a gigabyte.
REMEMBERED_LIMIT_BYTES = 8 * 1024
STRETCHES_PER_VECTOR = 64


def stretched(data: Data, *, seed: int = 5) -> Iterator[Data]:
    """``data`` with a long run of letters inside, so that a field that ends by a sign becomes long."""
    spots = places(data)
    for turn, offset in Random(seed).sample(spots, min(STRETCHES_PER_VECTOR, len(spots))):
        piece = turns_of(data)[turn][1]
        yield with_turn(data, turn, piece[:offset] + b"A" * (2 * REMEMBERED_LIMIT_BYTES) + piece[offset:])


def splits(data: Turns) -> Iterator[Turns]:
    """The same conversation in other pieces: cut at every boundary, byte by byte, and at random."""
    for turn, offset in places(data):
        piece = data[turn][1]
        yield turns_of(with_turn(data, turn, piece[:offset], piece[offset:]))
    yield tuple((sender, piece[i : i + 1]) for sender, piece in data for i in range(len(piece)))
    chance = Random(4)
    for mean in (2, 7, 40):
        pieces = []
        for sender, piece in data:
            start = 0
            while start < len(piece):
                end = start + chance.randint(1, 2 * mean)
                pieces.append((sender, piece[start:end]))
                start = end
        yield tuple(pieces)


# --- the checks ---


def check_vector(dissector: Dissector, vector: Vector) -> None:
    """A vector gives the messages it says, twice the same, and without text of patients."""
    assert vector.provenance, "a vector says where it comes from"
    results = read(dissector, vector.data)
    facts = judge(dissector, results)
    assert kinds(results) == vector.kinds
    assert results == read(dissector, vector.data), "the second reading differs from the first"
    assert_no_canary(results, facts)


def check_empty(dissector: Dissector, vector: Vector) -> None:
    """Nothing in gives no message out."""
    nothing: Data = b"" if isinstance(vector.data, bytes) else ((0, b""), (1, b""))
    results = read(dissector, nothing)
    judge(dissector, results)
    assert all(isinstance(result, Malformed) for result in results)


def check_truncated(dissector: Dissector, vector: Vector) -> None:
    """An end at any byte raises nothing and shows no text of patients."""
    for data in truncated(vector.data):
        results = read(dissector, data)
        assert_no_canary(results, judge(dissector, results))


def check_flipped(dissector: Dissector, vector: Vector) -> None:
    """Bits turned over raise nothing."""
    for data in flipped(vector.data):
        judge(dissector, read(dissector, data))


def check_overwritten(dissector: Dissector, vector: Vector) -> None:
    """Length fields that lie raise nothing."""
    for data in overwritten(vector.data):
        judge(dissector, read(dissector, data))


# One message may say much, but a datagram must not become a book: names compressed in DNS are the widest known.
FACTS_LIMIT_BYTES = 256 * 1024


def check_overlong(dissector: Dissector, vector: Vector) -> None:
    """Junk behind a message raises nothing, and what is kept of it is bounded."""
    for data in overlong(vector.data):
        for facts in judge(dissector, read(dissector, data)):
            assert len(json.dumps(facts)) <= FACTS_LIMIT_BYTES


def check_splits(dissector: Dissector, vector: Vector) -> None:
    """A conversation gives the same messages in whatever pieces it comes."""
    whole = read(dissector, vector.data)
    for turns in splits(turns_of(vector.data)):
        assert read(dissector, turns) == whole, f"split as {[len(piece) for _, piece in turns]}"


def check_gaps(dissector: Dissector, vector: Vector) -> None:
    """Bytes lost before any boundary raise nothing and show no text of patients."""
    assert dissector.open is not None
    turns = turns_of(vector.data)
    for turn, offset in places(vector.data):
        sender, piece = turns[turn]
        for lost in (1, 5, len(piece)):
            stream = dissector.open()
            results: list[Result] = []
            for earlier_sender, earlier in turns[:turn]:
                results.extend(stream.feed(earlier_sender, earlier))
            results.extend(stream.feed(sender, piece[:offset]))
            results.extend(stream.feed(sender, piece[offset + lost :], gap=True))
            for later_sender, later in turns[turn + 1 :]:
                results.extend(stream.feed(later_sender, later))
            results.extend(stream.close())
            assert_no_canary(results, judge(dissector, results))


def check_midstream(dissector: Dissector, vector: Vector) -> None:
    """A capture that begins anywhere in the conversation raises nothing and shows no text of patients."""
    assert dissector.open is not None
    turns = turns_of(vector.data)
    for turn, offset in places(vector.data):
        sender, piece = turns[turn]
        stream = dissector.open()
        results = list(stream.feed(sender, piece[offset:], gap=True))
        for later_sender, later in turns[turn + 1 :]:
            results.extend(stream.feed(later_sender, later))
        results.extend(stream.close())
        assert_no_canary(results, judge(dissector, results))


def check_senders(dissector: Dissector, vector: Vector) -> None:
    """Who sent the first packet seen changes nothing: the content says who serves."""
    swapped = tuple((1 - sender, piece) for sender, piece in turns_of(vector.data))
    assert read(dissector, swapped) == read(dissector, vector.data)


# --- size ---


def steps(work: Callable[[], object]) -> int:
    """How many lines, calls and calls into C ``work`` takes: the same on every machine, unlike time.

    Work inside one call into C (a search through a buffer) is not seen.
    """
    count = 0

    def line(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal count
        count += 1
        return line

    def profile(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += 1

    tracing, profiling = sys.gettrace(), sys.getprofile()
    sys.setprofile(profile)
    sys.settrace(line)
    try:
        work()
    finally:
        sys.settrace(tracing)
        sys.setprofile(profiling)
    return count


# Four times the bytes may take eight times the steps: linear with room for tables that grow, far from the
# sixteen of a square. The allowance covers work that is done once.
GROWTH = 4
GROWTH_OF_STEPS = 8
STEPS_ALLOWANCE = 2_000
LINEAR_SIZES = (4 * 1024, 4 * 1024 * GROWTH)


BYTE_BY_BYTE: Final = "byte by byte"


def grown(vector: Vector) -> Iterator[tuple[str, Callable[[int], Data]]]:
    """Ways to make a vector large: many of it, junk behind it, its own parts again and again."""
    data = vector.data
    turns = turns_of(data)
    length = max(sum(len(piece) for _, piece in turns), 1)

    def repeated(size: int) -> Data:
        return reshape(data, turns * (size // length + 1))

    def in_bytes(size: int) -> Data:
        return tuple((sender, bytes((byte,))) for sender, piece in turns_of(repeated(size)) for byte in piece)

    def behind(kind: str, cut: int) -> Callable[[int], Data]:
        sender, piece = turns[-1]
        start = piece[: len(piece) * cut // 4]

        def make(size: int) -> Data:
            return reshape(data, (*turns[:-1], (sender, start + junk(kind, size - len(start)))))

        return make

    def tail_again(size: int) -> Data:
        sender, piece = turns[-1]
        middle = piece[len(piece) // 2 :] or b"\0"
        return reshape(data, (*turns[:-1], (sender, (piece + middle * (size // len(middle)))[:size])))

    yield "the vector again and again", repeated
    yield "its second half again and again", tail_again
    for kind in JUNK:
        yield f"{kind} after half of it", behind(kind, 2)
    for kind in ("zeros", "noise"):
        yield f"{kind} after it", behind(kind, 4)
    if not isinstance(data, bytes):
        yield BYTE_BY_BYTE, in_bytes


def assert_linear(dissector: Dissector, name: str, make: Callable[[int], Data]) -> None:
    """Fails when data ``GROWTH`` times as large takes more than ``GROWTH_OF_STEPS`` times the steps."""
    small, large = (make(size) for size in LINEAR_SIZES)
    few = steps(lambda: read(dissector, small))
    many = steps(lambda: read(dissector, large))
    assert many <= GROWTH_OF_STEPS * few + STEPS_ALLOWANCE, f"{name}: {few} steps became {many}"


def check_linear(dissector: Dissector, vector: Vector) -> None:
    """The steps grow no faster than the bytes."""
    for name, make in grown(vector):
        assert_linear(dissector, name, make)


# Ten thousand conversations may be open at once; most hold nothing, and one that holds this much is an exception.
STREAM_MEMORY_LIMIT_BYTES = 1024 * 1024
STREAM_SIZE_BYTES = 1280 * 1024
PIECE_BYTES = 16 * 1024
# Reading a datagram may take this many times its own size for a moment, and a fixed amount.
DATAGRAM_MEMORY_FACTOR = 64
DATAGRAM_MEMORY_ALLOWANCE_BYTES = 256 * 1024


# Ways to grow that hold no more than another does: a mebibyte of each takes long.
SAY_LITTLE_OF_MEMORY: Final = (
    BYTE_BY_BYTE,
    *(f"{kind} after half of it" for kind in ("pointers", "lines", "headers")),
    *(f"{kind} after it" for kind in ("zeros", "noise")),
)


def check_memory(dissector: Dissector, vector: Vector) -> None:
    """A conversation that never ends its message holds bounded memory; a datagram takes a bounded multiple."""
    for name, make in grown(vector):
        if isinstance(vector.data, bytes):
            data = make(DATAGRAM_LIMIT_BYTES)
            assert isinstance(data, bytes)
            peak = peak_of(dissector, data)
            allowed = DATAGRAM_MEMORY_FACTOR * DATAGRAM_LIMIT_BYTES + DATAGRAM_MEMORY_ALLOWANCE_BYTES
            assert peak <= allowed, f"{name}: {peak} bytes for a datagram"
        elif name not in SAY_LITTLE_OF_MEMORY:
            held = held_by(dissector, turns_of(make(STREAM_SIZE_BYTES)))
            assert held <= STREAM_MEMORY_LIMIT_BYTES, f"{name}: a conversation holds {held} bytes"


def peak_of(dissector: Dissector, data: bytes) -> int:
    """The most memory that reading a datagram took at once, in bytes."""
    tracemalloc.start(1)
    try:
        read(dissector, data)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def held_by(dissector: Dissector, turns: Turns) -> int:
    """What a stream holds, its results thrown away, in bytes: at its end, or when it is first too much."""
    assert dissector.open is not None
    stream = dissector.open()
    since = 0
    for sender, long_piece in turns:
        for start in range(0, len(long_piece), PIECE_BYTES):
            piece = long_piece[start : start + PIECE_BYTES]
            stream.feed(sender, piece)
            since += len(piece)
            if since >= 2 * PIECE_BYTES:
                since = 0
                held = size_of(stream)
                if held > STREAM_MEMORY_LIMIT_BYTES:
                    return held
    stream.close()
    return size_of(stream)


NOT_HELD: Final = (type, ModuleType, FunctionType, BuiltinFunctionType, MethodType)


def size_of(whole: object) -> int:
    """What an object and all that it refers to take, in bytes; classes, modules and functions are not its own."""
    seen = {id(whole)}
    waiting = [whole]
    size = 0
    while waiting:
        part = waiting.pop()
        size += sys.getsizeof(part)
        for other in gc.get_referents(part):
            if id(other) not in seen and not isinstance(other, NOT_HELD):
                seen.add(id(other))
                waiting.append(other)
    return size


def memories() -> list[Any]:
    """Every ``lru_cache`` of the dissectors, and of the planted faults."""
    return _memories(len(sys.modules))


@lru_cache(maxsize=1)
def _memories(_modules: int) -> list[Any]:
    """Looks through everything that lives, which takes a while: once, and again when a module was loaded since."""
    packages = ("asepsis.protocols", "asepsis.kernel", "tests.protocols")
    # By type: isinstance would ask dead weak references for their class.
    found = [thing for thing in gc.get_objects() if type(thing) is _lru_cache_wrapper]
    return [memory for memory in found if str(memory.__module__).startswith(packages)]


def longest_key(memory: object) -> int:
    """The longest bytes or text by which an ``lru_cache`` remembers."""
    longest = 0
    for held in gc.get_referents(memory):
        if isinstance(held, dict):  # the entries: a key is the argument itself, or a tuple of the arguments
            parts = [part for key in held for part in (key if isinstance(key, tuple) else (key,))]
            longest = max([longest, *(len(part) for part in parts if isinstance(part, (bytes, str)))])
    return longest


def check_remembered(dissector: Dissector, vector: Vector) -> None:
    """What is remembered from one message to the next is short, however long the message."""
    for memory in memories():
        memory.cache_clear()
    for data in (*overlong(vector.data), *stretched(vector.data)):
        read(dissector, data)
    long = {memory.__qualname__: longest_key(memory) for memory in memories()}
    assert max(long.values(), default=0) <= REMEMBERED_LIMIT_BYTES, f"bytes that are remembered: {long}"


CHECKS_FOR_ALL: Final = (
    check_vector,
    check_empty,
    check_truncated,
    check_flipped,
    check_overwritten,
    check_overlong,
    check_linear,
    check_memory,
    check_remembered,
)
CHECKS_FOR_STREAMS: Final = (check_splits, check_gaps, check_midstream, check_senders)


def checks_of(vector: Vector, *, whole_datagrams: bool = False) -> Sequence[Callable[[Dissector, Vector], None]]:
    """The checks that apply to a vector: a datagram has no pieces, no gaps and no senders; many have no pieces."""
    if isinstance(vector.data, bytes):
        return CHECKS_FOR_ALL
    checks = CHECKS_FOR_ALL + CHECKS_FOR_STREAMS
    return tuple(check for check in checks if check is not check_splits or not whole_datagrams)
