"""The checker's own arithmetic agrees with the standard and with the library that signs."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asepsis.crypto.signing import SigningKey, verify
from asepsis.verify.ed25519 import is_signed
from tests.verify.vectors import RFC_8032

ORDER = 2**252 + 27742317777372353535851937790883648493


@pytest.mark.parametrize(("_seed", "public", "message", "signature"), RFC_8032)
def test_signatures_of_the_standard_are_right(_seed: str, public: str, message: str, signature: str) -> None:
    assert is_signed(bytes.fromhex(public), bytes.fromhex(signature), bytes.fromhex(message))


@settings(deadline=None, max_examples=25)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=100), st.integers(0, 511))
def test_it_agrees_with_the_library_on_right_and_damaged_signatures(seed: bytes, message: bytes, bit: int) -> None:
    key = SigningKey.from_seed(seed)
    signature = key.sign(message)
    assert is_signed(key.public_bytes, signature, message)
    damaged = (int.from_bytes(signature, "little") ^ 1 << bit).to_bytes(64, "little")
    assert not is_signed(key.public_bytes, damaged, message)
    assert not verify(key.public_bytes, damaged, message)
    assert not is_signed(key.public_bytes, signature, message + b"x")
    assert not is_signed(SigningKey.generate().public_bytes, signature, message)


def test_a_second_spelling_of_a_signature_is_refused() -> None:
    _, public, message, signature = (bytes.fromhex(text) for text in RFC_8032[1])
    again = signature[:32] + (int.from_bytes(signature[32:], "little") + ORDER).to_bytes(32, "little")
    assert not is_signed(public, again, message)


@given(st.binary(max_size=70), st.binary(max_size=70))
def test_bytes_that_are_no_signature_are_refused(public: bytes, signature: bytes) -> None:
    assert not is_signed(public, signature, b"")


def test_points_that_are_not_on_the_curve_are_refused() -> None:
    signature = bytes.fromhex(RFC_8032[0][3])
    for public in (b"\xff" * 32, (2).to_bytes(32, "little"), (1 | 1 << 255).to_bytes(32, "little")):
        assert not is_signed(public, signature, b"")
