from __future__ import annotations

import io

import pytest

from asepsis.crypto.strongbox import (
    CHUNK_BYTES,
    TAG_BYTES,
    BoxError,
    BoxKey,
    BoxReader,
    BoxWriter,
    key_file,
    passphrase,
)

KEY = key_file(b"k" * 32)
# As little work as scrypt allows: what is tested here is the box, not how long a guess takes.
QUICK = 4
SIZES = (0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES, 3 * CHUNK_BYTES + 7)


def _sealed(content: bytes, key: BoxKey = KEY, piece: int = 10_000) -> bytes:
    target = io.BytesIO()
    box = BoxWriter(target, key, log_n=QUICK)
    for start in range(0, len(content), piece):
        box.write(content[start : start + piece])
    box.finish()
    return target.getvalue()


def _opened(sealed: bytes, key: BoxKey = KEY) -> bytes:
    return BoxReader(io.BytesIO(sealed), key).readall() or b""


def _content(size: int) -> bytes:
    return bytes(number * 31 % 251 for number in range(size))


HEAD = len(_sealed(b"")) - TAG_BYTES


@pytest.mark.parametrize("size", SIZES)
def test_what_was_sealed_comes_back(size: int) -> None:
    assert _opened(_sealed(_content(size))) == _content(size)


def test_a_passphrase_opens_its_own_box_and_no_other() -> None:
    right, wrong = passphrase("correct horse battery"), passphrase("correct horse batterz")
    sealed = _sealed(b"devices", right)
    assert _opened(sealed, right) == b"devices"
    with pytest.raises(BoxError, match="not the one"):
        _opened(sealed, wrong)
    with pytest.raises(BoxError, match="made with a passphrase"):
        _opened(sealed, KEY)


def test_a_short_passphrase_and_a_short_key_are_refused() -> None:
    with pytest.raises(BoxError, match="fewer than"):
        passphrase("only 14 signs!")
    with pytest.raises(BoxError, match="key file"):
        key_file(b"short")


@pytest.mark.parametrize("cut", [1, TAG_BYTES, TAG_BYTES + 1, CHUNK_BYTES, CHUNK_BYTES + TAG_BYTES, 10])
def test_a_box_that_was_cut_off_gives_an_error_and_not_a_shorter_content(cut: int) -> None:
    sealed = _sealed(_content(2 * CHUNK_BYTES + 100))
    with pytest.raises(BoxError, match=r"damaged|no backup"):
        _opened(sealed[:-cut])


def test_a_box_cut_off_exactly_between_chunks_is_damaged() -> None:
    sealed = _sealed(_content(3 * CHUNK_BYTES))
    whole = HEAD + 2 * (CHUNK_BYTES + TAG_BYTES)
    with pytest.raises(BoxError, match="damaged"):
        _opened(sealed[:whole])
    with pytest.raises(BoxError, match="damaged"):
        _opened(sealed[:HEAD])


def test_chunks_that_changed_places_are_damage() -> None:
    sealed = _sealed(_content(3 * CHUNK_BYTES))
    step = CHUNK_BYTES + TAG_BYTES
    first, second, rest = sealed[HEAD : HEAD + step], sealed[HEAD + step : HEAD + 2 * step], sealed[HEAD + 2 * step :]
    with pytest.raises(BoxError, match="damaged"):
        _opened(sealed[:HEAD] + second + first + rest)
    with pytest.raises(BoxError, match="damaged"):
        _opened(sealed[:HEAD] + first + rest)


def test_something_after_the_end_is_damage() -> None:
    with pytest.raises(BoxError, match="damaged"):
        _opened(_sealed(b"devices") + b"x")


def test_every_flipped_bit_is_found() -> None:
    sealed = _sealed(b"devices")
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(BoxError):
            _opened(bytes(changed))


def test_a_head_that_asks_for_much_memory_is_refused_before_it_is_taken() -> None:
    sealed = bytearray(_sealed(b"devices", passphrase("correct horse battery")))
    sealed[HEAD - 40] = 40  # the logarithm of N: 2**40 would be petabytes
    with pytest.raises(BoxError, match="damaged"):
        _opened(bytes(sealed), passphrase("correct horse battery"))


def test_the_content_does_not_shine_through() -> None:
    assert b"CANARY" not in _sealed(b"CANARY" * 1000)
    assert _sealed(b"CANARY") != _sealed(b"CANARY")
