"""Records -> messages: ASTM E1394, today CLSI LIS02-A2 (section numbers are LIS02's), and bioMérieux's own."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from asepsis.protocols.astm.messages import BioMerieuxMessage, LisMessage, PrintOut
from asepsis.protocols.fields import text
from asepsis.protocols.message import Malformed

# Components of a sender that are kept; the longest known has seven.
COMPONENTS_LIMIT = 12
# Different tests of one message that are told apart; the largest panels have some sixty.
TESTS_LIMIT = 256
# 6: H P M O R C S Q L, and what a maker adds; other letters are none.
RECORD_TYPES: Final = frozenset(b"HPMORCSQL")
# Headers differ by their time alone, which is cut off before they are remembered: 512 of at most 512 bytes.
REMEMBERED_HEADERS = 512
REMEMBERED_LENGTH_BYTES = 512

# Where LIS02 6 has the test: O-5 and R-3, universal test id.
_TEST_FIELD: Final = {ord("O"): 4, ord("R"): 2}
_PATIENT_FIELDS_LIMIT = 40
# "24/10/29 13:08 ID# ...": the first digit was taken for the frame's number, which it stands in the place of.
_PRINTED: Final = re.compile(rb"\d/\d\d/\d\d \d\d:\d\d ID# ")
_PRINTED_TEST: Final = re.compile(rb" (?:Na|K|Cl) +[0-9.-]")


@lru_cache(maxsize=REMEMBERED_HEADERS)
def _header(record: bytes) -> LisMessage | None:
    """H, up to its version: the fields behind are the time and what differs."""
    delimiter = record[1:2]
    fields = record.split(delimiter, 13) + [b""] * 13
    declared = fields[1]
    if not 3 <= len(declared) <= 8 or declared.isalnum():
        return None
    # 5.4: repeat, component, escape. Some write the first twice, for a backslash that was escaped on the way.
    component = declared[-2:-1]
    sender = [text(part) for part in fields[4].split(component)[:COMPONENTS_LIMIT]]
    while sender and not sender[-1]:
        sender.pop()
    return LisMessage(
        sender=tuple(sender),
        receiver=text(fields[9]),
        control_id=text(fields[2]),
        processing_id=text(fields[11])[:1],
        version=text(fields[12]),
        delimiters=text(delimiter + declared),
        password=bool(fields[3].strip()),
    )


def read_header(record: bytes) -> LisMessage | None:
    """The header's part of a message; None where it is none."""
    end = 0
    for _ in range(13):
        end = record.find(record[1:2], end) + 1
        if not end:
            break
    else:
        record = record[: end - 1]
    return _header(record) if len(record) <= REMEMBERED_LENGTH_BYTES else _header.__wrapped__(record)


class Collected:
    """A message whose records come one by one."""

    __slots__ = ("bad_checksums", "counts", "delimiter", "header", "patient_fields", "tests")

    def __init__(self, header: LisMessage, delimiter: bytes) -> None:
        self.header = header
        self.delimiter = delimiter
        self.counts: dict[int, int] = {ord("H"): 1}
        self.tests: dict[int, set[bytes]] = {place: set() for place in _TEST_FIELD}
        self.patient_fields: set[int] = set()
        self.bad_checksums = 0

    def add(self, record: bytes) -> bool:
        """Takes a record; True when it was the terminator."""
        kind = record[0]
        if kind not in RECORD_TYPES or record[1:2] != self.delimiter:
            return False  # the rest of a record that was broken by a line feed
        self.counts[kind] = self.counts.get(kind, 0) + 1
        place = _TEST_FIELD.get(kind)
        if place is not None:
            fields = record.split(self.delimiter, place + 1)
            tests = self.tests[kind]
            if len(fields) > place and fields[place] and len(tests) < TESTS_LIMIT:
                tests.add(fields[place][:REMEMBERED_LENGTH_BYTES])
        elif kind == 0x50:  # P
            for number, field in enumerate(record.split(self.delimiter, _PATIENT_FIELDS_LIMIT), 1):
                if number > 2 and field.strip(b"^ "):
                    self.patient_fields.add(number)
        return kind == 0x4C  # L

    def message(self, *, complete: bool) -> LisMessage:
        """Everything so far."""
        header, counts = self.header, self.counts
        return LisMessage(
            sender=header.sender,
            receiver=header.receiver,
            control_id=header.control_id,
            processing_id=header.processing_id,
            version=header.version,
            delimiters=header.delimiters,
            password=header.password,
            records=tuple([(chr(kind), count) for kind, count in counts.items()]),
            results=counts.get(0x52, 0),
            orders=counts.get(0x4F, 0),
            queries=counts.get(0x51, 0),
            # An order may name the tests as a group, which the results then name one by one.
            tests=len(self.tests[0x52] or self.tests[0x4F]),
            patient_fields=tuple(sorted(self.patient_fields)),
            bad_checksums=self.bad_checksums,
            complete=complete,
        )


def begin(record: bytes) -> Collected | Malformed:
    """A message by its header."""
    header = read_header(record)
    if header is None:
        return Malformed(protocol="astm", where="H-2", why="declares no delimiters")
    return Collected(header, record[1:2])


def read_print_out(record: bytes) -> PrintOut | None:
    """A print-out by its beginning; None where it is none."""
    if _PRINTED.match(record) is None:
        return None
    return PrintOut(tests=len(_PRINTED_TEST.findall(record[:REMEMBERED_LENGTH_BYTES])))


def read_biomerieux(record: bytes) -> BioMerieuxMessage | Malformed:
    """``mtrsl|pi...|pn...|rt...|``: a message type, then fields that begin with two letters (RS before each)."""
    kind, *fields = record.replace(b"\x1e", b"").split(b"|")
    if not (len(kind) in (5, 6) and kind.startswith(b"mt") and kind.isalpha()):
        return Malformed(protocol="astm", where="message type", why="is none of bioMérieux's")
    names = [field[:2] for field in fields if len(field) > 2]
    return BioMerieuxMessage(
        kind=text(kind),
        tests=names.count(b"rt"),
        # pi: patient identifier, pn: patient name
        patient_data_in_clear=b"pi" in names or b"pn" in names,
    )
