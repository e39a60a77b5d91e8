"""An inclusion proof as a person can follow it: from the entry up to the root that was signed."""

from __future__ import annotations

from collections.abc import Sequence

from asepsis.kernel.value import value
from asepsis.ledger.merkle import node_hash

# The picture: one row a step, a box for the hash on the way and one for its neighbour. Units of the SVG.
ROW: int = 74
BOX_WIDTH: int = 230
BOX_HEIGHT: int = 46
WIDTH: int = 760
MIDDLE: int = WIDTH // 2


@value
class Box:
    """A hash in the picture and the entries it stands for."""

    x: int
    y: int
    hash: bytes
    first: int
    last: int

    @property
    def short(self) -> str:
        """The beginning of the hash, which is enough to compare by eye."""
        return self.hash.hex()[:16]

    @property
    def covers(self) -> str:
        """``entry 5`` or ``entries 4-7``."""
        return f"entry {self.first:,}" if self.first == self.last else f"entries {self.first:,}-{self.last:,}"

    @property
    def centre(self) -> int:
        """Where lines end."""
        return self.x + BOX_WIDTH // 2

    @property
    def bottom(self) -> int:
        """The lower edge."""
        return self.y + BOX_HEIGHT


@value
class Step:
    """One hash on the way, and the neighbour from the proof that it was hashed with; none at the root."""

    own: Box
    neighbour: Box | None


@value
class Picture:
    """The way from the entry, which is last, to the root, which is first."""

    steps: tuple[Step, ...]
    root: bytes
    height: int


def picture(position: int, size: int, leaf: bytes, proof: Sequence[bytes]) -> Picture:
    """Draws the way of a proof as ``Ledger.inclusion`` gives it (RFC 6962 2.1.1).

    Args:
        position: Of the entry.
        size: Of the tree.
        leaf: The hash of the entry.
        proof: The neighbours, that of the entry first.
    """
    spans: list[tuple[int, int, int, int]] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + (1 << (high - low - 1).bit_length() - 1)
        if position < middle:
            spans.append((low, middle, middle, high))
            high = middle
        else:
            spans.append((middle, high, low, middle))
            low = middle
    hash_ = leaf
    steps: list[Step] = []
    for number, ((first, end, beside_first, beside_end), beside) in enumerate(zip(reversed(spans), proof, strict=True)):
        y = (len(proof) - number) * ROW + 10
        is_right = beside_first > first
        own_x, beside_x = (MIDDLE - BOX_WIDTH - 20, MIDDLE + 20) if is_right else (MIDDLE + 20, MIDDLE - BOX_WIDTH - 20)
        steps.append(
            Step(
                own=Box(x=own_x, y=y, hash=hash_, first=first, last=end - 1),
                neighbour=Box(x=beside_x, y=y, hash=beside, first=beside_first, last=beside_end - 1),
            )
        )
        hash_ = node_hash(hash_, beside) if is_right else node_hash(beside, hash_)
    top = Box(x=MIDDLE - BOX_WIDTH // 2, y=10, hash=hash_, first=0, last=size - 1)
    steps.append(Step(own=top, neighbour=None))
    steps.reverse()
    return Picture(steps=tuple(steps), root=hash_, height=(len(proof) + 1) * ROW)
