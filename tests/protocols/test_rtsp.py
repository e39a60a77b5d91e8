"""RTSP: cameras and who watches them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from asepsis.protocols.message import Malformed
from asepsis.protocols.rtsp import DISSECTOR, Rtsp, read
from tests.protocols.captured import conversations, fields, messages
from tests.protocols.conformance import CANARY, Vector

DESCRIBE = (
    f"DESCRIBE rtsp://admin:{CANARY}@10.0.0.9:554/Streaming/Channels/10100?token={CANARY} RTSP/1.0\r\n"
    f"CSeq: 3\r\nAuthorization: Basic {CANARY}\r\nUser-Agent: LibVLC/3.0.16\r\nAccept: application/sdp\r\n\r\n"
).encode()
WANTS = b'RTSP/1.0 401 Unauthorized\r\nCSeq: 2\r\nWWW-Authenticate: Digest realm="IP Camera(D7423)", nonce="1"\r\n\r\n'
SDP = (
    b"v=0\r\no=- 1 1 IN IP4 10.0.0.9\r\ns=Media Presentation\r\na=tool:LIVE555 v2016.11.28\r\nm=video 0 RTP/AVP 96\r\n"
)
DESCRIBED = (
    b"RTSP/1.0 200 OK\r\nCSeq: 3\r\nServer: Example Camera 2.1\r\nContent-Type: application/sdp\r\n"
    b"Content-Length: %d\r\n\r\n" % len(SDP)
) + SDP
PLAY = b"PLAY rtsp://10.0.0.9/ RTSP/1.0\r\nCSeq: 5\r\nSession: 77\r\n\r\n"
MEDIA = b"\x24\x00\x00\x08\x80\x60" + bytes(6)

VECTORS = [
    Vector(
        name="described",
        provenance="RFC 2326 10.2, RFC 2617 3.2, RFC 4566 5",
        data=((0, DESCRIBE), (1, WANTS), (0, DESCRIBE), (1, DESCRIBED)),
        kinds=("DESCRIBE", "401", "DESCRIBE", "200"),
    ),
    Vector(
        name="interleaved",
        provenance="RFC 2326 10.12",
        data=((0, PLAY), (1, MEDIA + b"RTSP/1.0 200 OK\r\nCSeq: 5\r\n\r\n" + MEDIA * 3)),
        kinds=("PLAY", "200"),
    ),
    Vector(name="datagram", provenance="RFC 2326 9: requests over UDP", data=PLAY, kinds=("PLAY",)),
]

HOSTILE = {
    "frames": lambda size: ((0, PLAY + b"\x24\0\0\0" * (size // 4)),),
    "realm": lambda size: b"RTSP/1.0 401 x\r\nWWW-Authenticate: " + b'realm="' * (size // 7),
}


# The capture holds every segment several times.
FRESH = "(rtsp.method || rtsp.status) && !tcp.analysis.retransmission"


def one(payload: bytes) -> Rtsp:
    (message,) = read(payload)
    assert isinstance(message, Rtsp)
    return message


def test_a_request_tells_that_a_password_came_in_clear() -> None:
    message = one(DESCRIBE)
    assert message.sender_is_server is False
    assert message.facts() == {
        "user_agent": "LibVLC/3.0.16",
        "path": "/Streaming/Channels/#",
        "authentication": "Basic",
        "password": True,
    }
    assert one(PLAY.replace(b"10.0.0.9", b"user:word@10.0.0.9")).password


def test_a_camera_tells_its_model_in_the_realm_and_in_its_description() -> None:
    assert one(WANTS).facts() == {"realm": "IP Camera(D7423)", "authentication": "Digest"}
    assert one(DESCRIBED).facts() == {
        "server": "Example Camera 2.1",
        "session": "Media Presentation",
        "tool": "LIVE555 v2016.11.28",
    }


@pytest.mark.parametrize("payload", [b"", b"GET / HTTP/1.1\r\n\r\n", b"RTSP/1.0 x OK\r\n\r\n", b"PLAY\r\n\r\n"])
def test_what_is_not_rtsp_is_malformed(payload: bytes) -> None:
    assert isinstance(read(payload)[0], Malformed)


@pytest.mark.slow
def test_real_captures_give_what_tshark_prints(archive: Callable[[str], Path]) -> None:
    capture = archive("ndpi") / "rtsp.pcap"
    ours = [
        one
        for segments in conversations(capture).values()
        for one in messages(DISSECTOR, segments)
        if isinstance(one, Rtsp)
    ]
    rows = fields(capture, FRESH, "rtsp.method", "rtsp.status")
    theirs = [method or status for method, status in rows]
    assert sorted([one.kind] for one in ours) == sorted(theirs)
    assert len(ours) >= 50
    assert {one.server for one in ours if one.server} == {"VLC/3.0.12"}
