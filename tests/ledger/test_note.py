"""Notes are spelled as C2SP specifies them, and what is not signed rightly counts for nothing."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asepsis.crypto.signing import SigningKey
from asepsis.ledger.note import (
    COSIGNATURE,
    ED25519,
    Checkpoint,
    Signature,
    Verifier,
    cosign,
    cosigned_at,
    read_checkpoint,
    read_verifier,
    sign,
)
from asepsis.verify import note as checker

KEY = SigningKey.from_seed(bytes(32))
ROOT = bytes(range(32))
LOG = Verifier(name="example.com/log", kind=ED25519, public_bytes=KEY.public_bytes)

# The example of c2sp.org/tlog-cosignature, with a signature of the log and one of a witness.
EXAMPLE = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+"
    "xeMcTOAYQ8=\n"
    "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+"
    "mbIUBkBIfZ+qnA==\n"
)


def test_the_example_of_the_specification_is_read_and_written_as_it_is() -> None:
    checkpoint = read_checkpoint(EXAMPLE)
    assert checkpoint is not None
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert [signature.name for signature in checkpoint.signatures] == [
        "example.com/behind-the-sofa",
        "witness.example.com/w1",
    ]
    assert int.from_bytes(checkpoint.signatures[1].signature[:8], "big") == 1679315147
    assert checkpoint.text() == EXAMPLE
    theirs = checker.read_note(EXAMPLE)
    assert (theirs.origin, theirs.size, theirs.root) == (checkpoint.origin, checkpoint.size, checkpoint.root)


def test_the_public_key_of_go_sum_database_has_the_id_that_it_bears() -> None:
    # Published by Go; name, id and key of sum.golang.org show that ids are computed as others compute them.
    text = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
    verifier = read_verifier(text)
    assert verifier is not None
    assert verifier.text() == text
    assert checker.read_key(text).id.hex() == "033de0ae"


def test_a_log_signs_and_a_witness_countersigns() -> None:
    checkpoint = sign("example.com/log", 5, ROOT, KEY)
    assert checkpoint.is_signed_by(LOG)
    witness_key = SigningKey.generate()
    witness = Verifier(name="w", kind=COSIGNATURE, public_bytes=witness_key.public_bytes)
    assert cosigned_at(checkpoint, witness) is None
    both = checkpoint.with_signatures((cosign(checkpoint, "w", witness_key, 1_790_000_000),))
    assert cosigned_at(both, witness) == 1_790_000_000
    again = read_checkpoint(both.text())
    assert again == both
    theirs = checker.read_note(both.text())
    assert checker.signed_by(theirs, checker.read_key(LOG.text()))
    assert checker.signed_by(theirs, checker.read_key(witness.text()))


def test_a_signature_of_a_witness_is_none_of_a_log() -> None:
    checkpoint = Checkpoint(origin="example.com/log", size=5, root=ROOT)
    line = cosign(checkpoint, LOG.name, KEY, 1)
    disguised = Signature(name=LOG.name, key_id=LOG.key_id, signature=line.signature[8:])
    assert not checkpoint.with_signatures((disguised,)).is_signed_by(LOG)


@given(st.integers(0, 2000), st.characters())
def test_one_changed_sign_spoils_the_note(at: int, sign_: str) -> None:
    text = sign("example.com/log", 12345, ROOT, KEY).text()
    at %= len(text)
    changed = text[:at] + sign_ + text[at + 1 :]
    for name, holds in (("ours", _holds), ("theirs", _holds_for_checker)):
        assert holds(changed) == (changed == text), name


def _holds(text: str) -> bool:
    checkpoint = read_checkpoint(text)
    return checkpoint is not None and checkpoint.origin == LOG.name and checkpoint.is_signed_by(LOG)


def _holds_for_checker(text: str) -> bool:
    try:
        note = checker.read_note(text)
    except checker.Unreadable:
        return False
    return note.origin == LOG.name and checker.signed_by(note, checker.read_key(LOG.text()))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "log\n5\n\n— log AAAAAAAA\n",
        "log\n05\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n— log AAAAAAAA\n",
        "log\n-5\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n— log AAAAAAAA\n",
        "log\n5\nAAAA\n\n— log AAAAAAAA\n",
        "log\n5\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        "log\n5\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\nlog AAAAAAAA\n",
        "log\n5\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n— log AAAA\n",
        "log\n5\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n— log AAAAAAAA",
    ],
)
def test_what_is_no_checkpoint_is_none(text: str) -> None:
    assert read_checkpoint(text) is None
    with pytest.raises(checker.Unreadable):
        checker.read_note(text)


@given(st.text(max_size=300))
def test_any_text_is_a_checkpoint_or_none(text: str) -> None:
    read_checkpoint(text)
    read_verifier(text)
    for read in (checker.read_note, checker.read_key):
        with suppress(checker.Unreadable):
            read(text)
