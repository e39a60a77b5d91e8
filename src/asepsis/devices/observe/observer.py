"""Gathers clues while captures are read: every message and conversation goes by here once.

In: sightings and rows of conversations. Out: ``Observed``. What an endpoint said before costs one look-up.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asepsis.devices.address import Reach, is_group, reach
from asepsis.devices.clue import Clue, Endpoint, Tie
from asepsis.devices.observe.say import Reader, Say
from asepsis.devices.observe.traffic import STRETCH_NS, Traffic
from asepsis.devices.observed import Observed
from asepsis.protocols.message import Repeats, Sighting

# Different things said by different endpoints that are remembered before they are condensed: 131,072 of some 500
# bytes are 65 MB at worst; a hospital's day has some ten thousand.
REMEMBERED_SAYINGS = 1 << 17
# Messages whose projection is remembered; as many as the protocols' modules remember.
REMEMBERED_PROJECTIONS = 1 << 13
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
    "cdp": "link",
    "nd": "link",
    "llmnr": "names",
    "nbns": "netbios",
    "ntp": "clock",
    "telnet": "greetings",
    "ftp": "greetings",
    "smtp": "greetings",
    "nbdgm": "netbios",
    "quic": "secure",
    "kerberos": "directory",
    "ldap": "directory",
    "rdp": "directory",
    "sip": "calls",
    "rtsp": "calls",
    "coap": "calls",
    "bacnet": "control",
    "modbus": "control",
    "ethernet_ip": "control",
    "opcua": "control",
    "wifi": "radio",
    "ble": "radio",
    "hci": "radio",
    "phd": "bedside",
    "astm": "laboratory",
    "poct1a": "laboratory",
    "intellivue": "bedside",
    **dict.fromkeys(("wsd", "sdc", "upnp", "fhir", "dicomweb", "ipp", "pjl"), "web_services"),
    "ansar": "bedside",
}

# What a saying remembers: count, first and last time, provenance; since when without a pause; then who spoke, the
# statements and the claims.
_COUNT, _FIRST, _LAST, _CAPTURE, _PACKET, _SINCE, _SPEAKER = range(7)


class Observer:
    """Observes one capture (or one interface) of one site.

    Args:
        site: The hospital's site; addresses mean nothing outside it.
        capture: Digest of the capture, or ``interface:NAME``; the provenance of what conversations say.
    """

    __slots__ = (
        "_capture",
        "_clues",
        "_dropped",
        "_endpoints",
        "_novelties",
        "_projected",
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
        self._readers: dict[type, Reader | None] = {}
        self._sayings: dict[Any, list[Any]] = {}
        self._projected: dict[int, tuple[Any, Any]] = {}
        self._traffic = Traffic()
        # Weight, sightings, first and last time, provenance: the rest of a ``Clue``.
        self._clues: dict[tuple[Endpoint, str, str, str], list[Any]] = {}
        self._values: dict[tuple[Endpoint, str], int] = {}
        # The rest of a ``Tie``.
        self._ties: dict[tuple[Endpoint, int], list[Any]] = {}
        self._endpoints: dict[tuple[str, str], Endpoint | None] = {}
        self._dropped = 0
        self._novelties = 0

    @property
    def novelties(self) -> int:
        """How often an endpoint said something that it had not said before; grows, never shrinks."""
        return self._novelties

    def message(self, sighting: Sighting) -> None:
        """Takes one message. Malformed messages say nothing about who sent them and are not handed in."""
        reader, said = self._said(sighting.message)
        if reader is None:
            return
        if reader.receiver is not None:
            self._spoken_of(reader.receiver, sighting)
        if said is None:
            return
        key: tuple[Any, ...]
        if reader.partner:
            key = (sighting.source_mac, sighting.source_ip, sighting.destination_ip, said)
        else:
            key = (sighting.source_mac, sighting.source_ip, said)
        entry = self._sayings.get(key)
        if entry is None:
            self._listen(key, reader, sighting)
        else:
            self._again(entry, sighting)

    def _spoken_of(self, reader: Reader, sighting: Sighting) -> None:
        """Takes what a message says of its receiver; who says it is not seen by that."""
        said = reader.project(sighting.message)
        if said is None:
            return
        key = ("to", sighting.destination_mac, sighting.destination_ip, said)
        entry = self._sayings.get(key)
        if entry is None:
            self._listen(key, reader, sighting)[_SPEAKER] = None
        else:
            self._again(entry, sighting)

    def repeats(self, repeats: Repeats) -> None:
        """Takes many messages, each of which somebody said before: an endpoint's own are taken together.

        What is said of receivers is told by the protocols of conversations, whose messages come one by one.
        """
        told = [self._said(message) for message in repeats.messages]
        is_clue = np.fromiter((said is not None for _, said in told), np.bool_, len(told))
        places = np.flatnonzero(is_clue[repeats.of])
        if not len(places):
            return
        of = repeats.of[places]
        of_partner = np.fromiter((reader is not None and reader.partner for reader, _ in told), np.bool_, len(told))[of]
        rows = repeats.rows[places]
        what: list[Any] = [rows["time_ns"], of, rows["source_low"], rows["source_high"], rows["source_mac"]]
        if of_partner.any():
            what += [np.where(of_partner, rows[name], 0) for name in ("destination_low", "destination_high")]
        order = np.lexsort(what)
        is_new = np.ones(len(order), np.bool_)
        is_new[1:] = np.any([column[order][1:] != column[order][:-1] for column in what[1:]], axis=0)
        firsts = np.flatnonzero(is_new)
        lasts = np.append(firsts[1:], len(order)) - 1
        told_first = places[order[firsts]]
        lastly = repeats.sightings(places[order[lasts]])
        for sighting, last, of_first, times in zip(
            *(repeats.sightings(told_first), lastly, repeats.of[told_first].tolist(), (lasts - firsts + 1).tolist()),
            strict=True,
        ):
            reader, said = told[of_first]
            if reader is None:
                continue
            key: tuple[Any, ...] = (sighting.source_mac, sighting.source_ip, said)
            if reader.partner:
                key = (sighting.source_mac, sighting.source_ip, sighting.destination_ip, said)
            entry = self._sayings.get(key)
            if entry is None:
                entry = self._listen(key, reader, sighting)
            else:
                self._again(entry, sighting)
            if times > 1:
                self._again(entry, last)
                entry[_COUNT] += times - 2

    def _said(self, message: Any) -> tuple[Reader | None, Any]:
        """Who reads a message, and the part of it that clues are made of; None where there is none."""
        try:
            reader = self._readers[message.__class__]
        except KeyError:
            reader = self._find_reader(message)
        if reader is None:
            return None, None
        if not reader.repeated:
            return reader, reader.project(message)
        # The cache holds the message, so that no other can get its place in memory and its id.
        projected = self._projected.get(id(message))
        if projected is None:
            if len(self._projected) >= REMEMBERED_PROJECTIONS:
                self._projected.clear()
            projected = self._projected[id(message)] = (message, reader.project(message))
        return reader, projected[1]

    def _again(self, entry: list[Any], sighting: Sighting) -> None:
        """An endpoint says something once more."""
        time_ns = sighting.time_ns
        entry[_COUNT] += 1
        last = entry[_LAST]
        if time_ns > last:
            if time_ns > last + STRETCH_NS:
                self._pause(entry, time_ns)
            entry[_LAST] = time_ns
        elif time_ns < entry[_FIRST]:
            entry[_FIRST], entry[_CAPTURE], entry[_PACKET] = time_ns, sighting.capture, sighting.packet
            if time_ns < entry[_SINCE]:
                entry[_SINCE] = time_ns

    def conversations(self, rows: NDArray[np.void]) -> None:
        """Takes finished conversations: rows of ``wire.tables.CONVERSATIONS``."""
        self._traffic.add(rows)

    def observed(self) -> Observed:
        """Everything so far. The observer goes on: a later answer holds what came before and after."""
        self._condense()
        capture = self._capture
        clues = {key: Clue(*key, *tally) for key, tally in self._clues.items()}
        for clue in self._traffic.clues(capture):
            key = clue.key()
            earlier = clues.get(key)
            clues[key] = clue if earlier is None else earlier.joined(clue)
        return Observed(
            site=self._site,
            captures=(capture,),
            clues=tuple(clues.values()),
            ties=(*(Tie(key[0], *tally) for key, tally in self._ties.items()), *self._traffic.ties(capture)),
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

    def _listen(self, key: Any, reader: Reader, sighting: Sighting) -> list[Any]:
        """The first time that an endpoint says this; gives what is remembered of it."""
        self._novelties += 1
        if len(self._sayings) >= REMEMBERED_SAYINGS:
            self._condense()
        say = Say(sighting, self._endpoint)
        reader.explain(sighting.message, say)
        time_ns = sighting.time_ns
        entry = self._sayings[key] = [
            *(1, time_ns, time_ns, sighting.capture, sighting.packet, time_ns),
            *(say.speaker, say.statements, say.ties),
        ]
        return entry

    def _endpoint(self, mac: str, ip: str) -> Endpoint | None:
        try:
            return self._endpoints[mac, ip]
        except KeyError:
            pass
        if len(self._endpoints) >= REMEMBERED_SAYINGS:
            self._endpoints.clear()
        endpoint = self._endpoints[mac, ip] = _endpoint(mac, ip)
        return endpoint

    def _pause(self, saying: list[Any], time_ns: int) -> None:
        """Said again after a silence in which somebody else may have had the address."""
        self._tie_all(saying)
        saying[_SINCE] = time_ns

    def _tie_all(self, saying: list[Any]) -> None:
        _, _, last, capture, packet, since, sender, _, claims = saying
        if sender is not None:
            self._tie(sender, 0, 1, since, last, capture, packet)
        for owner, claim in claims:
            self._tie(owner, claim, 0, since, last, capture, packet)

    def _condense(self) -> None:
        """Makes clues and ties of what was remembered."""
        clues = self._clues
        for saying in self._sayings.values():
            count, first, last, capture, packet, _, _, statements, _ = saying
            self._tie_all(saying)
            for key, weight in statements:
                tally = clues.get(key)
                if tally is None:
                    self._add(key, [weight, count, first, last, capture, packet])
                    continue
                if weight > tally[0]:
                    tally[0] = weight
                tally[1] += count
                if last > tally[3]:
                    tally[3] = last
                if first < tally[2]:
                    tally[2], tally[4], tally[5] = first, capture, packet
        self._sayings.clear()

    def _add(self, key: tuple[Endpoint, str, str, str], tally: list[Any]) -> None:
        claimed = (key[0], key[1])
        values = self._values.get(claimed, 0)
        if values >= VALUES_LIMIT or len(self._clues) >= CLUES_LIMIT:
            self._dropped += 1
            return
        self._values[claimed] = values + 1
        self._clues[key] = tally

    def _tie(
        self, endpoint: Endpoint, claims: int, sent: int, first: int, last: int, capture: str, packet: int
    ) -> None:
        # Kept apart by stretches of time, so that a lease that moves is seen to move.
        key = (endpoint, first // STRETCH_NS)
        tally = self._ties.get(key)
        if tally is None:
            if len(self._ties) < CLUES_LIMIT:
                self._ties[key] = [first, last, sent, 0, 0, claims, capture, packet]
            else:
                self._dropped += 1
            return
        tally[2] += sent
        tally[5] |= claims
        if last > tally[1]:
            tally[1] = last
        if first < tally[0]:
            tally[0], tally[6], tally[7] = first, capture, packet


def _endpoint(mac: str, ip: str) -> Endpoint | None:
    """The endpoint of two addresses as they stand in a frame; None where they name no single device."""
    if mac and (is_group(mac) or mac == "00:00:00:00:00:00"):
        mac = ""
    far = reach(ip) if ip else Reach.NONE
    if far is Reach.NONE or far is Reach.GROUP:
        return Endpoint(mac, "") if mac else None
    return Endpoint(mac, ip)
