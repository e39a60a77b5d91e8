"""Gathers clues while captures are read: every message and conversation goes by here once.

In: sightings and rows of conversations. Out: ``Observed``. What an endpoint said before costs one look-up.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asepsis.devices.address import Reach, is_group, reach
from asepsis.devices.clue import Claim, Clue, Endpoint, Tie
from asepsis.devices.observe.say import Reader, Say
from asepsis.devices.observe.traffic import Traffic
from asepsis.devices.observed import Observed
from asepsis.protocols.message import Sighting

# Different things said by different endpoints that are remembered before they are condensed: 131,072 of some 500
# bytes are 65 MB at worst; a hospital's day has some ten thousand.
REMEMBERED_SAYINGS = 1 << 17
# Clues of one run, and values of one attribute that one endpoint may claim: beyond that it is not saying who it is.
CLUES_LIMIT = 1 << 18
VALUES_LIMIT = 32

# Protocol of a message -> the module here that reads its clues; imported when the first message comes.
_MODULES = {
    "arp": "link",
    "lldp": "link",
    "dhcp": "leases",
    "dhcpv6": "leases",
    "dns": "names",
    "mdns": "names",
    "ssdp": "discovery",
    "http": "web",
    "tls": "secure",
    "ssh": "secure",
    "snmp": "management",
    "smb": "files",
    "mqtt": "telemetry",
    "dicom": "imaging",
    "hl7": "clinical",
}

# What an entry remembers: count, first and last time, provenance, then what it said.
_COUNT, _FIRST, _LAST, _CAPTURE, _PACKET, _STATEMENTS, _TIES, _PROTOCOL = range(8)


class Observer:
    """Observes one capture (or one interface) of one site.

    Args:
        site: The hospital's site; addresses mean nothing outside it.
        capture: Digest of the capture, or ``interface:NAME``; the provenance of what conversations say.
    """

    __slots__ = (
        "_capture",
        "_captures",
        "_clues",
        "_dropped",
        "_readers",
        "_sayings",
        "_site",
        "_ties",
        "_traffic",
        "_values",
    )

    def __init__(self, *, site: str, capture: str) -> None:
        self._site = site
        self._capture = capture
        self._captures = {capture}
        self._readers: dict[type, Reader | None] = {}
        self._sayings: dict[Any, list[Any]] = {}
        self._traffic = Traffic()
        self._clues: dict[tuple[Endpoint, str, str, str], Clue] = {}
        self._values: dict[tuple[Endpoint, str], int] = {}
        self._ties: dict[tuple[Endpoint, int], Tie] = {}
        self._dropped = 0

    def message(self, sighting: Sighting) -> None:
        """Takes one message. Malformed messages say nothing about who sent them and are not handed in."""
        message = sighting.message
        try:
            reader = self._readers[message.__class__]
        except KeyError:
            reader = self._find_reader(message)
        if reader is None:
            return
        said = reader.project(message)
        if said is None:
            return
        key: tuple[Any, ...]
        if reader.partner:
            key = (sighting.source_mac, sighting.source_ip, sighting.destination_ip, said)
        else:
            key = (sighting.source_mac, sighting.source_ip, said)
        time_ns = sighting.time_ns
        entry = self._sayings.get(key)
        if entry is None:
            self._listen(key, reader, sighting)
            return
        entry[_COUNT] += 1
        if time_ns > entry[_LAST]:
            entry[_LAST] = time_ns
        elif time_ns < entry[_FIRST]:
            entry[_FIRST], entry[_CAPTURE], entry[_PACKET] = time_ns, sighting.capture, sighting.packet

    def conversations(self, rows: NDArray[np.void]) -> None:
        """Takes finished conversations: rows of ``wire.tables.CONVERSATIONS``."""
        self._traffic.add(rows)

    def observed(self) -> Observed:
        """Everything so far. The observer goes on: a later answer holds what came before and after."""
        self._condense()
        clues = dict(self._clues)
        for clue in self._traffic.clues(self._capture):
            earlier = clues.get(clue.key())
            clues[clue.key()] = clue if earlier is None else earlier.joined(clue)
        return Observed(
            site=self._site,
            captures=tuple(sorted(self._captures)),
            clues=tuple(clues.values()),
            ties=(*self._ties.values(), *self._traffic.ties(self._capture)),
            dropped=self._dropped + self._traffic.dropped,
        )

    def clues(self) -> tuple[Clue, ...]:
        """The clues so far, one for each (endpoint, attribute, value, protocol)."""
        return self.observed().clues

    def _find_reader(self, message: Any) -> Reader | None:
        module = _MODULES.get(message.PROTOCOL)
        readers: dict[type, Reader] = {}
        if module is not None:
            readers = import_module(f"asepsis.devices.observe.{module}").READERS
        reader = self._readers[message.__class__] = readers.get(message.__class__)
        return reader

    def _listen(self, key: Any, reader: Reader, sighting: Sighting) -> None:
        """The first time that an endpoint says this."""
        if len(self._sayings) >= REMEMBERED_SAYINGS:
            self._condense()
        say = Say(sighting)
        reader.explain(sighting.message, say)
        time_ns = sighting.time_ns
        self._sayings[key] = [
            *(1, time_ns, time_ns, sighting.capture, sighting.packet),
            *(tuple(say.statements), tuple(say.ties), sighting.message.PROTOCOL),
        ]

    def _condense(self) -> None:
        """Makes clues and ties of what was remembered."""
        for key, (count, first, last, capture, packet, statements, claims, protocol) in self._sayings.items():
            self._captures.add(capture)
            mac, ip = key[0], key[1]
            self._tie(mac, ip, Claim.NOBODY, 1, first, last, capture, packet)
            for owner, address, claim in claims:
                self._tie(owner, address, claim, 0, first, last, capture, packet)
            for owner, address, attribute, value, weight in statements:
                endpoint = _endpoint(owner, address, capture)
                if endpoint is not None:
                    self._add(Clue(endpoint, attribute, value, protocol, weight, count, first, last, capture, packet))
        self._sayings.clear()

    def _add(self, clue: Clue) -> None:
        key = clue.key()
        earlier = self._clues.get(key)
        if earlier is not None:
            self._clues[key] = earlier.joined(clue)
            return
        claimed = (clue.endpoint, clue.attribute)
        values = self._values.get(claimed, 0)
        if values >= VALUES_LIMIT or len(self._clues) >= CLUES_LIMIT:
            self._dropped += 1
            return
        self._values[claimed] = values + 1
        self._clues[key] = clue

    def _tie(
        self, mac: str, ip: str, claim: Claim, sent: int, first: int, last: int, capture: str, packet: int
    ) -> None:
        endpoint = _endpoint(mac, ip, capture)
        if endpoint is None:
            return
        tie = Tie(endpoint, first, last, sent, 0, 0, int(claim), capture, packet)
        # Kept apart by stretches of an hour, so that a lease that moves is seen to move.
        key = (endpoint, first // _HOUR_NS)
        earlier = self._ties.get(key)
        if earlier is not None:
            self._ties[key] = earlier.joined(tie)
        elif len(self._ties) < CLUES_LIMIT:
            self._ties[key] = tie
        else:
            self._dropped += 1


_HOUR_NS = 3_600 * 1_000_000_000


def _endpoint(mac: str, ip: str, capture: str) -> Endpoint | None:
    """The endpoint of two addresses as they stand in a frame; None where they name no single device."""
    if mac and (is_group(mac) or mac == "00:00:00:00:00:00"):
        mac = ""
    far = reach(ip) if ip else Reach.NONE
    if far is Reach.NONE or far is Reach.GROUP:
        return Endpoint(mac, "") if mac else None
    return Endpoint(mac, ip, capture if far is Reach.LOOPBACK else "")
