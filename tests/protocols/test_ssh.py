"""SSH: what software speaks, what it offers, what was agreed, and who serves."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pytest

from asepsis.protocols.message import Malformed, Result
from asepsis.protocols.ssh import (
    LINE_LIMIT_BYTES,
    LINES_BEFORE_IDENTIFICATION,
    PACKET_LIMIT_BYTES,
    SshAgreement,
    SshIdentification,
    SshOffer,
    SshStream,
)
from tests.protocols.conformance import CANARY, MALFORMED, Vector, kinds


def packet(payload: bytes, padding: int = 6) -> bytes:
    """RFC 4253 6."""
    return (len(payload) + padding + 1).to_bytes(4, "big") + bytes((padding,)) + payload + bytes(padding)


def kexinit(lists: Sequence[str]) -> bytes:
    """RFC 4253 7.1: SSH_MSG_KEXINIT with a cookie of zeros."""
    listed = b"".join(len(text).to_bytes(4, "big") + text.encode() for text in lists)
    return packet(b"\x14" + bytes(16) + listed + b"\0" + bytes(4))


CLIENT_LISTS = (
    *("curve25519-sha256,ecdh-sha2-nistp256,diffie-hellman-group14-sha1", "ssh-ed25519,rsa-sha2-512"),
    *("aes128-gcm@openssh.com,aes256-ctr", "aes256-ctr,aes128-cbc", "hmac-sha2-256,hmac-sha1", "hmac-sha1"),
    *("none,zlib", "none", "", ""),
)
SERVER_LISTS = (
    *("diffie-hellman-group14-sha1,ecdh-sha2-nistp256", "rsa-sha2-512"),
    *("aes256-ctr,aes128-gcm@openssh.com", "aes128-cbc", "hmac-sha1,hmac-sha2-256", "hmac-sha1"),
    *("none", "none", "", ""),
)
MARKED_CLIENT = (CLIENT_LISTS[0] + ",ext-info-c,kex-strict-c-v00@openssh.com", *CLIENT_LISTS[1:])
MARKED_SERVER = (SERVER_LISTS[0] + ",kex-strict-s-v00@openssh.com", *SERVER_LISTS[1:])

SERVER_SAYS = b"SSH-2.0-dropbear_2019.78\r\n"
CLIENT_SAYS = b"SSH-2.0-OpenSSH_8.2p1 Ubuntu-4ubuntu0.11\r\n"
KEX_INIT = packet(b"\x1e" + bytes(40))
KEX_REPLY = packet(b"\x1f" + bytes(80))
NEWKEYS = packet(b"\x15")
ENCRYPTED = bytes(range(200, 256)) + CANARY.encode()

VECTORS = (
    Vector(
        name="roles told by the exchange",
        provenance="RFC 4253 4.2, 7, 8",
        data=(
            (0, SERVER_SAYS),
            (1, CLIENT_SAYS + kexinit(CLIENT_LISTS)),
            (0, kexinit(SERVER_LISTS)),
            (1, KEX_INIT),
            (0, KEX_REPLY + NEWKEYS + ENCRYPTED),
            (1, NEWKEYS + ENCRYPTED),
        ),
        kinds=("identification", "identification", "KEXINIT", "KEXINIT", "agreement"),
    ),
    Vector(
        name="roles told by the markers of the offers",
        provenance="RFC 8308 2.1; OpenSSH PROTOCOL 1.10, strict key exchange",
        data=(
            (1, CLIENT_SAYS + kexinit(MARKED_CLIENT)),
            (0, SERVER_SAYS + kexinit(MARKED_SERVER)),
        ),
        kinds=("identification", "KEXINIT", "identification", "KEXINIT", "agreement"),
    ),
    Vector(
        name="an offer of nobody knows which side",
        provenance="RFC 4253 7.1",
        data=((0, CLIENT_SAYS + kexinit(CLIENT_LISTS)),),
        kinds=("identification", "KEXINIT"),
    ),
    Vector(
        name="words before the identification, and version 1",
        provenance="RFC 4253 4.2; SSH 1.5 is answered with no key exchange of version 2",
        data=((0, b"Welcome\nto the ward\r\nSSH-1.5-1.2.27\n" + ENCRYPTED), (1, b"SSH-1.99-Cisco-1.25\r\n")),
        kinds=("identification", "identification"),
    ),
    Vector(
        name="what is not SSH",
        provenance="RFC 4253 4.2",
        data=((0, b"\x16\x03\x01\x00" + CANARY.encode() + b"\n"), (1, b"SSH-x\r\n")),
        kinds=(MALFORMED, MALFORMED),
    ),
)

HOSTILE = {
    "lines without end": lambda size: ((0, b"\n" * size),),
    "packets that say nothing": lambda size: ((0, SERVER_SAYS + packet(b"\x02") * (size // 12)),),
    "names without end": lambda size: ((0, SERVER_SAYS + kexinit(["a," * (min(size, 30_000) // 2)] + [""] * 9)),),
}


def read(*turns: tuple[int, bytes]) -> list[Result]:
    stream = SshStream()
    results = [result for sender, data in turns for result in stream.feed(sender, data)]
    return [*results, *stream.close()]


def offers(results: list[Result]) -> list[SshOffer]:
    return [result for result in results if isinstance(result, SshOffer)]


@pytest.mark.parametrize(
    ("line", "facts"),
    [
        (
            b"SSH-2.0-OpenSSH_8.2p1 Ubuntu-4ubuntu0.11\r\n",
            {"protocol_version": "2.0", "software": "OpenSSH_8.2p1", "comments": "Ubuntu-4ubuntu0.11"},
        ),
        (b"SSH-2.0-Cisco-1.25\n", {"protocol_version": "2.0", "software": "Cisco-1.25"}),
        (b"SSH-1.99-OpenSSH_3.4p1 \r\n", {"protocol_version": "1.99", "software": "OpenSSH_3.4p1"}),
        (b"SSH-2.0--\r\n", {"protocol_version": "2.0", "software": "-"}),
    ],
)
def test_an_identification_says_what_software_speaks(line: bytes, facts: dict[str, str]) -> None:
    (found,) = read((0, line))
    assert isinstance(found, SshIdentification)
    assert found.facts() == facts
    assert found.sender_is_server is None


def test_an_offer_has_the_fingerprint_of_its_side() -> None:
    client, server = offers(read(*VECTORS[0].data))
    # HASSH is made of what the client sends with, HASSHServer of what the server sends with.
    hassh = "curve25519-sha256,ecdh-sha2-nistp256,diffie-hellman-group14-sha1;aes128-gcm@openssh.com,aes256-ctr;"
    hassh += "hmac-sha2-256,hmac-sha1;none,zlib"
    hassh_server = "diffie-hellman-group14-sha1,ecdh-sha2-nistp256;aes128-cbc;hmac-sha1;none"
    assert (client.sender_is_server, client.hassh) == (False, hashlib.md5(hassh.encode()).hexdigest())
    assert (server.sender_is_server, server.hassh_server) == (True, hashlib.md5(hassh_server.encode()).hexdigest())
    assert client.hassh_server == server.hassh == ""


def test_an_offer_shows_its_lists_and_where_the_directions_differ() -> None:
    facts = offers(read(*VECTORS[0].data))[0].facts()
    facts.pop("hassh")
    assert facts == {
        "kex": ["curve25519-sha256", "ecdh-sha2-nistp256", "diffie-hellman-group14-sha1"],
        "host_key": ["ssh-ed25519", "rsa-sha2-512"],
        "encryption": ["aes128-gcm@openssh.com", "aes256-ctr"],
        "encryption_to_client": ["aes256-ctr", "aes128-cbc"],
        "mac": ["hmac-sha2-256", "hmac-sha1"],
        "mac_to_client": ["hmac-sha1"],
        "compression": ["none", "zlib"],
        "compression_to_client": ["none"],
    }


def test_the_clients_first_that_the_server_has_is_agreed() -> None:
    agreement = read(*VECTORS[0].data)[-1]
    assert isinstance(agreement, SshAgreement)
    # The cipher to the server brings its own integrity check: no MAC is used with it.
    assert agreement.facts() == {
        "kex": "ecdh-sha2-nistp256",
        "host_key": "rsa-sha2-512",
        "encryption": "aes128-gcm@openssh.com",
        "encryption_to_client": "aes128-cbc",
        "mac_to_client": "hmac-sha1",
        "compression": "none",
    }


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_one_marked_offer_tells_both_roles(order: tuple[int, int]) -> None:
    turns = [(0, CLIENT_SAYS + kexinit(MARKED_CLIENT)), (1, SERVER_SAYS + kexinit(SERVER_LISTS))]
    found = offers(read(*(turns[place] for place in order)))
    assert sorted(str(offer.sender_is_server) for offer in found) == ["False", "True"]


def test_an_offer_of_an_unknown_side_has_both_fingerprints() -> None:
    (offer,) = offers(read((0, CLIENT_SAYS + kexinit(CLIENT_LISTS))))
    assert offer.sender_is_server is None
    assert offer.hassh
    assert offer.hassh_server


@pytest.mark.parametrize("number", [31, 33])
def test_a_reply_comes_from_the_server(number: int) -> None:
    (offer,) = offers(read((0, SERVER_SAYS + kexinit(SERVER_LISTS) + packet(bytes((number,))))))
    assert offer.sender_is_server is True


@pytest.mark.parametrize(
    ("data", "where"),
    [
        (b"\x00\x01", "identification"),
        (b"SSH-2.0\r\n", "identification"),
        (b"A" * (LINE_LIMIT_BYTES + 1), "identification"),
        (b"hello\n" * (LINES_BEFORE_IDENTIFICATION + 1), "identification"),
        (SERVER_SAYS + (PACKET_LIMIT_BYTES + 1).to_bytes(4, "big"), "packet_length"),
        (SERVER_SAYS + bytes(4), "packet_length"),
        (SERVER_SAYS + b"\x00\x00\x00\x02\x02\x14", "padding_length"),
        (SERVER_SAYS + packet(b"\x14" + bytes(16) + b"\xff\xff\xff\xff"), "SSH_MSG_KEXINIT"),
        (SERVER_SAYS + packet(b"\x14"), "SSH_MSG_KEXINIT"),
    ],
)
def test_what_breaks_the_format_is_malformed(data: bytes, where: str) -> None:
    found = [result for result in read((0, data)) if isinstance(result, Malformed)]
    assert [result.where for result in found] == [where]


def test_a_conversation_that_began_earlier_says_nothing() -> None:
    stream = SshStream()
    assert not stream.feed(0, ENCRYPTED, gap=True)
    assert not stream.feed(1, SERVER_SAYS[4:], gap=True)
    assert not stream.close()


def test_a_gap_before_the_identification_hides_nothing() -> None:
    assert kinds(SshStream().feed(0, SERVER_SAYS, gap=True)) == ("identification",)
