"""ANSAR-B: what bedside monitors write to their serial port, handed on over TCP by a device server.

In: bytes of a conversation. Out: one ``Ansar`` for each block: which parameters the monitor reports. A block is
samples of waves, lines such as ``HR=1;...;`` between runs of FBH, and FEH FFH with the name of the protocol. There is
no public standard; the form is that of blocks of an Ivy 450C. Values, waves and alarms are stepped over.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar, Final

from asepsis.kernel.value import value
from asepsis.protocols.message import Dissector, Result

# A block has some 560 bytes; a conversation that shows no block in so many is none of this protocol.
HELD_LIMIT = 4096
# Parameters of one block; the monitor has nine.
PARAMETERS_LIMIT = 32

MARK: Final = b"\xfe\xffANSAR-B "
_LINE: Final = re.compile(rb"(?:^|[\r\xfb])([A-Z][A-Z0-9]{1,5})=[0-9]?;")


@value
class Ansar:
    """One block."""

    PROTOCOL: ClassVar[str] = "ansar"
    kind: ClassVar[str] = "ANSAR-B"

    parameters: tuple[str, ...]
    """Names as the monitor writes them: ``HR``, ``SPO2``, ``NIBP``; in the order of the block."""
    sender_is_server: bool | None = True
    """The device server listens, and whoever wants the readings connects."""

    def facts(self) -> dict[str, Any]:
        """The parameters."""
        return {"parameters": list(self.parameters)} if self.parameters else {}


class AnsarStream:
    """A ``Stream`` of blocks. Holds at most ``HELD_LIMIT`` bytes of each side."""

    __slots__ = ("_pending", "_searched")

    def __init__(self) -> None:
        self._pending = (bytearray(), bytearray())
        self._searched = [0, 0]

    def feed(self, sender: int, data: bytes, *, gap: bool = False) -> Sequence[Result]:
        """Gives the blocks that ended now."""
        pending = self._pending[sender]
        if gap:
            pending.clear()
            self._searched[sender] = 0
        out: list[Result] = []
        at = 0
        while at < len(data):
            piece = data[at : at + HELD_LIMIT]
            at += len(piece)
            pending += piece
            begin = 0
            while (mark := pending.find(MARK, max(begin, self._searched[sender]))) >= 0:
                out.append(_block(bytes(pending[max(begin, mark - HELD_LIMIT) : mark])))
                begin = mark + len(MARK)
            del pending[: max(begin, len(pending) - HELD_LIMIT)]
            self._searched[sender] = max(len(pending) - len(MARK) + 1, 0)
        return out

    def close(self) -> Sequence[Result]:
        """A block without its name says nothing that can be trusted."""
        return ()


def _block(data: bytes) -> Ansar:
    names = dict.fromkeys([found[1].decode("ascii") for found in _LINE.finditer(data)])
    return Ansar(parameters=tuple(names)[:PARAMETERS_LIMIT])


DISSECTOR = Dissector(protocol="ansar", open=AnsarStream)
