"""The tree agrees with Certificate Transparency's own data, with pymerkle, and with the definition; proofs prove."""

from __future__ import annotations

from hashlib import sha256

import pymerkle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asepsis.ledger import merkle
from asepsis.verify import tree
from tests.ledger.vectors import CONSISTENCY, INCLUSION, LEAVES, ROOTS


class Leaves:
    """The tree as RFC 6962 2.1 defines it, from the leaves, without any state."""

    def __init__(self, leaves: list[bytes]) -> None:
        self.leaves = leaves

    def root(self, first: int, end: int) -> bytes:
        if end - first == 0:
            return sha256(b"").digest()
        if end - first == 1:
            return sha256(b"\0" + self.leaves[first]).digest()
        half = 1
        while half * 2 < end - first:
            half *= 2
        return sha256(b"\1" + self.root(first, first + half) + self.root(first + half, end)).digest()

    def subtree(self, level: int, index: int) -> bytes:
        return self.root(index << level, (index + 1) << level)


MANY = Leaves([bytes((number % 251, number // 251)) for number in range(300)])
sizes = st.integers(0, 300)


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_of_certificate_transparency(size: int) -> None:
    growth = merkle.Growth()
    checker = tree.Tree()
    for leaf in LEAVES[:size]:
        growth.add(merkle.leaf_hash(leaf))
        checker.add(tree.of_leaf(leaf))
    assert growth.root() == ROOTS[size]
    assert checker.root() == ROOTS[size]
    assert merkle.range_root(0, size, Leaves(LEAVES).subtree) == ROOTS[size]


def test_inclusion_proofs_are_those_of_certificate_transparency() -> None:
    for (index, size), proof in INCLUSION.items():
        assert [one.hex() for one in merkle.inclusion_proof(index, size, Leaves(LEAVES).subtree)] == proof


def test_consistency_proofs_are_those_of_certificate_transparency() -> None:
    for (old, size), proof in CONSISTENCY.items():
        assert [one.hex() for one in merkle.consistency_proof(old, size, Leaves(LEAVES).subtree)] == proof


def test_roots_and_proofs_are_those_of_pymerkle() -> None:
    theirs = pymerkle.InmemoryTree(algorithm="sha256")
    growth = merkle.Growth()
    for number in range(137):
        entry = f"entry {number}".encode()
        theirs.append_entry(entry)
        growth.add(merkle.leaf_hash(entry))
        assert theirs.get_root() == growth.root()
    ours = Leaves([f"entry {number}".encode() for number in range(137)])
    for index in (0, 63, 64, 100, 136):
        # pymerkle counts from 1, and its paths begin with the leaf itself.
        path = [bytes.fromhex(one) for one in theirs.prove_inclusion(index + 1).serialize()["path"]]
        assert path[1:] == merkle.inclusion_proof(index, 137, ours.subtree)


@given(sizes)
def test_a_tree_that_grew_has_the_root_of_the_definition(size: int) -> None:
    growth = merkle.growth_at(size, MANY.subtree)
    assert growth.root() == MANY.root(0, size)
    for leaf in MANY.leaves[size : size + 20]:
        growth.add(merkle.leaf_hash(leaf))
    assert growth.root() == MANY.root(0, min(size + 20, 300))


@given(st.data())
def test_an_inclusion_proof_shows_one_leaf_at_one_place_and_nothing_else(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 300))
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, size - 1))
    root = MANY.root(0, size)
    leaf = merkle.leaf_hash(MANY.leaves[index])
    proof = merkle.inclusion_proof(index, size, MANY.subtree)
    for verifies in (merkle.verify_inclusion, _by_checker):
        assert verifies(leaf, index, size, proof, root)
        assert not verifies(merkle.leaf_hash(b"else"), index, size, proof, root)
        assert not verifies(leaf, index, size, proof, merkle.leaf_hash(b"else"))
        assert not verifies(leaf, index, size, [*proof, root], root)
        assert not verifies(leaf, size, size, proof, root)
        if other != index:
            assert not verifies(leaf, other, size, proof, root)
        if proof:
            assert not verifies(leaf, index, size, proof[:-1], root)
            assert not verifies(leaf, index, size, [bytes(32), *proof[1:]], root)


def _by_checker(leaf: bytes, index: int, size: int, proof: list[bytes], root: bytes) -> bool:
    return tree.root_by_inclusion(leaf, index, index + 1, size, proof) == root


@given(st.data())
def test_a_consistency_proof_shows_that_one_tree_grew_into_another_and_nothing_else(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 300))
    old = data.draw(st.integers(1, size))
    old_root, root = MANY.root(0, old), MANY.root(0, size)
    proof = merkle.consistency_proof(old, size, MANY.subtree)
    for verifies in (merkle.verify_consistency, tree.is_consistent):
        assert verifies(old, size, old_root, root, proof)
        assert not verifies(old, size, bytes(32), root, proof)
        assert not verifies(old, size, old_root, bytes(32), proof)
        assert not verifies(old, size, old_root, root, [*proof, root])
        if old < size:
            assert not verifies(old + 1, size, old_root, root, proof)
        if proof:
            assert not verifies(old, size, old_root, root, proof[:-1])
            assert not verifies(old, size, old_root, root, [bytes(32), *proof[1:]])


@given(st.integers(0, 20), st.integers(0, 20), st.lists(st.binary(min_size=32, max_size=32), max_size=8))
def test_no_proof_of_a_stranger_makes_a_check_fail_otherwise_than_by_saying_no(
    old: int, size: int, proof: list[bytes]
) -> None:
    root = bytes(32)
    assert not merkle.verify_inclusion(root, old, size, proof, root)
    assert not _by_checker(root, old, size, proof, root) or (old, size, proof) == (0, 1, [])
    merkle.verify_consistency(old, size, root, root, proof)
    tree.is_consistent(old, size, root, root, proof)


def test_proofs_of_what_is_not_there_are_refused() -> None:
    with pytest.raises(ValueError, match="no leaf"):
        merkle.inclusion_proof(5, 5, MANY.subtree)
    with pytest.raises(ValueError, match="no tree"):
        merkle.consistency_proof(6, 5, MANY.subtree)
