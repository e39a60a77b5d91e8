"""Kerberos: which machines ask for which tickets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from asepsis.protocols.kerberos import DISSECTOR, MALFORMED_LIMIT, MESSAGE_LIMIT_BYTES, Kerberos, KerberosStream, read
from asepsis.protocols.message import Malformed
from tests.protocols.ber_wire import ber, number, octets, sequence, tagged
from tests.protocols.captured import conversations, fields, messages
from tests.protocols.conformance import CANARY, Vector

GENERAL_STRING = 0x1B


def string(text: bytes) -> bytes:
    return octets(text, GENERAL_STRING)


def principal(*parts: bytes, kind: int = 1) -> bytes:
    """RFC 4120 5.2.2."""
    return sequence(tagged(0, number(kind)), tagged(1, sequence(*map(string, parts))))


def request(tag: int, *, client: bytes = b"", service: bytes, netbios: bytes = b"") -> bytes:
    """RFC 4120 5.4.1."""
    body = [tagged(0, ber(3, bytes(5)))]
    if client:
        body.append(tagged(1, client))
    body += [tagged(2, string(b"WARD.EXAMPLE")), tagged(3, service), tagged(5, ber(0x18, b"20370913024805Z"))]
    body += [tagged(7, number(77)), tagged(8, sequence(number(18), number(17), number(23), number(-135)))]
    if netbios:
        body.append(tagged(9, sequence(sequence(tagged(0, number(20)), tagged(1, octets(netbios))))))
    secret = sequence(tagged(1, number(2)), tagged(2, octets(f"sealed {CANARY}".encode())))
    return ber(
        tag,
        sequence(
            tagged(1, number(5)),
            tagged(2, number(tag & 0x1F)),
            tagged(3, sequence(secret)),
            tagged(4, sequence(*body)),
        ),
    )


def sealed(kind: int) -> bytes:
    """RFC 4120 5.2.9."""
    return sequence(tagged(0, number(kind)), tagged(1, number(2)), tagged(2, octets(b"sealed")))


def reply(tag: int, client: bytes, service: bytes) -> bytes:
    """RFC 4120 5.4.2, 5.3."""
    realm = string(b"WARD.EXAMPLE")
    ticket = ber(0x61, sequence(tagged(0, number(5)), tagged(1, realm), tagged(2, service), tagged(3, sealed(23))))
    return ber(
        tag,
        sequence(
            *(tagged(0, number(5)), tagged(1, number(tag & 0x1F)), tagged(3, realm)),
            *(tagged(4, client), tagged(5, ticket), tagged(6, sealed(18))),
        ),
    )


def error(code: int, client: bytes = b"") -> bytes:
    """RFC 4120 5.9.1."""
    named = [tagged(7, string(b"WARD.EXAMPLE")), tagged(8, client)] if client else []
    return ber(
        0x7E,
        sequence(
            *(tagged(0, number(5)), tagged(1, number(30)), tagged(4, ber(0x18, b"20260101120000Z"))),
            *(tagged(5, number(1)), tagged(6, number(code)), *named, tagged(9, string(b"WARD.EXAMPLE"))),
            tagged(10, principal(b"krbtgt", b"WARD.EXAMPLE", kind=2)),
            tagged(11, string(f"{CANARY} is not known".encode())),
            tagged(12, octets(sequence(tagged(1, number(19)), tagged(2, octets(CANARY.encode()))))),
        ),
    )


PERSON = principal(CANARY.lower().encode())
MACHINE = principal(b"CT-1$")
TGT = principal(b"krbtgt", b"WARD.EXAMPLE", kind=2)
CIFS = principal(b"cifs", b"archive.ward.example", kind=2)
ASK = request(0x6A, client=MACHINE, service=TGT, netbios=b"CT-1            ")
ASK_OF_A_PERSON = request(0x6A, client=PERSON, service=TGT)
GIVE = reply(0x6D, MACHINE, CIFS)


def framed(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


VECTORS = [
    Vector(name="as-req", provenance="RFC 4120 5.4.1", data=ASK, kinds=("AS-REQ",)),
    Vector(name="as-req-of-a-person", provenance="RFC 4120 5.4.1", data=ASK_OF_A_PERSON, kinds=("AS-REQ",)),
    Vector(name="as-rep-of-a-person", provenance="RFC 4120 5.4.2", data=reply(0x6B, PERSON, TGT), kinds=("AS-REP",)),
    Vector(name="tgs-rep", provenance="RFC 4120 5.4.2", data=GIVE, kinds=("TGS-REP",)),
    Vector(name="error", provenance="RFC 4120 5.9.1", data=error(25, PERSON), kinds=("KRB-ERROR",)),
    Vector(
        name="person-as-service",
        provenance="RFC 4120 3.3.3: a ticket for another user",
        data=request(0x6C, service=principal(CANARY.encode(), b"admin")),
        kinds=("TGS-REQ",),
    ),
    Vector(
        name="over-tcp",
        provenance="RFC 4120 7.2.2",
        data=((0, framed(ASK, ASK_OF_A_PERSON)), (1, framed(error(25), GIVE))),
        kinds=("AS-REQ", "AS-REQ", "KRB-ERROR", "TGS-REP"),
    ),
]

HOSTILE = {"encryption types": lambda size: request(0x6A, service=principal(*(b"a" for _ in range(size // 3))))}


def test_a_machine_that_asks_is_named_and_a_person_is_not() -> None:
    (machine,) = read(ASK)
    assert isinstance(machine, Kerberos)
    assert machine.facts() == {
        "realm": "WARD.EXAMPLE",
        "client": "CT-1$",
        "service": "krbtgt/WARD.EXAMPLE",
        "workstation": "CT-1",
        "encryption": ["aes256-cts-hmac-sha1-96", "aes128-cts-hmac-sha1-96", "rc4-hmac", "-135"],
    }
    (person,) = read(ASK_OF_A_PERSON)
    assert isinstance(person, Kerberos)
    assert (person.client, person.person, person.sender_is_server) == ("", True, False)


def test_a_reply_says_which_service_a_ticket_is_for_and_how_it_is_encrypted() -> None:
    (message,) = read(GIVE)
    assert isinstance(message, Kerberos)
    assert message.sender_is_server is True
    assert message.service == "cifs/archive.ward.example"
    assert (message.encryption, message.ticket_encryption) == (("aes256-cts-hmac-sha1-96",), "rc4-hmac")


def test_an_error_has_its_name() -> None:
    (message,) = read(error(25))
    assert isinstance(message, Kerberos)
    assert message.error == "KDC_ERR_PREAUTH_REQUIRED"


def test_a_name_of_two_parts_is_kept_only_for_services() -> None:
    kept = {
        (b"host", b"ct-1.ward.example"): "host/ct-1.ward.example",
        (b"alice", b"admin"): "",
        (b"HTTP", b"pacs"): "HTTP/pacs",
        (b"CT-1$@WARD.EXAMPLE",): "CT-1$@WARD.EXAMPLE",
        (b"alice@WARD.EXAMPLE",): "",
        (b"$",): "",
    }
    for parts, name in kept.items():
        (message,) = read(request(0x6A, client=principal(*parts), service=TGT))
        assert isinstance(message, Kerberos)
        assert (message.client, message.person) == (name, not name)


def test_a_length_that_no_message_has_ends_the_reading() -> None:
    stream = KerberosStream()
    (found,) = stream.feed(0, (MESSAGE_LIMIT_BYTES + 1).to_bytes(4, "big"))
    assert isinstance(found, Malformed)
    assert stream.feed(0, framed(ASK)) == ()


def test_a_direction_of_nothing_but_rubbish_is_given_up() -> None:
    found = KerberosStream().feed(0, framed(*(b"\x00\x00",) * (MALFORMED_LIMIT + 5)))
    assert len(found) == MALFORMED_LIMIT


@pytest.mark.slow
def test_real_captures_give_what_tshark_prints(archive: Callable[[str], Path]) -> None:
    folder = archive("ndpi")
    compared = 0
    for name in ("kerberos-login.pcap", "kerberos-error.pcap"):
        rows = fields(
            folder / name,
            "kerberos && udp",
            "kerberos.msg_type",
            "kerberos.SNameString",
            "kerberos.realm",
            "udp.payload",
        )
        for kind, service, realm, payload in rows:
            (message,) = read(bytes.fromhex(payload[0]))
            assert isinstance(message, Kerberos)
            assert {"AS-REQ": "10", "AS-REP": "11", "TGS-REQ": "12", "TGS-REP": "13", "KRB-ERROR": "30"}[
                message.kind
            ] in kind
            assert message.realm in realm or message.sender_is_server
            assert message.service.split("/") == service[-len(message.service.split("/")) :] or not message.service
            compared += 1
    assert compared >= 26
    read_ones = [
        one
        for segments in conversations(folder / "kerberos.pcap").values()
        for one in messages(DISSECTOR, segments)
        if isinstance(one, Kerberos)
    ]
    assert len(read_ones) == len(fields(folder / "kerberos.pcap", "kerberos.msg_type", "frame.number"))
