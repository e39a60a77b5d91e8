"""CoAP: what small things offer, and who reads it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from asepsis.protocols.coap import OPTIONS_LIMIT, Coap, read
from asepsis.protocols.message import Malformed
from tests.protocols.captured import fields
from tests.protocols.conformance import CANARY, Vector


def option(delta: int, said: bytes) -> bytes:
    """RFC 7252 3.1."""

    def nibble(number: int) -> tuple[int, bytes]:
        if number < 13:
            return number, b""
        return (13, bytes((number - 13,))) if number < 269 else (14, (number - 269).to_bytes(2, "big"))

    (high, behind_delta), (low, behind_length) = nibble(delta), nibble(len(said))
    return bytes((high << 4 | low,)) + behind_delta + behind_length + said


def message(code: int, options: bytes = b"", payload: bytes = b"", *, kind: int = 0, token: bytes = b"\x07") -> bytes:
    """RFC 7252 3."""
    head = bytes((0x40 | kind << 4 | len(token), code)) + b"\x12\x34" + token
    return head + options + (b"\xff" + payload if payload else b"")


CORE = option(3, b"pump-7.local") + option(8, b".well-known") + option(0, b"core")
LINKS = f'</sensors/temp>;rt="temperature-c";if="sensor",</patient/{CANARY}>;ct=0,</>;rt=oic.wk.d'.encode()
LISTED = message(0x45, option(12, b"\x28"), LINKS, kind=2)
REGISTER = message(2, option(11, b"rd") + option(4, b"ep=node-1") + option(0, b"lt=60"), b"</3/0>")

VECTORS = [
    Vector(name="asks-for-resources", provenance="RFC 7252 3.1, RFC 6690 4", data=message(1, CORE), kinds=("GET",)),
    Vector(name="resources", provenance="RFC 6690 2", data=LISTED, kinds=("2.05",)),
    Vector(name="registers", provenance="RFC 9176 5", data=REGISTER, kinds=("POST",)),
    Vector(
        name="path-of-a-patient",
        provenance="RFC 7252 5.10.1",
        data=message(1, option(11, b"patient") + option(0, CANARY.encode()), CANARY.encode()),
        kinds=("GET",),
    ),
    Vector(name="long-option", provenance="RFC 7252 3.1", data=message(1, option(35, b"x" * 300)), kinds=("GET",)),
    Vector(name="reset", provenance="RFC 7252 4.2", data=b"\x70\x00\x12\x34", kinds=("RST",)),
]

HOSTILE = {
    "options": lambda size: message(1, b"\0" * size),
    "links": lambda size: message(0x45, option(12, b"\x28"), b"<a>," * (size // 4)),
}


def one(payload: bytes) -> Coap:
    (found,) = read(payload)
    assert isinstance(found, Coap)
    return found


def test_a_request_for_resources_says_which_host() -> None:
    found = one(message(1, CORE))
    assert found.sender_is_server is False
    assert found.facts() == {"confirmable": True, "host": "pump-7.local", "path": "/.well-known/core"}


def test_a_thing_lists_what_it_offers() -> None:
    found = one(LISTED)
    assert found.sender_is_server is True
    assert found.facts() == {
        "content_format": "application/link-format",
        "resources": [
            {"path": "/sensors/temp", "type": "temperature-c"},
            {"path": "/patient/#"},
            {"path": "/", "type": "oic.wk.d"},
        ],
    }


def test_a_thing_registers_under_a_name() -> None:
    assert one(REGISTER).endpoint == "node-1"


def test_what_repeats_but_for_id_and_token_is_one_object() -> None:
    assert one(message(1, CORE)) is one(message(1, CORE, token=b"\x01\x02\x03"))


@pytest.mark.parametrize(
    ("payload", "where"),
    [
        (b"\x40\x01", "header"),
        (b"\x80\x01\0\0", "header"),
        (b"\x49\x01\0\0" + bytes(9), "header"),
        (b"\x40\x00\0\0\x11x", "empty message"),
        (message(1, b"\xf0"), "option"),
        (message(1, b"\xb5abc"), "option"),
        (message(1, b"\x1d"), "option"),
        (message(1, b"\0" * (OPTIONS_LIMIT + 1)), "option"),
    ],
)
def test_what_is_not_coap_is_malformed(payload: bytes, where: str) -> None:
    (found,) = read(payload)
    assert isinstance(found, Malformed)
    assert found.where == where


@pytest.mark.slow
def test_real_captures_give_what_tshark_prints(archive: Callable[[str], Path]) -> None:
    names = ("coap.code", "coap.opt.uri_path_recon", "udp.payload")
    compared = 0
    for code, path, payload in fields(archive("ndpi") / "coap_mqtt.pcap", "coap && udp && !icmpv6", *names):
        found = one(bytes.fromhex(payload[0]))
        number = int(code[0])
        kinds = {1: "GET", 2: "POST", 3: "PUT", 4: "DELETE"}
        assert found.kind == ("ACK" if number == 0 else kinds.get(number, f"{number >> 5}.{number & 31:02d}"))
        if path and path[0].startswith("/") and not found.sender_is_server:  # tshark repeats the path in the answer
            assert found.path == path[0].removesuffix("/")
        compared += 1
    assert compared >= 19
