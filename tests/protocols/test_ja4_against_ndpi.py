"""JA4 of real hellos against the result files of nDPI.

Only the two hash parts are compared: the first part differs on purpose. nDPI of October 2024 takes the first two signs
of the first ALPN protocol (``ht`` for ``http/1.1``, where the definition says first and last: ``h1``) and writes ``d``
for hellos without a server name.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from asepsis.protocols.tls import TlsStream
from asepsis.protocols.tls_hello import ClientHello

pytestmark = pytest.mark.slow

# A hello that tshark knows (reassembled where it came in pieces), or a payload that begins as one does: tshark does
# not look for TLS on the ports of other protocols.
HELLOS = "tcp && (tls.handshake.type==1 || (tcp.payload[0:2]==16:03 && tcp.payload[5]==01))"

OFFERS_NOTHING = "the list is empty: nDPI hashes the empty text, the definition says twelve zeros"
DIFFERENCES = {
    "e2ff6cb279ee_e3b0c44298fc": OFFERS_NOTHING,
    "1ade43d4e5bc_e3b0c44298fc": OFFERS_NOTHING,
    "6e20beb92e8e_354730cf0bf0": "its last extension is longer than the hello: malformed here, read by nDPI",
}
"""Hash parts that only nDPI has, and why."""


def hash_parts(ja4: str) -> str:
    return ja4.split("_", 1)[1]


def hellos(capture: Path) -> set[str]:
    done = subprocess.run(
        ["tshark", "-r", str(capture), "-Y", HELLOS, "-T", "fields", "-e", "tcp.payload", "-e", "tcp.reassembled.data"],
        capture_output=True,
        text=True,
        check=False,
    )
    found = set()
    for line in done.stdout.splitlines():
        payload, _, reassembled = line.partition("\t")
        for octets in {*payload.split(","), *reassembled.split(",")} - {""}:
            for message in TlsStream().feed(0, bytes.fromhex(octets)):
                if isinstance(message, ClientHello) and message.ja4:
                    found.add(hash_parts(message.ja4))
    return found


def test_the_hash_parts_of_ja4_are_those_of_ndpi(archive: Callable[[str], Path]) -> None:
    if shutil.which("tshark") is None:
        pytest.skip("tshark is not installed")
    folder = archive("ndpi")
    expected: set[str] = set()
    missing: dict[str, str] = {}
    for result in sorted((folder / "result").glob("*.out")):
        wanted = set(map(hash_parts, re.findall(r"\[JA4: (t[0-9a-z_]+)\]", result.read_text(errors="replace"))))
        if wanted:
            expected |= wanted
            name = result.name.removesuffix(".out")
            missing |= dict.fromkeys(wanted - hellos(folder / name), name)
    assert len(expected) > 100, "the result files name too few fingerprints to say anything"
    unexplained = {parts: name for parts, name in missing.items() if parts not in DIFFERENCES}
    assert not unexplained, f"{len(expected) - len(missing)} of {len(expected)} agree"
    assert set(missing) == set(DIFFERENCES), "a difference that is listed has gone: take it off the list"
