"""FTP: what the server is, and that somebody logged in in clear; never who, and never a file."""

from __future__ import annotations

from asepsis.protocols.ftp import FtpFeatures, FtpGreeting, FtpLogin, FtpStream, FtpSystem
from asepsis.protocols.message import Malformed, Result
from tests.protocols.conformance import CANARY, MALFORMED, Data, Turns, Vector, turns_of
from tests.protocols.tls_wire import client_hello, record, server_name

SECRET = CANARY.encode()
# RFC 959 5.4 and 7: replies of a session; RFC 2389 3.2: FEAT.
SESSION: Turns = (
    (1, b"220-Welcome\r\n This is a test\r\n220 Example FTP 3.0\r\n"),
    (0, b"USER " + SECRET + b"\r\n"),
    (1, b"331 Password for " + SECRET + b"\r\n"),
    (0, b"PASS " + SECRET + b"\r\n"),
    (1, b"230 " + SECRET + b" logged in\r\n"),
    (0, b"SYST\r\n"),
    (1, b"215 UNIX Type: L8\r\n"),
    (0, b"FEAT\r\n"),
    (1, b"211-Features:\r\n MDTM\r\n REST STREAM\r\n UTF8\r\n211 End\r\n"),
    (0, b"STAT\r\n"),
    (1, b"211-Status\r\n Logged in as " + SECRET + b"\r\n211 End\r\n"),
    (0, b"STOR " + SECRET + b".dcm\r\n"),
    (1, b"226 Transfer complete\r\n"),
)
ANONYMOUS: Turns = (
    (0, b"220 ready\r\n"),
    (1, b"USER anonymous\r\nPASS " + SECRET + b"\r\n"),
    (0, b"331 go on\r\n530 no\r\n"),
)
PROTECTED: Turns = (
    (1, b"220 ready\r\n"),
    (0, b"AUTH TLS\r\n"),
    (1, b"234 go on\r\n"),
    (0, record(22, client_hello((0x1301,), (server_name(b"files.example"),)))),
)
NOISE: Turns = ((1, b"220 ready\r\n" + b"\x01\x02\r\n" * 8),)

VECTORS = [
    Vector(
        name="session",
        provenance="RFC 959 7, RFC 2389 3.2",
        data=SESSION,
        kinds=("greeting", "login", "system", "features"),
    ),
    Vector(name="anonymous", provenance="RFC 1635 2", data=ANONYMOUS, kinds=("greeting", "login")),
    Vector(name="TLS", provenance="RFC 4217 4", data=PROTECTED, kinds=("greeting", "AUTH TLS", "ClientHello")),
    Vector(name="noise", provenance="RFC 959 4.2", data=NOISE, kinds=("greeting", MALFORMED)),
]


def read(data: Data) -> list[Result]:
    stream = FtpStream()
    return [result for sender, piece in turns_of(data) for result in stream.feed(sender, piece)]


def test_a_session_tells_the_server_and_the_login() -> None:
    assert read(SESSION) == [
        FtpGreeting(banner="Welcome This is a test Example FTP 3.0"),
        FtpLogin(accepted=True, is_anonymous=False),
        FtpSystem(system="UNIX Type: L8"),
        FtpFeatures(features=("MDTM", "REST", "UTF8")),
    ]


def test_an_anonymous_login_that_fails_is_told_so() -> None:
    assert read(ANONYMOUS)[1] == FtpLogin(accepted=False, is_anonymous=True)


def test_behind_tls_only_tls_is_read() -> None:
    protocols = [result.PROTOCOL for result in read(PROTECTED) if not isinstance(result, Malformed)]
    assert protocols == ["ftp", "ftp", "tls"]


def test_the_rest_of_a_line_behind_a_gap_is_dropped() -> None:
    stream = FtpStream()
    stream.feed(1, b"220 ready\r\n")
    stream.feed(0, b"USER x\r\nPA")
    assert stream.feed(0, b"USER anonymous\r\n", gap=True) == []
    assert stream.feed(1, b"530 no\r\n") == []  # what was asked is not known
