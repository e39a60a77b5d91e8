"""RDP: how a remote desktop is asked for, protected, and by which machine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from asepsis.protocols.message import Malformed, Result
from asepsis.protocols.rdp import DISSECTOR, RdpClient, RdpConnection, RdpStream
from tests.protocols.captured import conversations, fields, messages
from tests.protocols.conformance import CANARY, Vector
from tests.protocols.tls_wire import client_hello, record, server_hello, server_name


def tpkt(kind: int, rest: bytes) -> bytes:
    """RFC 1006 6, X.224 13.3."""
    x224 = bytes((kind,)) + bytes(5) + rest
    return b"\x03\x00" + (5 + len(x224)).to_bytes(2, "big") + bytes((len(x224),)) + x224


def negotiation(kind: int, number: int, flags: int = 0) -> bytes:
    """[MS-RDPBCGR] 2.2.1.1.1, 2.2.1.2.1, 2.2.1.2.2."""
    return bytes((kind, flags)) + b"\x08\x00" + number.to_bytes(4, "little")


COOKIE = f"Cookie: mstshash={CANARY}\r\n".encode()
ASK = tpkt(0xE0, COOKIE + negotiation(1, 3, flags=1))
ANSWER = tpkt(0xD0, negotiation(2, 2))
# [MS-RDPBCGR] 2.2.1.3.2: version, width, height, colours, SAS, keyboard, build, name, then fields not read.
CORE = (
    b"\x04\x00\x08\x00"
    + bytes.fromhex("000400030 1ca03aa".replace(" ", ""))
    + (0x0407).to_bytes(4, "little")
    + (19041).to_bytes(4, "little")
    + "WARD-PC-7".encode("utf-16-le").ljust(32, b"\0")
    + bytes(12)
)
BLOCKS = b"\x02\xc0\x0c\x00" + bytes(8) + b"\x01\xc0" + (4 + len(CORE)).to_bytes(2, "little") + CORE
MCS = b"\x7f\x65\x82\x01\x00" + bytes(40) + b"\x00\x05\x00\x14\x7c\x00\x01Duca" + bytes((len(BLOCKS),)) + BLOCKS
INITIAL = b"\x03\x00" + (7 + len(MCS)).to_bytes(2, "big") + b"\x02\xf0\x80" + MCS

VECTORS = [
    Vector(
        name="tls",
        provenance="[MS-RDPBCGR] 2.2.1.1, 2.2.1.2, 5.4.5.1",
        data=(
            (0, ASK),
            (1, ANSWER),
            (0, record(22, client_hello((0x1301,), (server_name(b"ct-1"),)))),
            (1, record(22, server_hello(0xC030, ()))),
        ),
        kinds=("Connection Request", "Connection Confirm", "ClientHello", "ServerHello"),
    ),
    Vector(
        name="old-security",
        provenance="[MS-RDPBCGR] 2.2.1.3, 2.2.1.3.2",
        data=((0, tpkt(0xE0, COOKIE)), (1, tpkt(0xD0, b"")), (0, INITIAL)),
        kinds=("Connection Request", "Connection Confirm", "Connect-Initial"),
    ),
    Vector(
        name="refused",
        provenance="[MS-RDPBCGR] 2.2.1.2.2",
        data=((0, tpkt(0xE0, negotiation(1, 0))), (1, tpkt(0xD0, negotiation(3, 5)))),
        kinds=("Connection Request", "Connection Confirm"),
    ),
]


def results(*turns: tuple[int, bytes]) -> list[Result]:
    stream = RdpStream()
    return [result for sender, data in turns for result in stream.feed(sender, data)]


def test_a_request_says_that_somebody_is_named_and_not_who() -> None:
    (request,) = results((0, ASK))
    assert isinstance(request, RdpConnection)
    assert request.facts() == {"security": ["TLS", "CredSSP"], "user": True, "restricted_admin": True}
    (token,) = results((0, tpkt(0xE0, b"Cookie: msts=3640205228.15629.0000\r\n" + negotiation(1, 1))))
    assert isinstance(token, RdpConnection)
    assert token.facts() == {"security": ["TLS"]}


def test_a_refusal_says_why() -> None:
    (confirm,) = results((1, tpkt(0xD0, negotiation(3, 5))))
    assert isinstance(confirm, RdpConnection)
    assert (confirm.sender_is_server, confirm.failure) == (True, "HYBRID_REQUIRED_BY_SERVER")


def test_a_client_without_tls_names_itself() -> None:
    (client,) = results((0, INITIAL))
    assert client == RdpClient(client_name="WARD-PC-7", build=19041, version="8.4", keyboard_layout="0x0407")


def test_a_negotiation_of_the_wrong_kind_is_malformed() -> None:
    (found,) = results((0, tpkt(0xE0, negotiation(2, 1))))
    assert found == Malformed(protocol="rdp", where="negotiation", why="type 2 in a Connection Request")


@pytest.mark.slow
def test_real_captures_give_what_tshark_prints(archive: Callable[[str], Path]) -> None:
    folder = archive("ndpi")
    compared = 0
    for name in ("rdp.pcap", "rdp3.pcap", "rdp_over_tls.pcap"):
        ours = [one for segments in conversations(folder / name).values() for one in messages(DISSECTOR, segments)]
        clients = [one.client_name for one in ours if isinstance(one, RdpClient)]
        assert clients == ["".join(row[0]) for row in fields(folder / name, "rdp.client.name", "rdp.client.name")]
        theirs = fields(folder / name, "rdp.neg_type", "rdp.neg_type", "rdp.negReq.selectedProtocol")
        negotiated = [one for one in ours if isinstance(one, RdpConnection) and one.security != ("RDP",)]
        assert len(negotiated) == len(theirs)
        compared += len(ours)
    assert compared >= 8
