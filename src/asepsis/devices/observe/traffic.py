"""Conversations -> who has which addresses, who serves what, who forwards and who scans; all on columns.

In: rows of ``wire.tables.CONVERSATIONS``. Out: ties (hardware and network address seen together, with what the TTL
says about routers between) and clues about roles.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from asepsis.devices.address import Reach, reaches
from asepsis.devices.clue import Attribute, Claim, Clue, Endpoint, Tie
from asepsis.devices.observe.columns import (
    Array,
    Table,
    group,
    join_runs,
    length,
    mix,
    rows_where,
    stacked,
)
from asepsis.kernel.address import ip_text, mac_text
from asepsis.kernel.time import SECOND_NS
from asepsis.knowledge.table import find
from asepsis.knowledge.vocabulary import Category, Role
from asepsis.wire.applications import application_name, codes

# Two addresses seen together are told again every ten minutes, so that a lease that moves is seen to move.
STRETCH_NS = 600 * SECOND_NS
# Rows that wait before they are joined: 65,536 rows of some 70 bytes are under 5 MB.
WAITING_ROWS = 1 << 16
# Address pairs of one run. A large site has 50,000 addresses; 2**18 rows of some 70 bytes are 19 MB.
PAIRS_LIMIT = 1 << 18
# Public addresses that might stand on this link and are kept to be judged; a site's own public hosts are few.
PUBLIC_LIMIT = 4096
# Services and clients told apart in one run.
SERVICES_LIMIT = 1 << 17
# Refused or unanswered targets (address and port) of one client that make a scanner: no clinical client tries so many.
SCANNED_TARGETS = 100
SCANNERS_LIMIT = 4096


def _marked(*numbers: int) -> Array:
    table = np.zeros(256, bool)
    table[list(numbers)] = True
    return table


# Systems begin with one of these (and link-local protocols with 1), so a packet that bears one has met no router.
_FRESH_TTL = _marked(1, 64, 128, 255)
# Within so many hops under a first value a packet has met routers; 60 and 100 are first values of embedded systems.
_HOPS = 30
_ROUTED_TTL = _marked(*(ttl - hops for ttl in (64, 128, 255) for hops in range(1, _HOPS + 1)))
_ROUTED_TTL[[60, 100]] = False
# What an end of a conversation adds to the counts of its pair, all in one number, so that one sum adds them all: both
# ends of 16,383 conversations give at most 2**15 - 2 signs of a kind. Small batches also stay in the processor's cache.
_SIGNS = ("sent", "direct", "routed")
_SIGN_BITS = 15
_SIGN_MASK = (1 << _SIGN_BITS) - 1
BATCH_ROWS = (1 << 14) - 1
_TTL_SIGNS = 1 + (_FRESH_TTL.astype(np.int64) << _SIGN_BITS) + (_ROUTED_TTL.astype(np.int64) << 2 * _SIGN_BITS)
# Ethernet frames inside VXLAN and Geneve bring their own hardware addresses; other tunnels show those of their ends.
_BRINGS_MACS = _marked(0, 2, 7)

# Application by content -> role of the server, role of the client, weight.
_ROLES: dict[str, tuple[str, str, float]] = {
    "dns": (Role.DNS_SERVER, "", 0.6),
    "http": (Role.WEB_SERVER, "", 0.6),
    "ssh": (Role.REMOTE_LOGIN_SERVER, "", 0.6),
    "snmp": (Role.MANAGED_AGENT, Role.NETWORK_MANAGER, 0.5),
    "smb": (Role.FILE_SERVER, "", 0.5),
    "mqtt": (Role.MQTT_BROKER, Role.MQTT_CLIENT, 0.6),
    "dicom": (Role.DICOM_SERVER, Role.DICOM_CLIENT, 0.6),
    "hl7": (Role.HL7_RECEIVER, Role.HL7_SENDER, 0.6),
}
# Protocols that only clinical systems speak: a public address that speaks them is kept to be judged.
_CLINICAL = ("dicom", "hl7")
_CLIENT_WEIGHT = 0.4
_TRANSPORTS = {6: "tcp", 17: "udp"}

_ADDRESS = ("mac", "high", "low", "version")
_CARRIED = {"least": ("first_ns", "packet", "one"), "most": ("last_ns", "other"), "total": ("count",)}
_SPAN = {"least": ("first_ns", "packet"), "most": ("last_ns",)}


@lru_cache(maxsize=1)
def _application_marks() -> tuple[Array, Array, Array]:
    """Which application codes are clinical, which tell a server's role, which a client's."""
    by_name = codes()
    clinical = _marked(*(by_name[name] for name in _CLINICAL))
    serving = _marked(*(by_name[name] for name in _ROLES))
    asking = _marked(*(by_name[name] for name, (_, client, _) in _ROLES.items() if client))
    return clinical, serving, asking


class Traffic:
    """Gathers what conversations say; bounded memory."""

    __slots__ = ("_carriers", "_gathered", "_pairs", "_scanners", "_services", "_waiting", "dropped")

    def __init__(self) -> None:
        self._pairs: list[Table] = []
        self._services: list[Table] = []
        self._carriers: list[Table] = []
        self._waiting: list[Array] = []
        self._gathered = 0
        # Address -> failed targets, first and last time, first packet.
        self._scanners: dict[tuple[int, int, int, int], list[int]] = {}
        self.dropped = 0

    def add(self, rows: Array) -> None:
        """Takes finished conversations; the array may be used again afterwards."""
        start = 0
        while start < len(rows):
            end = min(len(rows), start + BATCH_ROWS - self._gathered)
            # A few at a time come from the engine, and many at a time are cheaper for each.
            self._waiting.append(rows[start:end].copy())
            self._gathered += end - start
            start = end
            if self._gathered == BATCH_ROWS:
                self._flush()

    def _flush(self) -> None:
        if self._waiting:
            rows = np.concatenate(self._waiting) if len(self._waiting) > 1 else self._waiting[0]
            self._waiting, self._gathered = [], 0
            self._add(rows)

    def _add(self, rows: Array) -> None:
        addressed = rows["ip_version"] != 0
        if not addressed.all():
            rows = rows[addressed]
        if not len(rows):
            return
        both = _sides(rows)
        self._add_pairs(both)
        self._add_services(rows, both)
        self._add_scans(rows, both)

    def _add_pairs(self, both: Table) -> None:
        pairs = group(both, (*_ADDRESS, "stretch"), **_SPAN, total=("signs",))
        signs = pairs.pop("signs")
        for place, name in enumerate(_SIGNS):
            pairs[name] = signs >> _SIGN_BITS * place & _SIGN_MASK
        pairs["clinical"] = (signs >> _SIGN_BITS * len(_SIGNS) > 0).astype(np.int64)
        reach = pairs["reach"] = reaches(pairs["version"], pairs["high"], pairs["low"])
        public, sent = reach == Reach.PUBLIC, pairs["sent"] > 0
        self._add_carriers(rows_where(pairs, public & (pairs["direct"] == 0) & (pairs["mac"] != 0)))
        near = (reach >= Reach.LOOPBACK) & (reach <= Reach.PRIVATE)
        # A public address is kept where it may stand on this link, or speaks what only hospitals speak.
        at_hand = public & ((pairs["direct"] > 0) | ((pairs["clinical"] > 0) & (pairs["mac"] == 0)))
        kept = rows_where(pairs, sent & (near | at_hand))
        if length(kept):
            self._pairs.append(kept)
            if sum(length(part) for part in self._pairs) > WAITING_ROWS:
                self._settle_pairs()

    def _settle_pairs(self) -> Table | None:
        if not self._pairs:
            return None
        total = ("sent", "direct", "routed", "clinical")
        table = group(stacked(self._pairs), (*_ADDRESS, "stretch", "reach"), **_SPAN, total=total)
        # A stretch ends when another hardware address uses the same network address.
        table = rows_where(table, np.lexsort((table["mac"], table["stretch"], table["low"], table["high"])))
        joined = join_runs(table, (*_ADDRESS, "reach"), **_SPAN, total=total)
        joined["stretch"] = joined["first_ns"] // STRETCH_NS
        if length(joined) > PAIRS_LIMIT:
            # Too many stretches: one row for each pair of addresses must do; beyond that the oldest stay.
            joined = group(joined, (*_ADDRESS, "reach"), **_SPAN, total=total)
            joined["stretch"] = joined["first_ns"] // STRETCH_NS
            self.dropped += max(0, length(joined) - PAIRS_LIMIT)
            joined = rows_where(joined, np.argsort(joined["first_ns"])[:PAIRS_LIMIT])
        self._pairs = [joined]
        return joined

    def _add_carriers(self, pairs: Table) -> None:
        """Remembers which hardware addresses carry packets of public addresses that are not on this link."""
        if not length(pairs):
            return
        table = {name: pairs[name] for name in ("mac", "first_ns", "last_ns", "packet")}
        # Two that differ show that there are several; how many does not matter.
        table["one"] = table["other"] = pairs["low"]
        table["count"] = np.ones(length(pairs), np.int64)
        self._carriers.append(group(table, ("mac",), **_CARRIED))
        if sum(length(part) for part in self._carriers) > WAITING_ROWS:
            self._settle_carriers()

    def _settle_carriers(self) -> Table | None:
        if not self._carriers:
            return None
        table = group(stacked(self._carriers), ("mac",), **_CARRIED)
        if length(table) > PUBLIC_LIMIT:
            self.dropped += length(table) - PUBLIC_LIMIT
            table = rows_where(table, np.argsort(table["first_ns"])[:PUBLIC_LIMIT])
        self._carriers = [table]
        return table

    def _remember(self, known: dict[Any, list[int]], key: Any, limit: int, *seen: int) -> None:
        count, first, last, packet = seen
        entry = known.get(key)
        if entry is not None:
            entry[:] = [entry[0] + count, min(entry[1], first), max(entry[2], last), min(entry[3], packet)]
        elif len(known) < limit:
            known[key] = [count, first, last, packet]
        else:
            self.dropped += 1

    def _add_services(self, rows: Array, both: Table) -> None:
        clinical, serving, asking = _application_marks()
        by_content = rows["application_by"] == 1
        application = np.where(by_content, rows["application"], 0)
        transport = rows["ip_protocol"].astype(np.uint64) << np.uint64(16)
        answered = rows["packets_to_client"] > 0
        # A TCP server answers SYN with SYN+ACK, a closed port with RST. In mid-stream an ACK that is no RST must do.
        flags = rows["tcp_flags_server"]
        answered &= (rows["ip_protocol"] != 6) | (flags & 0x12 == 0x12) | (flags & 0x14 == 0x10)
        # What is told by content needs no port, so that a thousand ports of one service are one row.
        told = serving[application]
        served = transport | np.where(told, application.astype(np.uint64) << np.uint64(32), rows["server_port"])
        asked = transport | np.where(asking[application], application.astype(np.uint64) << np.uint64(32), 0)
        asked |= np.uint64(1 << 48)
        reach = reaches(both["version"], both["high"], both["low"])
        wanted = (reach >= Reach.LOOPBACK) & (reach <= Reach.PRIVATE)
        wanted |= (reach == Reach.PUBLIC) & np.concatenate((clinical[application],) * 2)
        wanted &= np.concatenate((answered, answered))
        places = np.flatnonzero(wanted)
        if not len(places):
            return
        table = {name: both[name][places] for name in (*_ADDRESS, "first_ns", "last_ns", "packet")}
        table["service"] = np.concatenate((asked, served))[places]
        table["count"] = np.ones(len(places), np.int64)
        self._services.append(group(table, (*_ADDRESS, "service"), **_SPAN, total=("count",)))
        if sum(length(part) for part in self._services) > WAITING_ROWS:
            self._settle_services()

    def _settle_services(self) -> Table | None:
        if not self._services:
            return None
        table = group(stacked(self._services), (*_ADDRESS, "service"), **_SPAN, total=("count",))
        if length(table) > SERVICES_LIMIT:
            self.dropped += length(table) - SERVICES_LIMIT
            table = rows_where(table, np.argsort(table["first_ns"])[:SERVICES_LIMIT])
        self._services = [table]
        return table

    def _add_scans(self, rows: Array, both: Table) -> None:
        flags = rows["tcp_flags_server"]
        failed = (rows["ip_protocol"] == 6) & (rows["tcp_flags_client"] & 0x02 != 0) & (flags & 0x02 == 0)
        failed &= (flags & 0x04 != 0) | (rows["packets_to_client"] == 0)
        places = np.flatnonzero(failed)
        if len(places) < SCANNED_TARGETS:
            return
        half = len(rows)
        targets = mix((both["high"][half:][places], both["low"][half:][places], rows["server_port"][places]))
        table = {name: both[name][:half][places] for name in (*_ADDRESS, "first_ns", "last_ns", "packet")}
        table["target"] = targets
        table = group(table, (*_ADDRESS, "target"), **_SPAN, total=())
        table["count"] = np.ones(length(table), np.int64)
        table = group(table, _ADDRESS, **_SPAN, total=("count",))
        table = rows_where(table, table["count"] >= SCANNED_TARGETS)
        for row in zip(*(table[name].tolist() for name in (*_ADDRESS, *_SEEN)), strict=True):
            mac, high, low, version, *seen = row
            self._remember(self._scanners, (mac, high, low, version), SCANNERS_LIMIT, *seen)

    def ties(self, capture: str) -> list[Tie]:
        """Address pairs, one for each stretch of time in which no other hardware address used the network address."""
        self._flush()
        table = self._settle_pairs()
        if table is None:
            return []
        names = (*_ADDRESS, "first_ns", "last_ns", "packet", "sent", "direct", "routed", "reach")
        table = rows_where(table, np.argsort(table["first_ns"], kind="stable"))
        ties = []
        public = 0
        for row in zip(*(table[name].tolist() for name in names), strict=True):
            mac, high, low, version, first, last, packet, sent, direct, routed, reach = row
            if reach == Reach.PUBLIC:
                public += 1
                if public > PUBLIC_LIMIT:
                    self.dropped += 1
                    continue
            endpoint = _endpoint(mac, high, low, version)
            ties.append(Tie(endpoint, first, last, sent, direct, routed, int(Claim.NOBODY), capture, packet))
        return ties

    def clues(self, capture: str) -> list[Clue]:
        """Roles of servers and clients, routers by what they carry, scanners by what they try."""
        self._flush()
        found: dict[tuple[Endpoint, str, str, str], Clue] = {}

        def say(endpoint: Endpoint, attribute: str, value: str, protocol: str, weight: float, *seen: int) -> None:
            count, first, last, packet = seen
            clue = Clue(endpoint, attribute, value, protocol, weight, count, first, last, capture, packet)
            earlier = found.get(clue.key())
            found[clue.key()] = clue if earlier is None else earlier.joined(clue)

        table = self._settle_services()
        if table is not None:
            names = (*_ADDRESS, "service", *_SEEN)
            for row in zip(*(table[name].tolist() for name in names), strict=True):
                mac, high, low, version, service, *seen = row
                endpoint = _endpoint(mac, high, low, version)
                for attribute, value, protocol, weight in _statements(service):
                    say(endpoint, attribute, value, protocol, weight, *seen)
        table = self._settle_carriers()
        if table is not None:
            for row in zip(*(table[name].tolist() for name in ("mac", "one", "other", *_SEEN)), strict=True):
                mac, one, other, *seen = row
                # One stranger may be a neighbour with an odd TTL; two are behind a router.
                weight = 0.7 if one != other else 0.5
                say(Endpoint(mac_text(mac), ""), Attribute.ROLE, Role.ROUTER, "ip", weight, *seen)
        for (mac, high, low, version), seen in self._scanners.items():
            endpoint = _endpoint(mac, high, low, version)
            say(endpoint, Attribute.CATEGORY, Category.SCANNER, "tcp", 0.45, *seen)
        return list(found.values())


_SEEN = ("count", "first_ns", "last_ns", "packet")


def _endpoint(mac: int, high: int, low: int, version: int) -> Endpoint:
    return Endpoint(mac_text(mac) if mac else "", ip_text(version, high, low))


@lru_cache(maxsize=1 << 14)
def _statements(service: int) -> tuple[tuple[str, str, str, float], ...]:
    """(attribute, value, protocol, weight) of one service that was answered."""
    statements: list[tuple[str, str, str, float]] = []
    client, application, ip_protocol, port = service >> 48, service >> 32 & 255, service >> 16 & 255, service & 0xFFFF
    transport = _TRANSPORTS.get(ip_protocol, "ip")
    if application:
        name = application_name(application)
        server_role, client_role, weight = _ROLES[name]
        role = client_role if client else server_role
        statements.append((Attribute.ROLE, role, name, weight))
    if client:
        statements.append((Attribute.ROLE, Role.CLIENT, transport, _CLIENT_WEIGHT))
    elif not application:
        match = find("services", f"{transport}/{port}")
        if match is not None:
            for attribute in (Attribute.CATEGORY, Attribute.ROLE, Attribute.VENDOR, Attribute.OS):
                value = getattr(match.fact, attribute)
                if value:
                    statements.append((attribute, value, transport, match.fact.weight))
    return tuple(statements)


def _sides(rows: Array) -> Table:
    """Clients and below them servers, one row for each end of each conversation."""
    brings_macs = _BRINGS_MACS[rows["tunnel"]]
    clinical = _application_marks()[0][rows["application"]] & (rows["application_by"] == 1)
    tables = []
    for side, packets in (("client", "packets_to_server"), ("server", "packets_to_client")):
        mac, ttl = rows[f"{side}_mac"], rows[f"ttl_{side}"]
        sent = rows[packets] > 0
        # The first bit on the wire marks a group address (IEEE 802-2014 8.2.1): nobody sends from one.
        single = mac >> np.uint64(40) & np.uint64(1) == 0
        tables.append(
            {
                "mac": np.where(brings_macs & single, mac, 0).astype(np.uint64),
                "high": np.ascontiguousarray(rows[f"{side}_high"]),
                "low": np.ascontiguousarray(rows[f"{side}_low"]),
                "version": np.ascontiguousarray(rows["ip_version"]),
                "signs": np.where(sent, _TTL_SIGNS[ttl], 0) + (clinical.astype(np.int64) << _SIGN_BITS * len(_SIGNS)),
                "first_ns": np.ascontiguousarray(rows["start_ns"]),
                "last_ns": np.ascontiguousarray(rows["end_ns"]),
                "packet": np.ascontiguousarray(rows["first_packet"]),
            }
        )
    both = stacked(tables)
    both["stretch"] = both["first_ns"] // STRETCH_NS
    return both
