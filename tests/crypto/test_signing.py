"""Keys sign as RFC 8032 says, are made once, and are kept for their owner alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from asepsis.crypto.sealing import SealingKey, sealing_key_file
from asepsis.crypto.signing import KeyFileError, SigningKey, signing_key_file, verify
from tests.verify.vectors import RFC_8032


@pytest.mark.parametrize(("seed", "public", "message", "signature"), RFC_8032)
def test_signatures_are_those_of_the_standard(seed: str, public: str, message: str, signature: str) -> None:
    key = SigningKey.from_seed(bytes.fromhex(seed))
    assert key.public_bytes.hex() == public
    assert key.sign(bytes.fromhex(message)).hex() == signature
    assert verify(key.public_bytes, bytes.fromhex(signature), bytes.fromhex(message))
    assert not verify(key.public_bytes, bytes.fromhex(signature), b"else")


def test_a_key_file_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "one.key"
    key = signing_key_file(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert signing_key_file(path).public_bytes == key.public_bytes
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("content", [b"", b"no key", b"x" * 5000])
def test_a_file_that_holds_no_key_is_refused_and_stays(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "one.key"
    path.write_bytes(content)
    path.chmod(0o600)
    for read in (signing_key_file, sealing_key_file):
        with pytest.raises(KeyFileError):
            read(path)
    assert path.read_bytes() == content


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "one.key"
    signing_key_file(path)
    path.chmod(0o644)
    with pytest.raises(KeyFileError, match="others may read"):
        signing_key_file(path)


def test_what_is_sealed_opens_only_with_its_key_and_context() -> None:
    key = SealingKey(bytes(32))
    sealed = key.seal(b"CANARY", b"first")
    assert b"CANARY" not in sealed
    assert key.open(sealed, b"first") == b"CANARY"
    assert key.seal(b"CANARY", b"first") != sealed
    assert key.open(sealed, b"second") is None
    assert SealingKey(bytes([1]) * 32).open(sealed, b"first") is None
    for at in range(len(sealed)):
        assert key.open(sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :], b"first") is None
        assert key.open(sealed[:at], b"first") is None
