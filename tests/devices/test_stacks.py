"""The library behind a TLS hello or an SSH offer: what it hints at, how little that weighs, where rows come from."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from asepsis.devices.observe.say import HINTED
from asepsis.knowledge.table import find, folder, rows
from asepsis.pipeline.messages import MessageReader
from asepsis.protocols.message import Repeats, Sighting
from asepsis.protocols.ssh import SshOffer
from asepsis.protocols.tls_hello import ClientHello, read_client_hello
from asepsis.wire.capture import CaptureReader
from asepsis.wire.engine import Emit, Engine
from asepsis.wire.source import open_source
from tests.devices.ward import PC, devices, one, said, sighting

TABLES = ("tls_stacks", "ssh_stacks")
ROWS = [(name, row) for name in TABLES for row in rows((folder() / f"{name}.jsonl").read_text(encoding="utf-8"))]
# What stands in a capture in clear where a device or program of this name speaks.
SIGNS = {"Android": b"Android", "iPhone": b"iPhone", "MacBook": b"MacBook", "WeMo": b"udhcp", "HS110": b"udhcp"}
_SEEN = re.compile(r"(?P<what>.+) \((?P<archive>nDPI|IoT Sentinel) (?P<files>.+)\)")
# Of a device that was set up some twenty times, the first that opens TLS is enough.
ENOUGH_SETUPS = 3


def hello(ja4: str, server_name: str = "") -> Sighting:
    message = ClientHello(
        server_name=server_name, versions=("TLS 1.2",), alpn=(), ja4=ja4, encrypted_client_hello=False
    )
    return sighting(message, PC, "10.0.0.5")


def offer(*, hassh: str = "", hassh_server: str = "") -> Sighting:
    server = bool(hassh_server) if bool(hassh) != bool(hassh_server) else None
    message = SshOffer(sender_is_server=server, algorithms=((),) * 10, hassh=hassh, hassh_server=hassh_server)
    return sighting(message, PC, "10.0.0.5")


def test_a_hello_of_a_system_library_hints_at_the_system_and_shows_nothing_alone() -> None:
    found = one(hello("t12d140800_c866b44c5a26_b39be8c56a14"))
    assert ("Android", "tls") in said(found, "os")
    assert found.os is None
    apple = one(hello("t13d2613h2_2802a3db6c62_845d286b0d67", "somewhere.example"))
    assert ("Apple", "tls") in said(apple, "vendor")
    assert apple.vendor != "Apple"


def test_the_name_that_is_asked_for_makes_no_difference_to_the_library() -> None:
    # d: a name is asked for, i: none; the protocols at the end differ from program to program.
    for start in ("t12d1408h2", "t12i140700"):
        assert ("Android", "tls") in said(one(hello(f"{start}_c866b44c5a26_b39be8c56a14")), "os")


def test_a_library_that_runs_anywhere_says_nothing_of_the_device() -> None:
    assert find("tls_stacks", "t13d311000_e8f1e7e78f70_1f22a2ca17c4") is not None
    assert find("ssh_stacks", "472b5de333ad665af5cbf10ff892c4df") is not None
    assert not devices(hello("t13d311000_e8f1e7e78f70_1f22a2ca17c4"), offer(hassh="472b5de333ad665af5cbf10ff892c4df"))


@pytest.mark.parametrize(
    "seen",
    [
        offer(hassh_server="e1a0b5f8d334ec70fe937b2d5ff8d0b6"),
        offer(hassh="16574631849ea8d13c926c9905839928"),
        offer(hassh="0" * 32, hassh_server="e1a0b5f8d334ec70fe937b2d5ff8d0b6"),
    ],
)
def test_dropbear_hints_at_linux_whatever_it_calls_itself(seen: Sighting) -> None:
    assert ("Linux", "ssh") in said(one(seen), "os")


def test_an_offer_that_nobody_knows_says_nothing() -> None:
    assert not devices(offer(hassh="f" * 32))


def test_every_row_weighs_as_little_as_a_hint() -> None:
    assert all(row["weight"] == HINTED for _, row in ROWS)


@pytest.mark.skipif(ssl.OPENSSL_VERSION_INFO[:2] != (3, 0), reason="the rows are of OpenSSL 3.0")
def test_the_hello_of_this_very_python_is_known() -> None:
    out = ssl.MemoryBIO()
    tls = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), out, server_hostname="ward.example")
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    data = out.read()
    message = read_client_hello(data, 9, 5 + int.from_bytes(data[3:5], "big"))
    assert isinstance(message, ClientHello)
    match = find("tls_stacks", message.ja4)
    assert match is not None
    assert match.fact.kind == "Python with OpenSSL 3.0"


@cache
def fingerprints(path: Path) -> frozenset[str]:
    """JA4 without its first part, and HASSH, of everybody in a capture."""
    engine = Engine(rows=1 << 12, seed=11, emit=Emit.MESSAGES)
    source, _ = open_source(path)
    found: set[str] = set()

    def sighted(seen: Sighting) -> None:
        if isinstance(seen.message, ClientHello):
            found.add(seen.message.ja4.partition("_")[2])
        elif isinstance(seen.message, SshOffer):
            found.update((seen.message.hassh, seen.message.hassh_server))

    def repeated(repeats: Repeats) -> None:
        for seen in repeats.sightings(repeats.of * 0 + range(len(repeats.of))):
            sighted(seen)

    reader = MessageReader(capture="made", sighted=sighted, repeated=repeated, unlearn=engine.forget_meaning)
    for output in CaptureReader(engine, source).outputs():
        reader.take(output)
        reader.finished(output.finished)
    reader.end(engine.repeated())
    source.close()
    return frozenset(found)


SEEN = [(row, found) for _, row in ROWS if (found := _SEEN.fullmatch(row["source"]))]


@pytest.mark.parametrize(("row", "found"), [pytest.param(*seen, id=seen[0]["source"]) for seen in SEEN])
def test_a_row_of_a_capture_is_there_beside_what_it_says(
    row: dict[str, str], found: re.Match[str], archive: Callable[[str], Path]
) -> None:
    at = archive(found["archive"].lower().replace(" ", "_"))
    paths = [at / name for name in found["files"].split(", ")]
    enough = all
    if paths[0].is_dir():
        enough = any
        sign = SIGNS[found["what"].split()[0]]
        paths = [path for path in sorted(paths[0].glob("*.pcap")) if sign in path.read_bytes()][:ENOUGH_SETUPS]
        assert paths
    fingerprint = row.get("contains") or row["exact"]
    word = SIGNS.get(found["what"].split()[0]) or found["what"].split(" of ")[0].replace(" ", "_").encode()
    assert enough(fingerprint in fingerprints(path) for path in paths)
    assert any(word in path.read_bytes() for path in paths)


def test_rows_of_captures_and_of_programs_are_all_there_are() -> None:
    assert len(SEEN) >= 20
    for _, row in ROWS:
        assert _SEEN.fullmatch(row["source"]) or " on loopback: " in row["source"] or "by default" in row["source"]
