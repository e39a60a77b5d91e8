"""Detached signatures of OpenPGP; keys are made here, and one signature was made by GnuPG."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pysequoia import Cert, SignatureMode, Tsk, sign
from pysequoia.packet import PacketPile

from asepsis.crypto.openpgp import KEY_LIMIT_BYTES, SIGNATURE_LIMIT_BYTES, Keyring, SignatureState, read_keys

NOW = datetime.now(UTC)
CONTENT = b'{"document": {}}'


def made(key: Tsk, content: bytes = CONTENT) -> bytes:
    return sign(key.signer(), content, mode=SignatureMode.DETACHED)


@pytest.fixture(scope="module")
def key() -> Tsk:
    return Tsk.generate("Test Maker <psirt@maker.test>")


@pytest.fixture(scope="module")
def ring(key: Tsk) -> Keyring:
    return read_keys(str(key.extract_certificate()).encode())


def test_a_signature_of_a_known_key_is_good_and_of_another_content_bad(key: Tsk, ring: Keyring) -> None:
    signature = made(key)
    assert ring.check(CONTENT, signature, NOW) is SignatureState.GOOD
    assert ring.check(CONTENT + b" ", signature, NOW) is SignatureState.BAD
    assert SignatureState.BAD.forbids


def test_a_key_that_nobody_trusts_is_unknown(ring: Keyring) -> None:
    other = Tsk.generate("Somebody else <a@other.test>")
    assert ring.check(CONTENT, made(other), NOW) is SignatureState.UNKNOWN_KEY
    assert Keyring().check(CONTENT, made(other), NOW) is SignatureState.UNKNOWN_KEY
    assert not SignatureState.UNKNOWN_KEY.forbids


def test_an_expired_key_is_told_whenever_the_signature_says_it_was_made(key: Tsk) -> None:
    ends = NOW + timedelta(days=30)
    certificate = key.extract_certificate().set_expiration(ends, key.certifier())
    ring = read_keys(bytes(certificate))
    signature = made(key)
    assert ring.check(CONTENT, signature, NOW) is SignatureState.GOOD
    assert ring.check(CONTENT, signature, ends + timedelta(seconds=1)) is SignatureState.EXPIRED_KEY


def test_a_revoked_key_forbids_whatever_copy_of_it_says_so(key: Tsk, ring: Keyring) -> None:
    certificate = key.extract_certificate()
    revocation = certificate.revoke(key.certifier())
    packets = list(PacketPile.from_bytes(bytes(certificate)))
    revoked = Cert.from_packets([packets[0], *PacketPile.from_bytes(bytes(revocation)), *packets[1:]])
    found = read_keys(bytes(revoked)).joined(ring)
    assert found.fingerprints == ring.fingerprints
    assert found.check(CONTENT, made(key), NOW) is SignatureState.REVOKED_KEY
    assert SignatureState.REVOKED_KEY.forbids


@pytest.mark.parametrize("signature", [b"", b"no signature", b"\x00" * 300, b"x" * (SIGNATURE_LIMIT_BYTES + 1)])
def test_what_is_no_signature_is_unreadable(ring: Keyring, signature: bytes) -> None:
    assert ring.check(CONTENT, signature, NOW) is SignatureState.UNREADABLE


def test_a_signature_cut_anywhere_or_with_a_bit_turned_is_never_good(key: Tsk, ring: Keyring) -> None:
    packet = PacketPile.from_bytes(made(key))
    signature = b"".join(bytes(one) for one in packet)
    assert ring.check(CONTENT, signature, NOW) is SignatureState.GOOD
    for length in range(0, len(signature), 7):
        assert ring.check(CONTENT, signature[:length], NOW) is not SignatureState.GOOD
    # The last bytes are the signature itself; hints that nobody signed may be turned without harm.
    for place in range(len(signature) - 40, len(signature)):
        turned = bytearray(signature)
        turned[place] ^= 1
        assert ring.check(CONTENT, bytes(turned), NOW) is not SignatureState.GOOD


@pytest.mark.parametrize("content", [b"", b"junk", b"\x99" * 1000, b"x" * (KEY_LIMIT_BYTES + 1)])
def test_what_is_no_key_gives_no_keys(content: bytes) -> None:
    assert read_keys(content).fingerprints == ()


def test_only_keys_that_are_named_stay_whatever_the_spaces_and_case(ring: Keyring) -> None:
    (fingerprint,) = ring.fingerprints
    spaced = " ".join(fingerprint.upper()[at : at + 4] for at in range(0, 40, 4))
    assert ring.only([spaced]).fingerprints == ring.fingerprints
    assert ring.only(["0" * 40]).fingerprints == ()


@pytest.mark.skipif(shutil.which("gpg") is None, reason="GnuPG is not installed")
def test_a_signature_of_gnupg_is_understood(tmp_path: Path) -> None:
    home = tmp_path / "g"
    home.mkdir(mode=0o700)
    gpg = ["gpg", "--homedir", str(home), "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", ""]
    name = "psirt@maker.test"
    try:
        subprocess.run([*gpg, "--quick-generate-key", name, "rsa2048", "sign", "never"], check=True)
        public = subprocess.run([*gpg, "--armor", "--export", name], check=True, capture_output=True).stdout
        document = tmp_path / "a.json"
        document.write_bytes(CONTENT)
        subprocess.run([*gpg, "--armor", "--detach-sign", str(document)], check=True)
    finally:
        subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "gpg-agent"], check=False)
    signature = (tmp_path / "a.json.asc").read_bytes()
    # The clock of a signature has whole seconds, so a key may be a moment younger than "now" here.
    later = datetime.now(UTC) + timedelta(minutes=1)
    assert read_keys(public).check(CONTENT, signature, later) is SignatureState.GOOD
    assert read_keys(public).check(b"{}", signature, later) is SignatureState.BAD
