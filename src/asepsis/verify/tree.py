"""The Merkle tree of RFC 6962 2.1, as the checker needs it: a tree that grows, and the two proofs."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256


def of_leaf(entry: bytes) -> bytes:
    """The hash of an entry."""
    return sha256(b"\x00" + entry).digest()


def of_node(left: bytes, right: bytes) -> bytes:
    """The hash of two hashes."""
    return sha256(b"\x01" + left + right).digest()


class Tree:
    """Takes hashes of leaves in order and gives the root at any moment: a stack of (width, hash)."""

    def __init__(self) -> None:
        self.size = 0
        self._stack: list[tuple[int, bytes]] = []

    def add(self, leaf: bytes) -> None:
        """The next leaf."""
        width = 1
        while self._stack and self._stack[-1][0] == width:
            leaf = of_node(self._stack.pop()[1], leaf)
            width *= 2
        self._stack.append((width, leaf))
        self.size += 1

    def root(self) -> bytes:
        """The root over the leaves so far."""
        hashes = [hash_ for _, hash_ in self._stack]
        if not hashes:
            return sha256(b"").digest()
        while len(hashes) > 1:
            right = hashes.pop()
            hashes.append(of_node(hashes.pop(), right))
        return hashes[0]


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root over some leaves."""
    tree = Tree()
    for leaf in leaves:
        tree.add(leaf)
    return tree.root()


def root_by_inclusion(part: bytes, first: int, end: int, size: int, proof: Sequence[bytes]) -> bytes | None:
    """The root of a tree of ``size`` in which [first, end) has the root ``part``, or None where the proof cannot be.

    The halves are found from the top, as RFC 6962 defines them, and then walked upwards.
    """
    sides = []
    low, high = 0, size
    while (low, high) != (first, end):
        if high - low < 2:
            return None
        half = 1
        while half * 2 < high - low:
            half *= 2
        if first >= low + half:
            sides.append("left")
            low += half
        elif end <= low + half:
            sides.append("right")
            high = low + half
        else:
            return None
    if len(sides) != len(proof):
        return None
    for side, hash_ in zip(reversed(sides), proof, strict=True):
        part = of_node(hash_, part) if side == "left" else of_node(part, hash_)
    return part


def is_consistent(old: int, size: int, old_root: bytes, root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the proof shows that the first ``old`` of ``size`` entries have this root (RFC 6962 2.1.2)."""
    if not 0 < old <= size:
        return False
    if old == size:
        return not proof and old_root == root
    rest = list(proof)

    def both(low: int, high: int, old_end: int, *, known: bool) -> tuple[bytes, bytes]:
        # The old and the new root over [low, high), of which the old tree had [low, old_end).
        if old_end == high:
            hash_ = old_root if known else rest.pop(0)
            return hash_, hash_
        half = 1
        while half * 2 < high - low:
            half *= 2
        if old_end <= low + half:
            old_hash, new_hash = both(low, low + half, old_end, known=known)
            return old_hash, of_node(new_hash, rest.pop(0))
        old_hash, new_hash = both(low + half, high, old_end, known=False)
        left = rest.pop(0)
        return of_node(left, old_hash), of_node(left, new_hash)

    try:
        computed = both(0, size, old, known=True)
    except IndexError:
        return False
    return not rest and computed == (old_root, root)
