"""SSDP: who looks for devices, and who is one."""

from __future__ import annotations

import pytest

from asepsis.protocols.message import Malformed
from asepsis.protocols.ssdp import Ssdp, read
from tests.protocols.conformance import Vector

UUID = "2FAC1234-31F8-11B4-A222-08002B34C003"
URN = "urn:schemas-upnp-org:device:MediaRenderer:1"


def head(start: str, **fields: str) -> bytes:
    lines = [start, *(f"{name.replace('_', '-').upper()}: {field}" for name, field in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode()


SEARCH = head(
    "M-SEARCH * HTTP/1.1",
    host="239.255.255.250:1900",
    man='"ssdp:discover"',
    mx="2",
    st="ssdp:all",
    user_agent="ExampleOS/7 UPnP/1.1 app/2",
)
ALIVE = head(
    "NOTIFY * HTTP/1.1",
    host="239.255.255.250:1900",
    cache_control="max-age=1800",
    location="http://192.0.2.7:49152/description.xml",
    nt=URN,
    nts="ssdp:alive",
    server="Linux/5.4 UPnP/1.0 ExampleTV/3.1",
    usn=f"uuid:{UUID}::{URN}",
)
RESPONSE = head(
    "HTTP/1.1 200 OK",
    ext="",
    location="http://192.0.2.7:49152/description.xml",
    server="Linux/5.4 UPnP/1.0 ExampleTV/3.1",
    st="upnp:rootdevice",
    usn=f"uuid:{UUID}::upnp:rootdevice",
)
PROVENANCE = "UPnP Device Architecture 2.0, section 1"

VECTORS = [
    Vector(name="search", provenance=f"{PROVENANCE}.3.2", data=SEARCH, kinds=("M-SEARCH",)),
    Vector(name="alive", provenance=f"{PROVENANCE}.2.2", data=ALIVE, kinds=("NOTIFY",)),
    Vector(name="response", provenance=f"{PROVENANCE}.3.3", data=RESPONSE, kinds=("RESPONSE",)),
]


def only(payload: bytes) -> Ssdp:
    (found,) = read(payload)
    assert isinstance(found, Ssdp)
    return found


def test_a_search_says_what_is_looked_for_and_by_whom() -> None:
    found = only(SEARCH)
    assert found.sender_is_server is False
    assert found.facts() == {
        "target": "ssdp:all",
        "user_agent": "ExampleOS/7 UPnP/1.1 app/2",
        "man": '"ssdp:discover"',
    }


def test_an_announcement_says_what_the_device_is() -> None:
    found = only(ALIVE)
    assert found.sender_is_server is None
    assert found.notification == "ssdp:alive"
    assert found.device_type == URN
    assert found.uuid == UUID.lower()
    assert found.server == "Linux/5.4 UPnP/1.0 ExampleTV/3.1"
    assert found.location == "http://192.0.2.7:49152/description.xml"


def test_an_answer_comes_from_the_one_that_serves() -> None:
    found = only(RESPONSE)
    assert found.sender_is_server is True
    assert found.uuid == UUID.lower()
    assert found.device_type == ""


def test_what_stands_behind_the_head_is_not_read() -> None:
    assert only(SEARCH + b"SERVER: not a field\r\n").server == ""


def test_lines_without_carriage_return_are_lines() -> None:
    assert only(ALIVE.replace(b"\r\n", b"\n")) == only(ALIVE)


@pytest.mark.parametrize("payload", [b"", b"GET / HTTP/1.1\r\n\r\n", b"NOTIFY", b"\0" * 40])
def test_another_start_line_is_malformed(payload: bytes) -> None:
    (malformed,) = read(payload)
    assert isinstance(malformed, Malformed)
    assert malformed.where == "start line"
