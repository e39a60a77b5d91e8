"""Who is there, what an hour holds, and the merged stream of it all."""

from __future__ import annotations

import heapq
import struct
from collections import Counter
from collections.abc import Callable, Iterator
from random import Random
from typing import Any, TypeAlias

from bench.hospital import addresses, imaging, plant, records, tls, web
from bench.hospital.net import Host, Packet, Session

START_US = 1_700_000_000_000_000
HOUR_US = 3_600_000_000
LAST_START_US = 3_540_000_000  # sessions begin in the first 59 minutes, so that most end within the hour
HOSTS = 700

Open: TypeAlias = Callable[[Random, int], Session]
Planned: TypeAlias = tuple[int, int, Open]
"""Start in microseconds, seed of the session's own random numbers, and what opens it."""

# Prefixes of makers of medical devices, computers, printers and switches (IEEE registry).
MAKERS = ("00095c", "00e0c5", "001d0d", "3c5282", "b827eb", "0021cc", "000ec6", "00215a", "001b78", "00a098")


class Hospital:
    """The hosts by what they do, drawn from ``seed``."""

    def __init__(self, seed: int) -> None:
        random = Random(seed)
        self.hosts = [self._host(random, number) for number in range(HOSTS)]
        groups = (("modality", 120), ("pacs", 6), ("his", 6), ("web", 60), ("workstation", 248), ("monitor", 120),
                  ("pump", 60), ("printer", 40), ("switch", 40))  # fmt: skip
        self.groups: dict[str, list[Host]] = {}
        at = 0
        for name, size in groups:
            self.groups[name] = [
                Host(name=f"{name}{i:03d}", mac=h.mac, ip=h.ip, ip6=h.ip6, vlan=h.vlan)
                for i, h in enumerate(self.hosts[at : at + size])
            ]
            at += size
        self.hosts = [host for group in self.groups.values() for host in group]

    @staticmethod
    def _host(random: Random, number: int) -> Host:
        return Host(
            name="",
            mac=bytes.fromhex(random.choice(MAKERS)) + struct.pack(">I", number)[1:],
            ip=bytes((10, 20 + (number >> 8), number & 255, random.randrange(1, 255))),
            ip6=bytes.fromhex("20010db8000100000000000000") + struct.pack(">I", 0x10000 + number)[1:],
            vlan=100 + number % 4 if number % 5 == 0 else 0,
        )

    def of(self, *names: str) -> list[Host]:
        """The hosts of the named groups."""
        return [host for name in names for host in self.groups[name]]


def plan(seed: int, scale: float = 1.0) -> tuple[list[Planned], Counter[str]]:
    """Draws an hour of sessions, sorted by start.

    Args:
        seed: Decides everything.
        scale: Multiplies the number of sessions of every kind; hosts and their permanent connections stay.

    Returns:
        The sessions, and how much of each kind there is: what a reader of the capture must find.
    """
    hospital = Hospital(seed)
    random = Random(seed + 1)
    planned: list[Planned] = []
    counts: Counter[str] = Counter(hosts=len(hospital.hosts))
    end = START_US + HOUR_US
    modalities, pacs, his = hospital.of("modality"), hospital.of("pacs"), hospital.of("his")
    clouds, workstations = hospital.of("web"), hospital.of("workstation")
    pumps, printers, monitors = hospital.of("pump"), hospital.of("printer"), hospital.of("monitor")
    switches, everyone = hospital.of("switch"), hospital.hosts

    def add(kind: str, function: Callable[..., Session], *what: Any, start: int | None = None, **more: int) -> None:
        if start is None:
            start = START_US + random.randrange(LAST_START_US)
        counts[kind] += 1
        planned.append((start, random.getrandbits(62), lambda own, now: function(own, now, *what, **more)))

    def number(base: int) -> range:
        return range(round(base * scale))

    for _ in number(700):
        client, images = random.choice(modalities), random.randrange(2, 8)
        server, port = pacs[sum(client.mac) % len(pacs)], random.choice((104, 11112, 4242))
        counts["images"] += images
        add("dicom store", imaging.store, client, server, port, images)
    for _ in number(600):
        client, server = random.choice(modalities), random.choice(pacs)
        add("dicom echo", imaging.verify, client, server, 104)
    for _ in number(7_000):
        client, server = random.choice(workstations + modalities + pumps), random.choice(his)
        messages, port = random.randrange(1, 4), random.choice((2575, 6661, 6662))
        counts["hl7 messages"] += messages
        add("hl7 short", records.send, client, server, port, messages, 20_000)
    for client in pumps[:40]:
        counts["hl7 messages"] += 300
        server, start = random.choice(his), START_US + random.randrange(5_000_000)
        add("hl7 long", records.send, client, server, 2575, 300, 11_000_000, start=start)
    for i in number(14_000):
        client, server = random.choice(workstations + pumps + modalities), random.choice(clouds)
        port, ipv6, style = random.choice((443, 443, 443, 8443)), i % 9 == 0, client.mac[5] % len(tls.STYLES)
        add("tls", tls.session, client, server, port, ipv6=ipv6, style=style)
    for _ in number(6_000):
        client, server = random.choice(workstations + pumps + printers + modalities), random.choice(clouds)
        port = random.choice((80, 8080, 8000))
        add("http", web.http, client, server, port)
    for _ in number(8_000):
        target = random.choice(everyone)
        add("scan", plant.scan, workstations[3], target)
    for _ in number(50_000):
        client = random.choice(everyone)
        add("dns", web.dns, client, his[1])
    for i in number(2_100):
        add("dhcp", addresses.dhcp, everyone[i % len(everyone)], his[1])
    for _ in number(20_000):
        host = random.choice(workstations + printers + monitors)
        add("mdns", web.mdns, host)
    for _ in number(12_000):
        host = random.choice(workstations + printers)
        add("ssdp", web.ssdp, host)
    for _ in number(30_000):
        host, other = random.choice(everyone), random.choice(everyone)
        add("arp", addresses.arp, host, other)
    for i in number(4_000):
        host, other = random.choice(workstations), random.choice(everyone)
        add("ping", plant.ping, host, other, ipv6=i % 4 == 0)
    for _ in number(400):
        client, server = random.choice(workstations), random.choice(switches + modalities)
        add("ssh", plant.ssh, client, server)
    for _ in number(600):
        client, server = random.choice(workstations), random.choice(his + pacs)
        add("smb", plant.smb, client, server)
    for host in monitors:
        start, central = START_US + random.randrange(1_000_000), his[2 + host.mac[5] % 2]
        add("monitor", plant.monitor, host, central, end, start=start)
    for host in pumps:
        start = START_US + random.randrange(10_000_000)
        add("mqtt", plant.mqtt, host, his[4], end, start=start)
    for host in switches + printers:
        start = START_US + random.randrange(300_000_000)
        add("snmp", plant.snmp, workstations[0], host, end, start=start)
    for host in switches:
        add("lldp", addresses.lldp, host, end, start=START_US + random.randrange(30_000_000))
    planned.sort(key=lambda session: session[:2])
    return planned, counts


def packets(planned: list[Planned]) -> Iterator[Packet]:
    """All sessions as one stream in order of time; only the sessions that are under way are held."""
    under_way: list[tuple[int, int, bytes, Session]] = []  # time, ordinal of the session, frame, the rest

    def step() -> Packet:
        now, ordinal, frame, rest = under_way[0]
        following = next(rest, None)
        if following is None:
            heapq.heappop(under_way)
        else:
            heapq.heapreplace(under_way, (following[0], ordinal, following[1], rest))
        return now, frame

    for ordinal, (start, seed, opening) in enumerate(planned):
        while under_way and under_way[0][0] <= start:
            yield step()
        session = opening(Random(seed), start)
        first = next(session, None)
        if first is not None:
            heapq.heappush(under_way, (first[0], ordinal, first[1], session))
    while under_way:
        yield step()
