"""The Merkle tree of RFC 6962 2.1: leaf and node hashes, the compact range that grows, proofs, and their checks.

No storage here: proofs ask a function for the hashes of complete subtrees, by level and index.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import Final

HASH_BYTES: Final = 32
# RFC 6962 2.1: the root of no leaves is the hash of nothing.
EMPTY_ROOT: Final = sha256(b"").digest()
# A tree of 2**63 leaves has proofs of 63 hashes; nothing longer is ever needed (C2SP tlog-witness says the same).
PROOF_LIMIT: Final = 63

Subtree = Callable[[int, int], bytes]
"""Level and index -> the hash of the complete subtree of the leaves from index * 2**level on, 2**level of them."""


def leaf_hash(entry: bytes) -> bytes:
    """RFC 6962 2.1: leaves and nodes begin with different bytes, so that neither passes for the other."""
    return sha256(b"\0" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return sha256(b"\1" + left + right).digest()


class Growth:
    """The complete subtrees that cover the first ``size`` leaves, largest first: all that growing needs."""

    __slots__ = ("peaks", "size")

    def __init__(self, size: int = 0, peaks: Iterable[bytes] = ()) -> None:
        self.size = size
        self.peaks = list(peaks)

    def copy(self) -> Growth:
        """One that grows on its own."""
        return Growth(self.size, self.peaks)

    def add(self, leaf: bytes, level: int = 0) -> list[tuple[int, int, bytes]]:
        """Adds the hash of a leaf (or of a complete subtree of ``level``, at a size that its width divides).

        Returns:
            Level, index and hash of the nodes that became complete, from below.
        """
        completed = []
        index = self.size >> level
        self.size += 1 << level
        hash_ = leaf
        while index & 1:
            hash_ = node_hash(self.peaks.pop(), hash_)
            level += 1
            index >>= 1
            completed.append((level, index, hash_))
        self.peaks.append(hash_)
        return completed

    def root(self) -> bytes:
        """The root at this size."""
        if not self.peaks:
            return EMPTY_ROOT
        hash_ = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            hash_ = node_hash(peak, hash_)
        return hash_


def growth_at(size: int, subtree: Subtree) -> Growth:
    """The state of a tree of ``size`` leaves, from what is kept."""
    return Growth(size, (subtree(level, first >> level) for first, level in _cover(0, size)))


def _cover(first: int, end: int) -> list[tuple[int, int]]:
    """First leaf and level of the complete subtrees that cover [first, end), the largest that fit first."""
    parts = []
    while first < end:
        level = (end - first).bit_length() - 1
        if first:
            level = min(level, (first & -first).bit_length() - 1)
        parts.append((first, level))
        first += 1 << level
    return parts


def range_root(first: int, end: int, subtree: Subtree) -> bytes:
    """MTH(D[first:end]) of RFC 6962 2.1 where ``first`` is a multiple of a power of two that is not below the width."""
    if first == end:
        return EMPTY_ROOT
    hashes = [subtree(level, at >> level) for at, level in _cover(first, end)]
    hash_ = hashes.pop()
    while hashes:
        hash_ = node_hash(hashes.pop(), hash_)
    return hash_


def _split(size: int) -> int:
    """The largest power of two below ``size`` (RFC 6962 2.1)."""
    return 1 << (size - 1).bit_length() - 1


def inclusion_proof(index: int, size: int, subtree: Subtree) -> list[bytes]:
    """PATH(index, D[size]) of RFC 6962 2.1.1, the hash next to the leaf first.

    Raises:
        ValueError: There is no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    proof: list[bytes] = []
    first, end = 0, size
    while end - first > 1:
        middle = first + _split(end - first)
        if index < middle:
            proof.append(range_root(middle, end, subtree))
            end = middle
        else:
            proof.append(range_root(first, middle, subtree))
            first = middle
    proof.reverse()
    return proof


def consistency_proof(old: int, size: int, subtree: Subtree) -> list[bytes]:
    """PROOF(old, D[size]) of RFC 6962 2.1.2; empty where ``old`` is 0 or ``size``.

    Raises:
        ValueError: ``old`` is not between 0 and ``size``.
    """
    if not 0 <= old <= size:
        raise ValueError(f"no tree of {old} in a tree of {size}")
    if old in (0, size):
        return []
    proof: list[bytes] = []
    first, end = 0, size
    # The first step into a right half means that the old root is no longer a node of the new tree.
    is_node = True
    while old != end:
        middle = first + _split(end - first)
        if old <= middle:
            proof.append(range_root(middle, end, subtree))
            end = middle
        else:
            proof.append(range_root(first, middle, subtree))
            first = middle
            is_node = False
    if not is_node:
        proof.append(range_root(first, end, subtree))
    proof.reverse()
    return proof


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether ``proof`` shows that the hash of a leaf stands at ``index`` of the tree with this root."""
    if not 0 <= index < size or len(proof) > PROOF_LIMIT:
        return False
    # RFC 9162 2.1.3.2
    at, last, hash_ = index, size - 1, leaf
    for part in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            hash_ = node_hash(part, hash_)
            while at and not at & 1:
                at >>= 1
                last >>= 1
        else:
            hash_ = node_hash(hash_, part)
        at >>= 1
        last >>= 1
    return last == 0 and hash_ == root


def verify_consistency(old: int, size: int, old_root: bytes, root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether ``proof`` shows that the tree of ``size`` only added to the tree of ``old``."""
    if not 0 <= old <= size or len(proof) > PROOF_LIMIT:
        return False
    if old == size:
        return not proof and old_root == root
    if old == 0:
        return not proof and old_root == EMPTY_ROOT
    # RFC 9162 2.1.4.2
    path = list(proof)
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    if not path:
        return False
    at, last = old - 1, size - 1
    while at & 1:
        at >>= 1
        last >>= 1
    first_hash = second_hash = path[0]
    for part in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            first_hash = node_hash(part, first_hash)
            second_hash = node_hash(part, second_hash)
            while at and not at & 1:
                at >>= 1
                last >>= 1
        else:
            second_hash = node_hash(second_hash, part)
        at >>= 1
        last >>= 1
    return last == 0 and first_hash == old_root and second_hash == root
