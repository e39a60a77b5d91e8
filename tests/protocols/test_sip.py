"""SIP: telephones and exchanges, never who calls whom."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from asepsis.protocols.message import Malformed
from asepsis.protocols.sip import Sip, open_stream, read
from tests.protocols.captured import fields
from tests.protocols.conformance import CANARY, Vector

PEOPLE = (
    f'From: "{CANARY}" <sip:{CANARY}@ward.example>;tag=1\r\n'
    f"To: <sip:+49{CANARY}@ward.example>\r\n"
    f"Call-ID: {CANARY}@10.0.0.7\r\n"
)
REGISTER = (
    "REGISTER sip:pbx.ward.example;transport=udp SIP/2.0\r\n"
    "Via: SIP/2.0/UDP 10.0.0.7:5060;branch=z9hG4bK1\r\n" + PEOPLE + f"Contact: <sip:{CANARY}@10.0.0.7>;expires=60;"
    '+sip.instance="<urn:uuid:00000000-0000-1000-8000-00156512AB34>"\r\n'
    f'Authorization: Digest username="{CANARY}", realm="pbx"\r\n'
    "CSeq: 1 REGISTER\r\n"
    "User-Agent: Yealink SIP-T46S 66.84.0.15\r\n"
    "Content-Length: 0\r\n\r\n"
).encode()
WANTS = (
    "SIP/2.0 401 Unauthorized\r\nv: SIP/2.0/UDP 10.0.0.7\r\n"
    + PEOPLE
    + 'CSeq: 1 REGISTER\r\nWWW-Authenticate: Digest realm="pbx", nonce="1"\r\n'
    "Server: Asterisk PBX 16.2.1\r\nl: 0\r\n\r\n"
).encode()
BODY = f"v=0\r\no={CANARY} 1 1 IN IP4 10.0.0.7\r\ns=call of {CANARY}\r\n"
INVITE = (
    f"INVITE sip:{CANARY}@ward.example SIP/2.0\r\nv: SIP/2.0/TCP 10.0.0.7\r\n"
    + PEOPLE
    + f"CSeq: 2 INVITE\r\nUser-Agent: Phone 1.0 ({CANARY}@ward.example)\r\nl: {len(BODY)}\r\n\r\n"
    + BODY
).encode()

VECTORS = [
    Vector(name="register", provenance="RFC 3261 10.2, RFC 5626 4.1", data=REGISTER, kinds=("REGISTER",)),
    Vector(name="challenge", provenance="RFC 3261 22.2, 7.3.3", data=WANTS, kinds=("401",)),
    Vector(name="call", provenance="RFC 3261 13.2, RFC 4566 5", data=INVITE, kinds=("INVITE",)),
    Vector(
        name="over-tcp",
        provenance="RFC 3261 18.3, RFC 5626 4.4.1",
        data=((0, b"\r\n\r\n" + INVITE + REGISTER), (1, WANTS + b"\r\n")),
        kinds=("INVITE", "REGISTER", "401"),
    ),
]

HOSTILE = {
    "blanks": lambda size: b"REGISTER sip:x SIP/2.0\r\nVia: SIP/2.0/UDP" + b" " * size,
    "spaced": lambda size: b"REGISTER sip:" + b"sip:" * (size // 4) + b" SIP/2.0\r\n\r\n",
    "heads": lambda size: ((0, b"REGISTER sip:x SIP/2.0\r\n" + b"a: b\r\n" * (size // 6)),),
}


def one(payload: bytes) -> Sip:
    (message,) = read(payload)
    assert isinstance(message, Sip)
    return message


def test_a_telephone_that_registers_says_what_it_is_and_with_whom() -> None:
    message = one(REGISTER)
    assert message.sender_is_server is False
    assert message.facts() == {
        "user_agent": "Yealink SIP-T46S 66.84.0.15",
        "registrar": "pbx.ward.example",
        "sent_by": "10.0.0.7",
        "transport": "UDP",
        "instance": "00156512ab34",
        "authentication": "Digest",
    }


def test_a_registrar_says_what_it_is() -> None:
    message = one(WANTS)
    assert message.sender_is_server is True
    assert message.facts() == {
        "method": "REGISTER",
        "server": "Asterisk PBX 16.2.1",
        "realm": "pbx",
        "authentication": "Digest",
    }


def test_an_address_in_a_products_name_is_cut_off() -> None:
    assert one(INVITE).user_agent == "Phone 1.0"


def test_the_same_words_give_the_same_object() -> None:
    assert one(REGISTER) is one(REGISTER.replace(b"branch=z9hG4bK1", b"branch=z9hG4bK2"))


@pytest.mark.parametrize("keep_alive", [b"\r\n\r\n", b"\0\0\0\0", b"\r\n"])
def test_keep_alives_say_nothing(keep_alive: bytes) -> None:
    assert read(keep_alive) == ()


@pytest.mark.parametrize(
    "payload",
    [b"GET / HTTP/1.1\r\n\r\n", b"SIP/2.0 abc OK\r\n\r\n", b"REGISTER sip:x HTTP/1.1\r\n\r\n", b"SIP/2.0 200\r\n\r\n"],
)
def test_what_is_not_sip_is_malformed(payload: bytes) -> None:
    assert isinstance(read(payload)[0], Malformed)


def test_a_stream_that_is_something_else_is_given_up_once() -> None:
    stream = open_stream()
    assert len(stream.feed(0, b"HELO mail.example\r\n\r\n")) == 1
    assert stream.feed(0, REGISTER) == ()
    assert len(stream.feed(0, REGISTER, gap=True)) == 1


def test_long_bodies_are_stepped_over() -> None:
    stream = open_stream()
    long = INVITE.replace(f"l: {len(BODY)}".encode(), b"l: 100000") + bytes(100_000 - len(BODY)) + REGISTER
    found = [result for at in range(0, len(long), 900) for result in stream.feed(0, long[at : at + 900])]
    assert [getattr(result, "kind", "") for result in found] == ["INVITE", "REGISTER"]


@pytest.mark.slow
def test_real_captures_give_what_tshark_prints(archive: Callable[[str], Path]) -> None:
    compared = 0
    for name in ("sip.pcap", "FAX-Call-t38-CA-TDM-SIP-FB-1.pcap"):
        names = ("sip.Method", "sip.Status-Code", "sip.User-Agent", "sip.Server", "udp.payload")
        for method, status, agent, server, payload in fields(archive("ndpi") / name, "sip && udp", *names):
            message = one(bytes.fromhex(payload[0]))
            assert message.kind == "".join(method[:1] if not status else status[:1])
            assert message.user_agent == "".join(agent)
            assert message.server == "".join(server)
            compared += 1
    assert compared >= 130
