"""NTP: who gives the time, who takes it, and what servers tell of themselves."""

from __future__ import annotations

import pytest

from asepsis.protocols.message import Malformed
from asepsis.protocols.ntp import Ntp, NtpControl, read
from tests.protocols.conformance import MALFORMED, Vector

# RFC 5905 7.3: version 4, mode 3.
ASK = b"\x23" + bytes(47)
# Version 4, mode 4; stratum 1 with reference GPS.
FIRST = b"\x24\x01\x06\xe9" + bytes(8) + b"GPS\0" + bytes(32)
SECOND = b"\x1c\x02\x06\xe9" + bytes(8) + b"\xc0\0\x02\x07" + bytes(32)
# RFC 5905 7.4: a kiss-o'-death packet.
KISS = b"\xe4\x00\x06\xe9" + bytes(8) + b"RATE" + bytes(32)
VARIABLES = b'version="ntpd 4.2.8p15", processor="x86_64",\r\nsystem="Linux/5.10", leap=0, clock=0x1'
# RFC 9327 2: response to "read variables", association 0.
CONTROL = b"\x26\x82\0\x01\x06\x15\0\0\0\0" + len(VARIABLES).to_bytes(2, "big") + VARIABLES
READ_VARIABLES = b"\x26\x02\0\x01" + bytes(8)
# ntp_request.h: mode 7 of version 2, implementation 3, request 42.
MONITOR_LIST = b"\x17\x00\x03\x2a" + bytes(4)

VECTORS = [
    Vector(name="client", provenance="RFC 5905 7.3", data=ASK, kinds=("client",)),
    Vector(name="stratum 1", provenance="RFC 5905 7.3", data=FIRST, kinds=("server",)),
    Vector(name="stratum 2", provenance="RFC 5905 7.3", data=SECOND + bytes(20), kinds=("server",)),
    Vector(name="kiss of death", provenance="RFC 5905 7.4", data=KISS, kinds=("server",)),
    Vector(name="variables", provenance="RFC 9327 2 and 4.1", data=CONTROL, kinds=("control",)),
    Vector(name="variables asked", provenance="RFC 9327 2", data=READ_VARIABLES, kinds=("control",)),
    Vector(name="monitor list asked", provenance="ntpd, ntp_request.h", data=MONITOR_LIST, kinds=("private",)),
    Vector(name="reserved mode", provenance="RFC 5905 figure 10", data=b"\x20" + bytes(47), kinds=(MALFORMED,)),
]


@pytest.mark.parametrize(
    ("payload", "facts"),
    [
        (ASK, {"version": 4}),
        (FIRST, {"version": 4, "stratum": 1, "reference": "GPS"}),
        (SECOND, {"version": 3, "stratum": 2, "reference": "192.0.2.7"}),
        (KISS, {"version": 4, "reference": "RATE"}),
    ],
)
def test_a_server_says_where_its_time_comes_from(payload: bytes, facts: dict[str, object]) -> None:
    (message,) = read(payload)
    assert isinstance(message, Ntp)
    assert message.facts() == facts


def test_a_server_that_is_asked_tells_its_software() -> None:
    (message,) = read(CONTROL)
    assert isinstance(message, NtpControl)
    assert message.facts() == {
        "version": 4,
        "operation": "read variables",
        "is_response": True,
        "software": "ntpd 4.2.8p15",
        "processor": "x86_64",
        "system": "Linux/5.10",
    }


def test_the_request_that_floods_are_made_of_is_named() -> None:
    (message,) = read(MONITOR_LIST)
    assert isinstance(message, NtpControl)
    assert (message.operation, message.sender_is_server) == ("monitor list", False)


def test_poll_precision_and_times_change_nothing() -> None:
    assert read(FIRST) == read(FIRST[:2] + b"\x0a\xec" + b"\x01" * 8 + FIRST[12:16] + b"\xff" * 32)


def test_half_a_header_is_malformed() -> None:
    assert read(ASK[:40]) == (Malformed(protocol="ntp", where="header", why="40 bytes of 48"),)
