"""NTLM: names of machines and domains out of the three messages; of users, only that one is named."""

from __future__ import annotations

import struct

import pytest

from asepsis.protocols.ntlm import Ntlm, find_ntlm
from tests.protocols.conformance import CANARY

UNICODE, ANONYMOUS, DOMAIN, WORKSTATION, VERSION = 0x1, 0x800, 0x1000, 0x2000, 0x0200_0000
WINDOWS_2019 = bytes((10, 0)) + struct.pack("<H", 17763) + b"\0\0\0\x0f"


def field(length: int, offset: int) -> bytes:
    """MS-NLMP 2.2.1: Len, MaxLen, BufferOffset."""
    return struct.pack("<HHI", length, length, offset)


def pair(kind: int, text: str) -> bytes:
    """MS-NLMP 2.2.2.1: AV_PAIR."""
    content = text.encode("utf-16-le")
    return struct.pack("<HH", kind, len(content)) + content


def challenge(pairs: bytes, target: str = "RADIOLOGY") -> bytes:
    """MS-NLMP 2.2.1.2."""
    name = target.encode("utf-16-le")
    return (
        b"NTLMSSP\0\x02\0\0\0"
        + field(len(name), 56)
        + struct.pack("<I", UNICODE | VERSION)
        + b"8bytes!!"
        + bytes(8)
        + field(len(pairs), 56 + len(name))
        + WINDOWS_2019
        + name
        + pairs
    )


def authenticate(*, answer: int = 60, flags: int = UNICODE | VERSION, user: str = CANARY) -> bytes:
    """MS-NLMP 2.2.1.3."""
    parts = [bytes(24), bytes(answer)]
    parts += [text.encode("utf-16-le" if flags & UNICODE else "ascii") for text in ("HOSPITAL", user, "CT-CONSOLE-1")]
    offsets = [88 + sum(map(len, parts[:place])) for place in range(6)]
    return (
        b"NTLMSSP\0\x03\0\0\0"
        + b"".join(field(len(part), offset) for part, offset in zip(parts, offsets, strict=False))
        + field(0, offsets[5])
        + struct.pack("<I", flags)
        + WINDOWS_2019
        + bytes(16)
        + b"".join(parts)
    )


NEGOTIATE = (
    b"NTLMSSP\0\x01\0\0\0"
    + struct.pack("<I", DOMAIN | WORKSTATION | VERSION)
    + field(9, 40)
    + field(5, 49)
    + WINDOWS_2019
    + b"RADIOLOGYCT-01"
)
CHALLENGE = challenge(
    pair(2, "RADIOLOGY")
    + pair(1, "CT-1")
    + pair(4, "radiology.example")
    + pair(3, "ct-1.radiology.example")
    + pair(5, "example")
    + struct.pack("<HH", 7, 8)
    + bytes(8)
    + struct.pack("<HH", 0, 0)
)
AUTHENTICATE = authenticate()


def read(message: bytes) -> Ntlm:
    found = find_ntlm(message)
    assert found is not None
    return found


def test_a_negotiation_names_the_client() -> None:
    assert read(NEGOTIATE).facts() == {
        "kind": "NEGOTIATE",
        "domain": "RADIOLOGY",
        "workstation": "CT-01",
        "os_version": "10.0.17763",
    }
    assert read(NEGOTIATE).sender_is_server is False


def test_a_challenge_names_the_server() -> None:
    assert read(CHALLENGE).facts() == {
        "kind": "CHALLENGE",
        "target": "RADIOLOGY",
        "netbios_domain": "RADIOLOGY",
        "netbios_computer": "CT-1",
        "dns_domain": "radiology.example",
        "dns_computer": "ct-1.radiology.example",
        "dns_forest": "example",
        "os_version": "10.0.17763",
    }
    assert read(CHALLENGE).sender_is_server is True


def test_of_a_sign_in_the_machine_is_kept_and_of_the_user_nothing() -> None:
    found = read(AUTHENTICATE)
    assert found.facts() == {
        "kind": "AUTHENTICATE",
        "domain": "HOSPITAL",
        "workstation": "CT-CONSOLE-1",
        "os_version": "10.0.17763",
        "user": True,
    }
    assert CANARY not in repr(found)


def test_names_in_the_machines_own_code_page_are_read() -> None:
    assert dict(read(authenticate(flags=0)).names) == {"domain": "HOSPITAL", "workstation": "CT-CONSOLE-1"}


def test_an_answer_of_24_bytes_is_version_1() -> None:
    assert read(authenticate(answer=24)).version_1
    assert not read(AUTHENTICATE).version_1


@pytest.mark.parametrize("message", [authenticate(user=""), authenticate(flags=UNICODE | ANONYMOUS)])
def test_nobody_is_no_user(message: bytes) -> None:
    assert not read(message).user


def test_the_message_is_found_in_its_wrapping() -> None:
    assert find_ntlm(b"\xa1\x81\xce\x30\x81\xcb" + CHALLENGE) == read(CHALLENGE)


@pytest.mark.parametrize("token", [b"", b"NTLMSSP\0", b"NTLMSSP\0\x04\0\0\0", b"\x60\x82Kerberos"])
def test_what_holds_no_message_is_none(token: bytes) -> None:
    assert find_ntlm(token) is None


@pytest.mark.parametrize("message", [NEGOTIATE, CHALLENGE, AUTHENTICATE])
def test_a_message_cut_anywhere_is_read_as_far_as_it_goes(message: bytes) -> None:
    for end in range(len(message)):
        found = find_ntlm(message[:end])
        assert found is None or CANARY not in repr(found)


@pytest.mark.parametrize("message", [NEGOTIATE, CHALLENGE, AUTHENTICATE])
def test_lengths_and_offsets_that_lie_raise_nothing(message: bytes) -> None:
    for at in range(8, len(message)):
        for lie in (b"\xff", b"\xff\xff", b"\xff\xff\xff\xff", b"\0\0\0\0"):
            find_ntlm(message[:at] + lie + message[at + len(lie) :])


def test_pairs_without_end_are_bounded() -> None:
    many = pair(1, "A") * 5000
    assert len(read(challenge(many[:65_000])).names) <= 33
