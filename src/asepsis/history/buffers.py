"""Messages on their way to a record batch: each is taken apart as it comes and not kept.

Numbers go into compact arrays and texts into numbers of a dictionary, while the message is still in the
processor's cache; taking eight thousand messages apart later costs three times as much.
"""

from __future__ import annotations

from struct import Struct
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from asepsis.history.schema import arrow_schema
from asepsis.protocols.message import Repeats, Sighting

_NUMBERS: Final = ("time_ns", "packet", "conversation", "source_port", "destination_port", "vlan")
_NAMES: Final = ("protocol", "kind", "source_ip", "destination_ip", "source_mac", "destination_mac")

_pack: Final = Struct(f"={len(_NUMBERS) + len(_NAMES)}q").pack


class _Codes(dict[str, int]):
    """Text to its number, given on first sight."""

    def __missing__(self, text: str) -> int:
        code = self[text] = len(self)
        return code


class MessageBuffer:
    """The columns of messages that wait to be written."""

    def __init__(self) -> None:
        self.facts: list[str] = []
        """JSON text of each; its length is the number of messages."""
        self.characters = 0
        """Of all facts."""
        # Row after row of twelve numbers, packed by one call: that costs a third of twelve calls that add one each.
        self._rows = bytearray()
        self._codes = tuple(_Codes() for _ in _NAMES)

    def append(self, sighting: Sighting, facts: str) -> None:
        """Takes a sighting and the text of its facts."""
        # Unpacked at once: twelve look-ups of members would cost as much as packing them.
        message, time_ns, _, packet, conversation, source_mac, source_ip, source_port, to_mac, to_ip, to_port, vlan = (
            sighting
        )
        protocols, kinds, source_ips, destination_ips, source_macs, destination_macs = self._codes
        self._rows += _pack(
            time_ns,
            packet,
            conversation,
            source_port,
            to_port,
            vlan,
            protocols[message.PROTOCOL],
            kinds[message.kind],
            source_ips[source_ip],
            destination_ips[to_ip],
            source_macs[source_mac],
            destination_macs[to_mac],
        )
        self.facts.append(facts)
        self.characters += len(facts)

    def extend(self, repeats: Repeats, texts: list[str]) -> None:
        """Takes repeated messages.

        Args:
            repeats: Their columns.
            texts: The text of the facts of each of ``repeats.messages``.
        """
        from asepsis.history.columns import distinct_addresses, distinct_macs

        rows, of = repeats.rows, repeats.of
        protocols, kinds, source_ips, destination_ips, source_macs, destination_macs = self._codes
        places = [
            *(rows[name] for name in _NUMBERS),
            np.array([protocols[message.PROTOCOL] for message in repeats.messages])[of],
            np.array([kinds[message.kind] for message in repeats.messages])[of],
        ]
        for side, codes in (("source", source_ips), ("destination", destination_ips)):
            indices, words = distinct_addresses(rows["ip_version"], rows[side + "_high"], rows[side + "_low"])
            places.append(np.array([codes[word] for word in words])[indices])
        for side, codes in (("source", source_macs), ("destination", destination_macs)):
            indices, words = distinct_macs(rows[side + "_mac"])
            places.append(np.array([codes[word] for word in words])[indices])
        self._rows += np.stack(places, axis=1, dtype=np.int64, casting="unsafe").tobytes()
        self.facts += [texts[place] for place in of.tolist()]
        self.characters += int(np.array([len(text) for text in texts])[of].sum())

    def take(self, *, site: str, capture: str) -> tuple[Any, npt.NDArray[np.int64]]:
        """All of it; the buffer is not used any more.

        Returns:
            A record batch of the stored columns, and the times in it.
        """
        import pyarrow as pa

        from asepsis.history.columns import constant

        rows = np.frombuffer(self._rows, np.int64).reshape(-1, len(_NUMBERS) + len(_NAMES))
        schema = arrow_schema("messages")
        columns: dict[str, Any] = {}
        for place, name in enumerate(_NUMBERS):
            columns[name] = pa.array(rows[:, place].astype(schema.field(name).type.to_pandas_dtype()))
        for place, (name, codes) in enumerate(zip(_NAMES, self._codes, strict=True), len(_NUMBERS)):
            columns[name] = _names(list(codes), rows[:, place].astype(np.int32))
        columns["facts"] = pa.array(self.facts, pa.string())
        columns["site"] = constant(len(rows), site)
        columns["capture"] = constant(len(rows), capture)
        batch = pa.RecordBatch.from_arrays([columns[field.name] for field in schema], schema=schema)
        return batch, rows[:, 0]


def _names(words: list[str], places: npt.NDArray[np.int32]) -> Any:
    """A dictionary column: for each row the word at its place."""
    import pyarrow as pa

    try:
        return pa.DictionaryArray.from_arrays(pa.array(places), pa.array(words, pa.string()))
    except UnicodeEncodeError:
        # A lone surrogate is no text. Replaced, words may become the same, and a dictionary holds each word once.
        printable = [word.encode("utf-8", "replace").decode() for word in words]
        return pa.array([printable[place] for place in places.tolist()], pa.string()).dictionary_encode()
