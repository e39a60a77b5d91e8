"""From the packet engine's pieces to messages with where they were seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from asepsis.kernel.address import ip_text, mac_text
from asepsis.pipeline.attention import Attention
from asepsis.pipeline.meanings import Meanings
from asepsis.protocols.message import Dissector, Malformed, Repeats, Result, Sighting, Stream
from asepsis.protocols.registry import dissector
from asepsis.wire.applications import Application
from asepsis.wire.engine import Output, Piece
from asepsis.wire.finished import ENDED_SPLIT, swap_sides
from asepsis.wire.layout import (
    P_CONVERSATION,
    P_DESTINATION_HIGH,
    P_DESTINATION_LOW,
    P_DESTINATION_MAC,
    P_MEANING,
    P_META,
    P_PACKET,
    P_PORTS,
    P_SOURCE_HIGH,
    P_SOURCE_LOW,
    P_SOURCE_MAC,
    P_TIME,
    PAYLOAD_WORDS,
)
from asepsis.wire.tables import GOES_ON

if TYPE_CHECKING:
    from numpy.typing import NDArray

TCP = 6
_PROTOCOL_OF = {int(member): member.name.lower() for member in Application if member}
_CODE_OF = {name: code for code, name in _PROTOCOL_OF.items()}
# Faults that are told one by one; more are more of the same.
MOST_FAILURES = 5
_U64 = 0xFFFFFFFFFFFFFFFF
# Pairs of addresses whose texts are remembered; the memory is given back when there are more (25 MB).
_REMEMBERED_HOSTS = 1 << 17

_Ends = tuple[str, str, int, str, str, int, int]
"""The last seven members of a ``Sighting``: hardware and network address and port of both sides, VLAN."""


class MessageReader:
    """Hands each piece to its protocol and each message to whoever listens. One object for one capture."""

    def __init__(
        self,
        *,
        capture: str,
        sighted: Callable[[Sighting], None],
        repeated: Callable[[Repeats], None] | None = None,
        malformed: Callable[[Malformed], None] | None = None,
        attention: Attention | None = None,
        unlearn: Callable[[int], None] | None = None,
    ) -> None:
        """Begins a capture.

        Args:
            capture: Its digest, or ``interface:NAME``.
            sighted: Takes every message.
            repeated: Takes many messages at once that are like earlier ones; None: ``sighted`` takes them one by one.
            malformed: Takes everything that claimed to be a protocol and was not.
            attention: Passes over senders who only repeat themselves; None reads everything.
            unlearn: Tells the engine that a meaning is not known after all (``Engine.forget_meaning``).
        """
        self.counts: Counter[str] = Counter()
        """Messages read, by the name of the protocol's module."""
        self.malformed: Counter[str] = Counter()
        self.failures: list[str] = []
        """Faults of our own while reading, one line each, at most ``MOST_FAILURES``: never the fault of the capture."""
        self._capture = capture
        self._sighted = sighted
        self._repeated = repeated
        self._meanings = Meanings(unlearn)
        self._on_malformed = malformed
        self._attention = attention
        self._streams: dict[int, _Open] = {}
        self._dissectors: dict[int, Dissector] = {}
        self._hosts: dict[tuple[int, int, int, int], tuple[str, str]] = {}

    def import_all(self) -> None:
        """Imports every protocol now: a live interface does not wait for the first message of each."""
        for application in Application:
            self._dissector(application)

    def redirect(
        self,
        *,
        capture: str,
        sighted: Callable[[Sighting], None],
        repeated: Callable[[Repeats], None] | None = None,
    ) -> None:
        """From now on messages go elsewhere, as of ``capture``; streams that are open go on."""
        self._capture = capture
        self._sighted = sighted
        self._repeated = repeated

    def take(self, output: Output) -> None:
        """Reads pieces in order, then what repeats their meanings."""
        self._read(output.pieces)
        self._tell(output.repeats, final=output.forget)
        if output.forget:
            self._meanings.clear()

    def _read(self, pieces: Sequence[Piece]) -> None:
        streams = self._streams
        dissectors = self._dissectors
        attention = self._attention
        for words, data, gap in pieces:
            code = words[P_META] & 255
            known = dissectors.get(code) or self._dissector(code)
            if known is None:
                continue
            meaning = words[P_MEANING]
            if attention is not None and not meaning:
                speaker = (words[P_SOURCE_MAC], words[P_SOURCE_HIGH], words[P_SOURCE_LOW], code)
                # Frames without an address (BACnet MS/TP, a Bluetooth host's record) are of many senders.
                named = words[P_CONVERSATION] >= 0 or words[P_SOURCE_MAC]
                if named and not attention.wanted(speaker, words[P_TIME]):
                    self._pass_over(known, words)
                    continue
            if words[P_PORTS] >> 56 & 255 == TCP or known.whole_datagrams:
                conversation = words[P_CONVERSATION]
                entry = streams.get(conversation)
                if entry is None:
                    if known.open is None:
                        continue
                    entry = streams[conversation] = _Open(known.open(), known.protocol)
                sender = words[P_META] >> 8 & 1
                if entry.passed_over[sender]:
                    entry.passed_over[sender] = False
                    gap = True
                try:
                    results = entry.stream.feed(sender, data, gap=gap)
                except Exception as error:  # a fault of ours must not take a night's capture with it
                    self._fail(known.protocol, words, error)
                    entry.stream = _Unread()
                    continue
                if meaning:
                    goes_on = words[P_META] >> 16 & GOES_ON != 0
                    self._meanings.learn(meaning, results, goes_on=goes_on)
                    entry.meanings[sender] = meaning if goes_on else 0
                elif results and entry.meanings[sender]:
                    self._meanings.add(entry.meanings[sender], results)
                if results:
                    entry.last[sender] = words
                    if entry.client is None:
                        entry.note_client(sender, results)
                    ends = entry.ends[sender]
                    if ends is None:
                        ends = entry.ends[sender] = self._ends(words)
                    self._report(words, ends, results)
                    if attention is not None and not meaning:
                        attention.heard(speaker, len(results))
            elif known.datagram is not None:
                try:
                    results = known.datagram(data)
                except Exception as error:  # as above
                    self._fail(known.protocol, words, error)
                    continue
                if meaning:
                    self._meanings.learn(meaning, results, goes_on=False)
                if results:
                    self._report(words, self._ends(words), results)
                    if attention is not None and not meaning:
                        attention.heard(speaker, len(results))

    def _tell(self, rows: NDArray[np.int64], *, final: bool) -> None:
        """Passes on what repeats a meaning."""
        repeats, malformed = self._meanings.told(rows, self._capture, final=final)
        for result, times in malformed:
            self.malformed[result.protocol] += times
            for _ in range(times if self._on_malformed is not None else 0):
                self._on_malformed(result)  # type: ignore[misc] # there is one, or there is no time
        if repeats is None:
            return
        for message, times in zip(repeats.messages, np.bincount(repeats.of).tolist(), strict=True):
            self.counts[message.PROTOCOL] += times
        if self._repeated is not None:
            self._repeated(repeats)
            return
        for sighting in repeats.sightings(np.arange(len(repeats.of))):
            self._sighted(sighting)

    def _pass_over(self, known: Dissector, words: list[int]) -> None:
        """Does not read a piece: a datagram is a message all the same, a stream has lost some bytes."""
        if words[P_PORTS] >> 56 & 255 != TCP:
            if known.datagram is not None:
                self.counts[known.protocol] += 1
        elif entry := self._streams.get(words[P_CONVERSATION]):
            entry.passed_over[words[P_META] >> 8 & 1] = True

    def finished(self, conversations: NDArray[np.void]) -> None:
        """Closes the streams of conversations that are over, and turns round those whose content says so."""
        if not self._streams:
            return
        of_streams = (conversations["ip_protocol"] == TCP) | (conversations["application"] == Application.QUIC)
        read = np.flatnonzero(of_streams & (conversations["application_by"] > 0))
        over = conversations["conversation"][read].tolist()
        ended = conversations["ended_by"][read].tolist()
        turned = []
        for index, conversation, ended_by in zip(read.tolist(), over, ended, strict=True):
            entry = self._streams.get(conversation)
            if entry is None:
                continue
            if carried := getattr(entry.stream, "carried", ""):
                conversations["application"][index] = _CODE_OF[carried]
            row = conversations[index]
            # "first packet" and "port" are weaker than what a message says of itself.
            if entry.client is not None and row["client_by"] in (0, 4) and entry.client != int(row["server_first"]):
                turned.append(index)
            if ended_by == ENDED_SPLIT:
                continue
            self._close(entry)
            del self._streams[conversation]
        if turned:
            swap_sides(conversations, np.array(turned))

    def _fail(self, protocol: str, words: list[int], error: Exception) -> None:
        """Notes a fault of a protocol module; the conversation is not read any further."""
        if words[P_MEANING] > 0:
            self._meanings.unlearn(words[P_MEANING])
        self.malformed[protocol] += 1
        if len(self.failures) < MOST_FAILURES:
            self.failures.append(f"{protocol} could not read packet {words[P_PACKET]} ({type(error).__name__})")

    def _close(self, entry: _Open) -> None:
        """Reports what was still pending, each message as of the side that it says it comes from."""
        try:
            pending = entry.stream.close()
        except Exception as error:  # as in ``take``
            self._fail(entry.protocol, entry.last[0] or entry.last[1] or [0] * PAYLOAD_WORDS, error)
            return
        for result in pending:
            says = None if isinstance(result, Malformed) or entry.client is None else result.sender_is_server
            if says is None or entry.client is None:
                words = entry.last[0] or entry.last[1]
            else:
                sender = 1 - entry.client if says else entry.client
                other = entry.last[1 - sender]
                words = entry.last[sender] or (None if other is None else _turned(other))
            if words is not None:
                self._report(words, self._ends(words), [result])

    def end(self, repeated: dict[int, int]) -> None:
        """The capture is over.

        Args:
            repeated: The datagrams that the engine knew as repeats and did not hand on (``Engine.repeated``).
        """
        self._tell(np.empty((0, PAYLOAD_WORDS), np.int64), final=True)
        for code, count in repeated.items():
            if code in _PROTOCOL_OF:
                self.counts[_PROTOCOL_OF[code]] += count

    def _dissector(self, code: int) -> Dissector | None:
        if code not in _PROTOCOL_OF:
            return None
        found = self._dissectors[code] = dissector(_PROTOCOL_OF[code])
        return found

    def _report(self, words: list[int], ends: _Ends, results: Sequence[Result]) -> None:
        for result in results:
            if isinstance(result, Malformed):
                self.malformed[result.protocol] += 1
                if self._on_malformed is not None:
                    self._on_malformed(result)
                continue
            self.counts[result.PROTOCOL] += 1
            self._sighted(
                Sighting._make((result, words[P_TIME], self._capture, words[P_PACKET], words[P_CONVERSATION], *ends))
            )

    def _ends(self, words: list[int]) -> _Ends:
        """Who sent the piece to whom."""
        ports = words[P_PORTS]
        version = ports >> 48 & 255
        source = self._host(version, words[P_SOURCE_MAC], words[P_SOURCE_HIGH], words[P_SOURCE_LOW])
        destination = self._host(version, words[P_DESTINATION_MAC], words[P_DESTINATION_HIGH], words[P_DESTINATION_LOW])
        return (*source, ports & 0xFFFF, *destination, ports >> 16 & 0xFFFF, ports >> 32 & 0xFFFF)

    def _host(self, version: int, mac: int, high: int, low: int) -> tuple[str, str]:
        """The texts of a hardware and a network address; the words of the latter may be signed."""
        key = (version, mac, high, low)
        texts = self._hosts.get(key)
        if texts is None:
            texts = (mac_text(mac) if mac else "", ip_text(version, high & _U64, low & _U64))
            if len(self._hosts) >= _REMEMBERED_HOSTS:
                self._hosts.clear()
            self._hosts[key] = texts
        return texts


class _Unread:
    """Stands for the stream of a conversation that could not be read."""

    def feed(self, sender: int, data: bytes, *, gap: bool = False) -> Sequence[Result]:
        """Nothing is read."""
        return ()

    def close(self) -> Sequence[Result]:
        """Nothing is pending."""
        return ()


class _Open:
    """A conversation whose messages are being read."""

    __slots__ = ("client", "ends", "last", "meanings", "passed_over", "protocol", "stream")

    def __init__(self, stream: Stream, protocol: str) -> None:
        self.stream = stream
        self.protocol = protocol
        self.client: int | None = None
        """Which sender is the client, once a message has said so."""
        self.ends: list[_Ends | None] = [None, None]
        self.last: list[list[int] | None] = [None, None]
        """The words of the last piece of each sender that gave a message."""
        self.meanings = [0, 0]
        """Which meaning goes on with what each sender says next, 0 for none."""
        self.passed_over = [False, False]
        """Whether the last piece of each sender was not read."""

    def note_client(self, sender: int, results: Sequence[Result]) -> None:
        """Takes the first message that says which side serves."""
        for result in results:
            if not isinstance(result, Malformed) and result.sender_is_server is not None:
                self.client = 1 - sender if result.sender_is_server else sender
                return


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
