"""Messages and conversations of a capture -> one ``Profile`` a device and window."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import islice, pairwise
from statistics import fmean, median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asepsis.devices.address import Reach, is_group, reach
from asepsis.devices.behaviour.profile import MEASURES_LIMIT, WORDS_LIMIT, Profile, without_own_address
from asepsis.devices.behaviour.said import said
from asepsis.kernel.address import ip_text, mac_text
from asepsis.kernel.time import SECOND_NS
from asepsis.protocols.message import Repeats, Sighting
from asepsis.wire.applications import application_name
from asepsis.wire.tables import CONVERSATIONS

# A day of one device: what it does at night is part of what it is, and the next day is another sample.
WINDOW_NS = 86_400 * SECOND_NS
# Windows kept at once, some 2 KB each: 65 MB, and far more devices than one capture point sees.
WINDOWS_LIMIT = 1 << 15
# Windows of a device that a message may still belong to, the newest first: two months of days. Times of a file may jump
# about; then more windows are opened, and what is looked through stays the same.
WINDOWS_SEARCHED = 64
# Different kinds of conversations of one device: roles, transports and ports. A scanner tries thousands.
SERVICES_LIMIT = 256
# Starts of conversations whose gaps are measured; the first hour of a talkative device.
STARTS_LIMIT = 1024
# Devices that stand behind one hardware address: beyond that it is a router's, whose behaviour is everybody's.
ADDRESSES_LIMIT = 8
# A port from here on was the client's choice, or the system's, and means nothing (RFC 6335 6) ...
EPHEMERAL_FROM = 49152
# ... but devices offer UPnP on the first few of them.
_OFFERED_UNTIL = 49160
_FIELDS = CONVERSATIONS.names or ()
_TRANSPORTS = {1: "icmp", 2: "igmp", 6: "tcp", 17: "udp", 58: "icmpv6"}


class _Service:
    """All conversations of one kind of one device in one window."""

    __slots__ = ("conversations", "first_ns", "peers", "received", "received_bytes", "seconds", "sent", "sent_bytes")

    def __init__(self, start_ns: int) -> None:
        self.first_ns = start_ns
        self.conversations = 0
        self.sent = self.received = self.sent_bytes = self.received_bytes = 0
        self.seconds = 0.0
        self.peers: set[int] = set()


class _Window:
    __slots__ = ("addresses", "first_ns", "first_packet", "last_ns", "services", "starts", "words")

    def __init__(self, time_ns: int, packet: int) -> None:
        self.first_ns = self.last_ns = time_ns
        self.first_packet = packet
        self.words: dict[str, int] = {}
        self.services: dict[str, _Service] = {}
        self.starts: list[int] = []
        self.addresses: set[tuple[int, int]] = set()

    def word(self, text: str, times: int = 1) -> None:
        known = self.words.get(text)
        if known is not None:
            self.words[text] = known + times
        elif len(self.words) < WORDS_LIMIT:
            self.words[text] = times

    def span(self, first_ns: int, last_ns: int, packet: int) -> None:
        if first_ns < self.first_ns:
            self.first_ns, self.first_packet = first_ns, packet
        self.last_ns = max(self.last_ns, last_ns)


class Behaviours:
    """Gathers the behaviour of every device of one capture; bounded memory."""

    def __init__(self, *, capture: str) -> None:
        self._capture = capture
        self._windows: dict[str, list[_Window]] = {}
        self._count = 0
        self.dropped = 0
        """Windows that were not kept because there were too many."""

    def message(self, sighting: Sighting) -> None:
        """Takes one message."""
        subject = _subject(sighting.source_mac, sighting.source_ip)
        if not subject:
            return
        window = self._window(subject, sighting.time_ns, sighting.packet)
        if window is not None:
            window.span(sighting.time_ns, sighting.time_ns, sighting.packet)
            for word in said(sighting.message):
                window.word(word)

    def repeats(self, repeats: Repeats) -> None:
        """Takes many messages at once: each is one of its sender's."""
        for sighting in repeats.sightings(np.arange(len(repeats.of))):
            self.message(sighting)

    def conversations(self, rows: NDArray[np.void]) -> None:
        """Takes finished conversations: rows of ``wire.tables.CONVERSATIONS``."""
        for row in rows.tolist():
            fields = dict(zip(_FIELDS, row, strict=True))
            for side, other in (("client", "server"), ("server", "client")):
                self._conversation(fields, side, other)

    def _conversation(self, row: dict[str, Any], side: str, other: str) -> None:
        sent = row[f"packets_to_{other}"]
        if not sent:
            return  # who only receives does nothing
        high, low = row[f"{side}_high"], row[f"{side}_low"]
        mac = mac_text(row[f"{side}_mac"]) if row[f"{side}_mac"] and row["tunnel"] in (0, 2, 7) else ""
        subject = _subject(mac, ip_text(row["ip_version"], high, low))
        if not subject:
            return
        packet = row["first_packet"]
        window = self._window(subject, row["start_ns"], packet)
        if window is None:
            return
        window.span(row["start_ns"], row["end_ns"], packet)
        if row["ip_version"] == 4 and low and len(window.addresses) <= ADDRESSES_LIMIT:
            window.addresses.add((high, low))
        key = _service(row, side)
        window.word(f"ttl {row[f'ttl_{side}']}")
        window.word(key)
        if len(window.starts) < STARTS_LIMIT:
            window.starts.append(row["start_ns"])
        service = window.services.get(key)
        if service is None:
            if len(window.services) >= SERVICES_LIMIT:
                return
            service = window.services[key] = _Service(row["start_ns"])
        service.first_ns = min(service.first_ns, row["start_ns"])
        service.conversations += 1
        service.sent += sent
        service.received += row[f"packets_to_{side}"]
        service.sent_bytes += row[f"bytes_to_{other}"]
        service.received_bytes += row[f"bytes_to_{side}"]
        service.seconds += (row["end_ns"] - row["start_ns"]) / SECOND_NS
        if len(service.peers) < SERVICES_LIMIT:
            service.peers.add(hash((row[f"{other}_high"], row[f"{other}_low"])))

    def profiles(self) -> list[Profile]:
        """What was gathered, by device and time; routers, behind whose address many speak, are left out."""
        return [
            self._profile(subject, window)
            for subject, windows in sorted(self._windows.items())
            for window in sorted(windows, key=lambda one: one.first_ns)
            if len(window.addresses) <= ADDRESSES_LIMIT
        ]

    def _window(self, subject: str, time_ns: int, packet: int) -> _Window | None:
        windows = self._windows.get(subject, ())
        for window in islice(reversed(windows), WINDOWS_SEARCHED):
            # Conversations come when they are over: what began before the window was opened still belongs to it.
            if window.last_ns - WINDOW_NS < time_ns < window.first_ns + WINDOW_NS:
                return window
        if self._count >= WINDOWS_LIMIT:
            self.dropped += 1
            return None
        self._count += 1
        window = _Window(time_ns, packet)
        self._windows.setdefault(subject, []).append(window)
        return window

    def _profile(self, subject: str, window: _Window) -> Profile:
        mac = subject if subject.count(":") == 5 else ""
        words: dict[str, int] = {}
        for word, times in window.words.items():
            shown = without_own_address(word, mac)
            words[shown] = words.get(shown, 0) + times
        return Profile(
            subject=subject,
            ips=tuple(ip_text(4, high, low) for high, low in sorted(window.addresses)),
            capture=self._capture,
            first_ns=window.first_ns,
            last_ns=window.last_ns,
            first_packet=window.first_packet,
            packets=sum(service.sent for service in window.services.values()),
            words=words,
            measures=dict(islice(_measures(window), MEASURES_LIMIT)),
        )


def _measures(window: _Window) -> Iterator[tuple[str, float]]:
    """Numbers of every magnitude are logarithms, so that twice as much is the same step everywhere."""
    services = window.services
    sent = sum(service.sent for service in services.values())
    received = sum(service.received for service in services.values())
    yield "packets sent", math.log1p(sent)
    yield "packets received", math.log1p(received)
    yield "bytes a packet sent", _ratio(sum(service.sent_bytes for service in services.values()), sent)
    yield "bytes a packet received", _ratio(sum(service.received_bytes for service in services.values()), received)
    yield "kinds of conversations", float(len(services))
    yield "words", float(len(window.words))
    yield "seconds", math.log1p((window.last_ns - window.first_ns) / SECOND_NS)
    starts = sorted(window.starts)
    gaps = [(later - earlier) / SECOND_NS for earlier, later in pairwise(starts)]
    if gaps:
        yield "median gap", math.log1p(median(gaps))
        yield "mean gap", math.log1p(fmean(gaps))
    begun = sorted(services.items(), key=lambda item: item[1].first_ns)
    for place, (key, service) in enumerate(begun):
        yield f"order {key}", 1.0 / (1 + place)
        yield f"after {key}", math.log1p((service.first_ns - window.first_ns) / SECOND_NS)
        yield f"conversations {key}", math.log1p(service.conversations)
        yield f"peers {key}", math.log1p(len(service.peers))
        yield f"packets sent {key}", math.log1p(service.sent / service.conversations)
        yield f"packets received {key}", math.log1p(service.received / service.conversations)
        yield f"bytes a packet sent {key}", _ratio(service.sent_bytes, service.sent)
        yield f"bytes a packet received {key}", _ratio(service.received_bytes, service.received)
        yield f"seconds {key}", math.log1p(service.seconds / service.conversations)


def _ratio(amount: int, of: int) -> float:
    return amount / of if of else 0.0


def _service(row: dict[str, Any], side: str) -> str:
    """``asks tcp/443``, ``serves udp/53``, ``speaks icmp``."""
    transport = _TRANSPORTS.get(row["ip_protocol"], f"ip/{row['ip_protocol']}")
    if row["ip_protocol"] not in (6, 17):
        return f"speaks {transport}"
    verb = "asks" if side == "client" else "serves"
    port = row["server_port"]
    if port >= _OFFERED_UNTIL or (port >= EPHEMERAL_FROM and row["ip_protocol"] == 17):
        name = application_name(row["application"]) if row["application_by"] == 1 else "high"
        return f"{verb} {transport}/{name}"
    return f"{verb} {transport}/{port}"


def _subject(mac: str, ip: str) -> str:
    """Whose behaviour it is; empty where the addresses name no single device of the site."""
    far = reach(ip) if ip else Reach.NONE
    if far is Reach.PUBLIC or far is Reach.GROUP:
        return ""  # a stranger behind a router, whose hardware address stands in the frame
    if mac and not is_group(mac) and mac != "00:00:00:00:00:00":
        return mac
    return ip if far is not Reach.NONE else ""
