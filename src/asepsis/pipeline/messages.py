"""From the packet engine's pieces to messages with where they were seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from ipaddress import IPv6Address
from typing import TYPE_CHECKING

import numpy as np

from asepsis.kernel.address import mac_text
from asepsis.protocols.message import Dissector, Malformed, Result, Sighting, Stream
from asepsis.protocols.registry import PROTOCOLS, dissector
from asepsis.wire.applications import Application
from asepsis.wire.engine import Piece
from asepsis.wire.finished import ENDED_SPLIT, swap_sides
from asepsis.wire.layout import (
    P_CONVERSATION,
    P_DESTINATION_HIGH,
    P_DESTINATION_LOW,
    P_DESTINATION_MAC,
    P_META,
    P_PACKET,
    P_PORTS,
    P_SOURCE_HIGH,
    P_SOURCE_LOW,
    P_SOURCE_MAC,
    P_TIME,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

TCP = 6
_U64 = 0xFFFFFFFFFFFFFFFF
# Texts of addresses that are remembered; the memory is given back when there are more (12 MB).
_REMEMBERED_ADDRESSES = 1 << 17


class MessageReader:
    """Hands each piece to its protocol and each message to whoever listens. One object for one capture."""

    def __init__(
        self,
        *,
        capture: str,
        sighted: Callable[[Sighting], None],
        malformed: Callable[[Malformed], None] | None = None,
    ) -> None:
        """Begins a capture.

        Args:
            capture: Its digest, or ``interface:NAME``.
            sighted: Takes every message.
            malformed: Takes everything that claimed to be a protocol and was not.
        """
        self.counts: Counter[str] = Counter()
        """Messages read, by the name of the protocol's module."""
        self.malformed: Counter[str] = Counter()
        self._capture = capture
        self._sighted = sighted
        self._on_malformed = malformed
        self._streams: dict[int, Stream] = {}
        self._last_words: dict[tuple[int, int], list[int]] = {}
        self._client_sender: dict[int, int] = {}
        self._dissectors: dict[int, Dissector] = {}
        self._addresses: dict[tuple[int, int, int], str] = {}

    def import_all(self) -> None:
        """Imports every protocol now: a live interface does not wait for the first message of each."""
        for code in range(1, len(PROTOCOLS) + 1):
            self._dissector(code)

    def redirect(self, *, capture: str, sighted: Callable[[Sighting], None]) -> None:
        """From now on messages go to ``sighted`` as of ``capture``; streams that are open go on."""
        self._capture = capture
        self._sighted = sighted

    def take(self, pieces: Sequence[Piece]) -> None:
        """Reads pieces in order."""
        streams = self._streams
        for words, data, gap in pieces:
            code = words[P_META] & 255
            known = self._dissectors.get(code) or self._dissector(code)
            if known is None:
                continue
            if words[P_PORTS] >> 56 & 255 == TCP:
                if known.open is None:
                    continue
                conversation = words[P_CONVERSATION]
                stream = streams.get(conversation)
                if stream is None:
                    stream = streams[conversation] = known.open()
                sender = words[P_META] >> 8 & 1
                results = stream.feed(sender, data, gap=gap)
                if results:
                    self._last_words[conversation, sender] = words
                    if conversation not in self._client_sender:
                        self._note_client(conversation, sender, results)
            elif known.datagram is not None:
                results = known.datagram(data)
            else:
                continue
            if results:
                self._report(known.protocol, words, results)

    def finished(self, conversations: NDArray[np.void]) -> None:
        """Closes the streams of conversations that are over, and turns round those whose content says so."""
        if not self._streams:
            return
        read = np.flatnonzero((conversations["ip_protocol"] == TCP) & (conversations["application_by"] > 0))
        over = conversations["conversation"][read].tolist()
        ended = conversations["ended_by"][read].tolist()
        turned = []
        for index, conversation, ended_by in zip(read.tolist(), over, ended, strict=True):
            stream = self._streams.get(conversation)
            if stream is None:
                continue
            row = conversations[index]
            client = self._client_sender.get(conversation)
            # "first packet" and "port" are weaker than what a message says of itself.
            if client is not None and row["client_by"] in (0, 4) and client != int(row["server_first"]):
                turned.append(index)
            if ended_by == ENDED_SPLIT:
                continue
            self._close(conversation, stream, client)
            del self._streams[conversation]
            self._client_sender.pop(conversation, None)
        if turned:
            swap_sides(conversations, np.array(turned))

    def _close(self, conversation: int, stream: Stream, client: int | None) -> None:
        """Reports what was still pending, each message as of the side that it says it comes from."""
        last = [self._last_words.pop((conversation, sender), None) for sender in (0, 1)]
        for result in stream.close():
            says = None if isinstance(result, Malformed) or client is None else result.sender_is_server
            if says is None or client is None:
                words = last[0] or last[1]
            else:
                sender = 1 - client if says else client
                other = last[1 - sender]
                words = last[sender] or (None if other is None else _turned(other))
            if words is not None:
                self._report(self._dissectors[words[P_META] & 255].protocol, words, [result])

    def add_repeated(self, repeated: dict[int, int]) -> None:
        """Counts the datagrams that the engine knew as repeats and did not hand on."""
        for code, count in repeated.items():
            self.counts[Application(code).name.lower()] += count

    def _dissector(self, code: int) -> Dissector | None:
        if not 0 < code <= len(PROTOCOLS):
            return None
        found = self._dissectors[code] = dissector(Application(code).name.lower())
        return found

    def _note_client(self, conversation: int, sender: int, results: Sequence[Result]) -> None:
        for result in results:
            if not isinstance(result, Malformed) and result.sender_is_server is not None:
                self._client_sender[conversation] = 1 - sender if result.sender_is_server else sender
                return

    def _report(self, protocol: str, words: list[int], results: Sequence[Result]) -> None:
        ports = words[P_PORTS]
        version = ports >> 48 & 255
        source_mac, destination_mac = words[P_SOURCE_MAC], words[P_DESTINATION_MAC]
        for result in results:
            if isinstance(result, Malformed):
                self.malformed[protocol] += 1
                if self._on_malformed is not None:
                    self._on_malformed(result)
                continue
            self.counts[protocol] += 1
            self._sighted(
                Sighting(
                    message=result,
                    time_ns=words[P_TIME],
                    capture=self._capture,
                    packet=words[P_PACKET],
                    conversation=words[P_CONVERSATION],
                    source_mac=mac_text(source_mac) if source_mac else "",
                    source_ip=self._address(version, words[P_SOURCE_HIGH], words[P_SOURCE_LOW]),
                    source_port=ports & 0xFFFF,
                    destination_mac=mac_text(destination_mac) if destination_mac else "",
                    destination_ip=self._address(version, words[P_DESTINATION_HIGH], words[P_DESTINATION_LOW]),
                    destination_port=ports >> 16 & 0xFFFF,
                    vlan=ports >> 32 & 0xFFFF,
                )
            )

    def _address(self, version: int, high: int, low: int) -> str:
        """The text of an address whose words may be signed."""
        key = (version, high, low)
        text = self._addresses.get(key)
        if text is None:
            if version == 4:
                text = f"{low >> 24 & 255}.{low >> 16 & 255}.{low >> 8 & 255}.{low & 255}"
            elif version == 6:
                text = str(IPv6Address((high & _U64) << 64 | low & _U64))
            else:
                text = ""
            if len(self._addresses) >= _REMEMBERED_ADDRESSES:
                self._addresses.clear()
            self._addresses[key] = text
        return text


def _turned(words: list[int]) -> list[int]:
    """The words of a piece that goes the other way, seen at the same time."""
    turned = words.copy()
    for source, destination in (
        (P_SOURCE_HIGH, P_DESTINATION_HIGH),
        (P_SOURCE_LOW, P_DESTINATION_LOW),
        (P_SOURCE_MAC, P_DESTINATION_MAC),
    ):
        turned[source], turned[destination] = words[destination], words[source]
    ports = words[P_PORTS]
    turned[P_PORTS] = ports & ~0xFFFFFFFF | (ports & 0xFFFF) << 16 | ports >> 16 & 0xFFFF
    turned[P_META] = words[P_META] ^ 1 << 8
    return turned
