"""SMTP: what a mail server is and offers, and whether mail goes in clear; never whose, and never what."""

from __future__ import annotations

from asepsis.protocols.message import Malformed, Result
from asepsis.protocols.smtp import SmtpExtensions, SmtpGreeting, SmtpHello, SmtpLogin, SmtpMail, SmtpStream, SmtpTls
from asepsis.protocols.tls_hello import ClientHello
from tests.protocols.conformance import CANARY, MALFORMED, Data, Turns, Vector, turns_of
from tests.protocols.tls_wire import client_hello, record, server_name

SECRET = CANARY.encode()
# RFC 5321 D.1, with RFC 4954 4 and a mail to a person.
SESSION: Turns = (
    (1, b"220 mail.example ESMTP Example 3.0 " + SECRET + b"@x\r\n"),
    (0, b"EHLO analyser7\r\n"),
    (1, b"250-mail.example greets " + SECRET + b"\r\n250-SIZE 10240000\r\n250-AUTH LOGIN PLAIN\r\n250 8BITMIME\r\n"),
    (0, b"AUTH LOGIN\r\n"),
    (1, b"334 VXNlcm5hbWU6\r\n"),
    (0, SECRET + b"\r\n"),
    (1, b"334 UGFzc3dvcmQ6\r\n"),
    (0, SECRET + b"\r\n"),
    (1, b"235 welcome\r\n"),
    (0, b"MAIL FROM:<" + SECRET + b"@example>\r\nRCPT TO:<" + SECRET + b"@example>\r\nDATA\r\n"),
    (1, b"250 ok\r\n250 ok\r\n354 go on\r\n"),
    (0, b"Subject: " + SECRET + b"\r\n\r\nEHLO " + SECRET + b"\r\nAUTH " + SECRET + b"\r\n.\r\n"),
    (1, b"250 taken\r\n"),
    (0, b"QUIT\r\n"),
)
PROTECTED: Turns = (
    (0, b"220-mail.example\r\n220 ready\r\n"),
    (1, b"EHLO [192.0.2.7]\r\n"),
    (0, b"250-mail.example\r\n250 STARTTLS\r\n"),
    (1, b"STARTTLS\r\n"),
    (0, b"220 go on\r\n"),
    (1, record(22, client_hello((0x1301,), (server_name(b"mail.example"),)))),
)
# RFC 4954 4: an initial response.
REFUSED: Turns = ((0, b"AUTH PLAIN " + SECRET + b"\r\n"), (1, b"535 no\r\n"))
OLD: Turns = ((1, b"220 x\r\n"), (0, b"HELO ward3pc\r\n"), (1, b"250 hello\r\n"))
NOISE: Turns = ((1, b"220 x\r\n" + b"\x01\x02\r\n" * 8),)

VECTORS = [
    Vector(
        name="session",
        provenance="RFC 5321 D.1, RFC 4954 4",
        data=SESSION,
        kinds=("greeting", "EHLO", "extensions", "login", "mail"),
    ),
    Vector(
        name="TLS",
        provenance="RFC 3207 5",
        data=PROTECTED,
        kinds=("greeting", "EHLO", "extensions", "STARTTLS", "ClientHello"),
    ),
    Vector(name="refused", provenance="RFC 4954 4", data=REFUSED, kinds=("login",)),
    Vector(name="old client", provenance="RFC 5321 4.1.1.1", data=OLD, kinds=("greeting", "HELO")),
    Vector(name="noise", provenance="RFC 5321 4.2", data=NOISE, kinds=("greeting", MALFORMED)),
]  # fmt: skip


def read(data: Data) -> list[Result]:
    stream = SmtpStream()
    return [result for sender, piece in turns_of(data) for result in stream.feed(sender, piece)]


def test_a_session_tells_what_went_in_clear() -> None:
    assert read(SESSION) == [
        SmtpGreeting(host="mail.example", banner="ESMTP Example 3.0 #"),
        SmtpHello(kind="EHLO", host="analyser7"),
        SmtpExtensions(extensions=("SIZE", "AUTH", "8BITMIME"), mechanisms=("LOGIN", "PLAIN")),
        SmtpLogin(mechanism="LOGIN", accepted=True),
        SmtpMail(),
    ]


def test_tls_that_is_offered_and_taken_is_told() -> None:
    results = read(PROTECTED)
    assert isinstance(results[2], SmtpExtensions)
    assert results[2].offers_tls
    assert results[3] == SmtpTls()
    assert isinstance(results[4], ClientHello)


def test_a_login_that_is_refused_is_told_without_its_secret() -> None:
    assert read(REFUSED) == [SmtpLogin(mechanism="PLAIN", accepted=False)]


def test_what_is_no_mechanism_may_be_a_secret() -> None:
    assert read(((0, b"AUTH " + SECRET * 9 + b"\r\n"), (1, b"535 no\r\n"))) == [
        SmtpLogin(mechanism="#", accepted=False)
    ]


def test_a_name_behind_a_gap_may_be_of_a_mail() -> None:
    stream = SmtpStream()
    stream.feed(1, b"220 x\r\n")
    stream.feed(0, b"EHLO a\r\n")
    stream.feed(0, b"lost\r\n", gap=True)
    (hello,) = stream.feed(0, b"EHLO b\r\n")
    assert not isinstance(hello, Malformed)
    assert hello.facts() == {}
