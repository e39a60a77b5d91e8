"""DNS over UDP and TCP."""

from __future__ import annotations

import pytest

from asepsis.protocols.dns import MALFORMED_LIMIT, Dns, DnsStream, read
from asepsis.protocols.message import Malformed
from asepsis.protocols.resource_records import POINTERS_LIMIT, RECORDS_LIMIT, Edns, Question, Record
from tests.protocols.conformance import Vector
from tests.protocols.dns_wire import (
    AAAA,
    CNAME,
    HINFO,
    HTTPS,
    MX,
    NS,
    NULL,
    OPT,
    PTR,
    QUERY,
    RESPONSE,
    SOA,
    SRV,
    TXT,
    A,
    address,
    framed,
    message,
    name,
    question,
    record,
    srv,
    strings,
)

ASK = message(QUERY, [question("time.example.com", A)], additional=[record("", OPT, b"", rclass=1232, ttl=0x8000)])
# RFC 1035 4.1.4: the answer's name points to the question's, the second answer's into the first's data.
ANSWER = message(
    RESPONSE,
    [question("time.example.com", A)],
    [
        record(b"\xc0\x0c", CNAME, b"\x03ntp\xc0\x11"),
        record(b"\xc0\x2e", A, address("192.0.2.1"), ttl=60),
        record(b"\xc0\x2e", AAAA, address("2001:db8::1"), ttl=60),
    ],
    additional=[record("", OPT, b"\0\x03\0\x02ab", rclass=1232)],
)
MANY_TYPES = message(
    RESPONSE,
    [question("example.com", 255)],
    [
        record("example.com", MX, b"\0\x0a" + name("mail.example.com")),
        record("example.com", TXT, strings(b"v=spf1 -all", b"second")),
        record("_hl7._tcp.example.com", SRV, srv(2575, "engine.example.com")),
        record("1.2.0.192.in-addr.arpa", PTR, name("monitor-1.example.com")),
        record("example.com", HINFO, strings(b"ARM", b"LINUX")),
        record("example.com", HTTPS, b"\0\x01" + name("edge.example.com")),
        record("example.com", 65280, b"\1\2\3"),
    ],
    [record("example.com", NS, name("ns.example.com"))],
    [record("example.com", SOA, name("ns.example.com") + name("admin.example.com") + bytes(20))],
)
REFUSED = message(0x8003, [question("nobody.example", A)])

VECTORS = [
    Vector(name="query", provenance="RFC 1035 4; RFC 6891 6.1", data=ASK, kinds=("QUERY",)),
    Vector(name="response", provenance="RFC 1035 4.1.4", data=ANSWER, kinds=("RESPONSE",)),
    Vector(name="many types", provenance="RFC 1035 3.3; RFC 2782; RFC 9460", data=MANY_TYPES, kinds=("RESPONSE",)),
    Vector(
        name="over tcp",
        provenance="RFC 1035 4.2.2; RFC 7766 6.2.1 (several queries at once)",
        data=((0, framed(ASK) + framed(ASK)), (1, framed(ANSWER) + framed(REFUSED))),
        kinds=("QUERY", "QUERY", "RESPONSE", "RESPONSE"),
    ),
]


def pointer(at: int) -> bytes:
    return (0xC000 | at).to_bytes(2, "big")


def with_chain(length: int, answers: int) -> bytes:
    """A message with a chain of pointers in its first record's data, and answers named by the chain's far end."""
    head = b"\0\0\x81\x80\0\x01" + (answers + 1).to_bytes(2, "big") + bytes(4) + question("a", A)
    start = len(head) + 12  # where the data of a record with a compressed name begins
    chain = pointer(12) + b"".join(pointer(start + 2 * link) for link in range(length - 1))
    far_end = pointer(start + 2 * (length - 1))
    return head + record(pointer(12), NULL, chain) + record(far_end, A, address("192.0.2.1")) * answers


def chain_of_pointers(size_bytes: int) -> bytes:
    return with_chain(min(size_bytes // 4, 8000), min(size_bytes // 32, 0xFF00))


def long_names(size_bytes: int) -> bytes:
    """Records whose names are as long as they may be, by pointers to the first."""
    long_name = name(".".join(["a" * 61] * 4))
    body = record(b"\xc0\x0c", PTR, b"\xc0\x0c") * (size_bytes // 14)
    return message(RESPONSE)[:4] + b"\0\x01\xff\xff\0\0\0\0" + long_name + b"\0\x0c\0\x01" + body


HOSTILE = {"chain of pointers": chain_of_pointers, "long names": long_names}


def only(payload: bytes) -> Dns:
    (found,) = read(payload)
    assert isinstance(found, Dns)
    return found


def test_a_query_says_what_is_asked() -> None:
    found = only(ASK)
    assert found.kind == "QUERY"
    assert found.sender_is_server is False
    assert found.rcode == ""
    assert found.questions == (Question(name="time.example.com", type="A"),)
    assert found.edns == Edns(payload_size_bytes=1232, dnssec_ok=True, extended_rcode=0)


def test_a_response_follows_pointers() -> None:
    found = only(ANSWER)
    assert found.kind == "RESPONSE"
    assert found.sender_is_server is True
    assert found.facts() == {
        "rcode": "NOERROR",
        "questions": ["time.example.com A"],
        "answers": [
            {"name": "time.example.com", "type": "CNAME", "ttl_seconds": 120, "data": "ntp.example.com"},
            {"name": "ntp.example.com", "type": "A", "ttl_seconds": 60, "data": "192.0.2.1"},
            {"name": "ntp.example.com", "type": "AAAA", "ttl_seconds": 60, "data": "2001:db8::1"},
        ],
        "edns_payload_size_bytes": 1232,
        "edns_options": [3],
    }


def test_every_type_gives_what_it_leads_to() -> None:
    found = only(MANY_TYPES)
    assert [(entry.type, entry.data) for entry in found.answers] == [
        ("MX", "mail.example.com"),
        ("TXT", "v=spf1 -all"),
        ("SRV", "engine.example.com"),
        ("PTR", "monitor-1.example.com"),
        ("HINFO", "ARM"),
        ("HTTPS", "edge.example.com"),
        ("TYPE65280", ""),
    ]
    assert found.answers[2].port == 2575
    assert found.answers[1].strings == (b"v=spf1 -all", b"second")
    assert found.authorities == (Record(name="example.com", type="NS", ttl_seconds=120, data="ns.example.com"),)
    assert found.additional[0].data == "ns.example.com"


@pytest.mark.parametrize(
    ("flags", "kind", "rcode"),
    [
        (0x2400, "NOTIFY", ""),  # RFC 1996 3
        (0xA400, "NOTIFY RESPONSE", "NOERROR"),
        (0x2800, "UPDATE", ""),  # RFC 2136 2.2
        (0x8003, "RESPONSE", "NXDOMAIN"),
        (0x8005, "RESPONSE", "REFUSED"),
        (0x800C, "RESPONSE", "code 12"),
    ],
)
def test_kind_and_response_code_follow_the_flags(flags: int, kind: str, rcode: str) -> None:
    found = only(message(flags, [question("example.com", SOA)]))
    assert (found.kind, found.rcode) == (kind, rcode)


def test_the_extended_response_code_needs_the_opt_record() -> None:
    # RFC 6891 6.1.3: the upper eight bits are in the OPT record's time to live.
    found = only(message(0x8000, [question("a", A)], additional=[record("", OPT, b"", ttl=0x01000000)]))
    assert found.rcode == "BADVERS"


def test_an_answer_of_all_zeros_is_an_answer() -> None:
    nowhere = [record("a", A, bytes(4)), record("a", AAAA, bytes(16)), record("a", A, b"")]
    assert [entry.data for entry in only(message(RESPONSE, [], nowhere)).answers] == ["0.0.0.0", "::", ""]


def test_an_identifier_makes_no_other_message() -> None:
    assert read(b"\x99\x99" + ANSWER[2:]) == read(ANSWER)


def test_a_pointer_that_does_not_point_backwards_is_malformed() -> None:
    found, malformed = read(message(RESPONSE, [question("a", A)], [record(b"\xc0\x13", A, address("192.0.2.1"))]))
    assert isinstance(found, Dns)
    assert malformed == Malformed(protocol="dns", where="name", why="a pointer that does not point backwards")


def test_too_many_pointers_are_malformed() -> None:
    assert only(with_chain(POINTERS_LIMIT - 1, 1)).answers[1].name == "a"
    _, malformed = read(with_chain(POINTERS_LIMIT, 1))
    assert malformed == Malformed(protocol="dns", where="name", why=f"more than {POINTERS_LIMIT} pointers")


def test_what_stands_before_a_truncated_record_is_kept() -> None:
    found, malformed = read(ANSWER[:-30])
    assert isinstance(found, Dns)
    assert len(found.answers) == 2
    assert isinstance(malformed, Malformed)


def test_a_header_alone_is_no_message() -> None:
    (malformed,) = read(b"\0\0\1\0\0\1\0\0\0\0\0\0\xff")
    assert isinstance(malformed, Malformed)


def test_records_beyond_the_limit_are_counted() -> None:
    found = only(message(RESPONSE, [], [record("a", A, address("192.0.2.1"))] * (RECORDS_LIMIT + 9)))
    assert len(found.answers) == RECORDS_LIMIT
    assert found.records_counted == RECORDS_LIMIT + 9


def test_a_stream_finds_its_way_back_after_a_gap() -> None:
    stream = DnsStream()
    assert [type(found) for found in stream.feed(1, framed(ANSWER)[:40])] == []
    assert stream.feed(1, b"rest of something", gap=True) == ()
    assert list(stream.feed(1, framed(ANSWER))) == list(read(ANSWER))


def test_a_stream_that_is_no_dns_is_given_up() -> None:
    stream = DnsStream()
    results = stream.feed(0, b"\0\x02ab" * 100)
    assert len(results) == MALFORMED_LIMIT
    assert stream.feed(0, framed(ASK)) == ()
    assert list(stream.feed(1, framed(ANSWER))) == list(read(ANSWER))
