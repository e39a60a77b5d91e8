"""Telnet: options, the banner before a login, and that somebody logged in in clear; never who, and never what."""

from __future__ import annotations

from asepsis.protocols.message import Result
from asepsis.protocols.telnet import BANNER_LIMIT_BYTES, TelnetBanner, TelnetLogin, TelnetOptions, TelnetStream
from tests.protocols.conformance import CANARY, Data, Turns, Vector, turns_of

SECRET = CANARY.encode()
# RFC 854 and 855; options of RFC 857, 858, 1091, 1073, 1572.
OFFER = b"\xff\xfd\x18\xff\xfd\x1f\xff\xfb\x01\xff\xfb\x03"
SESSION: Turns = (
    (1, OFFER),
    (0, b"\xff\xfb\x18\xff\xfc\x1f\xff\xfd\x01"),
    (1, b"\xff\xfa\x18\x01\xff\xf0"),
    (0, b"\xff\xfa\x18\x00XTERM\xff\xf0\xff\xfa\x27\x00\x00USER\x01" + SECRET + b"\xff\xf0"),
    (1, b"\r\n\x1b[1mExample OS 12.3\x1b[0m\r\nward-gw login: "),
    (0, SECRET + b"\r\0"),
    (1, SECRET + b"\r\nPassword: "),
    (0, SECRET + b"\r\0"),
    (1, b"\r\nLast login of " + SECRET + b"\r\n$ "),
)
# A device that asks for a password at once.
SHORT: Turns = ((0, b"\xff\xfb\x01"), (0, b"\r\n\r\nUser Access Verification\r\n\r\nPassword: "), (1, SECRET + b"\r\n"))
# Without a negotiation it may be the middle of a session.
MIDDLE: Turns = ((1, b"Patient " + SECRET + b"\r\nlogin: "), (0, SECRET), (1, b"Password: "), (0, SECRET))

VECTORS = [
    Vector(
        name="session",
        provenance="RFC 854, 855, 857, 1073, 1091, 1572",
        data=SESSION,
        kinds=("options", "banner", "options", "login"),
    ),
    Vector(name="password only", provenance="RFC 854, 857", data=SHORT, kinds=("options", "banner", "login")),
    Vector(name="in mid-stream", provenance="RFC 854", data=MIDDLE, kinds=()),
    Vector(name="options only", provenance="RFC 855", data=((1, OFFER),), kinds=("options",)),
]


def read(data: Data) -> list[Result]:
    stream = TelnetStream()
    return [result for sender, piece in turns_of(data) for result in stream.feed(sender, piece)]


def test_a_session_is_told_up_to_the_login() -> None:
    assert read(SESSION) == [
        TelnetOptions(
            sender_is_server=True,
            options=("DO terminal type", "DO window size", "WILL echo", "WILL suppress go ahead"),
        ),
        TelnetBanner(banner="Example OS 12.3 ward-gw"),
        TelnetOptions(
            sender_is_server=False,
            options=("WILL terminal type", "WONT window size", "DO echo"),
            terminal="XTERM",
        ),
        TelnetLogin(),
    ]


def test_a_device_that_asks_for_a_password_only_is_told() -> None:
    assert read(SHORT)[1:] == [TelnetBanner(banner="User Access Verification"), TelnetLogin()]


def test_nothing_is_told_of_what_may_be_the_middle_of_a_session() -> None:
    assert read(MIDDLE) == []


def test_a_prompt_beyond_the_limit_ends_the_reading() -> None:
    stream = TelnetStream()
    stream.feed(1, OFFER)
    shown = stream.feed(1, b"x" * BANNER_LIMIT_BYTES + b"login: ")
    assert [type(result) for result in shown] == [TelnetOptions]


def test_a_doubled_255_in_a_subnegotiation_is_one_sign() -> None:
    stream = TelnetStream()
    stream.feed(1, OFFER)
    (options,) = stream.feed(0, b"\xff\xfb\x18\xff\xfa\x1f\x00\xff\xff\x00\x18\xff\xf0a")
    assert options == TelnetOptions(sender_is_server=False, options=("WILL terminal type",))
