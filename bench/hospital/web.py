"""Web and names: HTTP/1.1 (RFC 9112), DNS (RFC 1035), mDNS (RFC 6762), SSDP (UPnP Device Architecture 1.1)."""

from __future__ import annotations

import hashlib
import struct
from random import Random

from bench.hospital.net import Host, Link, Session, Tcp, blob

AGENTS = (
    b"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36",
    b"Alaris-PCU/12.1.2",
    b"PhilipsIntelliVue/N.01",
    b"curl/7.88.1",
    b"HP-ChaiSOE/1.0",
)
SERVERS = (b"nginx/1.22.1", b"Microsoft-IIS/10.0", b"lighttpd/1.4.59", b"GoAhead-Webs")
MDNS_ADDRESS, MDNS_MAC = bytes((224, 0, 0, 251)), bytes.fromhex("01005e0000fb")
SSDP_ADDRESS, SSDP_MAC = bytes((239, 255, 255, 250)), bytes.fromhex("01005e7ffffa")


def http(random: Random, now: int, client: Host, server: Host, port: int) -> Session:
    """One or two requests with pages of 700 bytes to 60 kB; a client always names the same user agent."""
    tcp = Tcp(random, client, server, port, now)
    yield from tcp.open()
    agent = AGENTS[client.mac[5] % len(AGENTS)]
    software = SERVERS[server.ip[3] % len(SERVERS)]
    for _ in range(random.randrange(1, 3)):
        request = (
            b"GET /api/v1/device/%d HTTP/1.1\r\nHost: %s.hospital.example\r\n"
            b"User-Agent: %s\r\nAccept: */*\r\nConnection: keep-alive\r\n\r\n"
        ) % (random.randrange(9999), server.name.encode(), agent)
        yield from tcp.send(0, request)
        size = int(min(60_000, random.paretovariate(0.8) * 700))
        head = b"HTTP/1.1 200 OK\r\nServer: %s\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n"
        yield from tcp.send(1, head % (software, size) + blob(random, size))
        tcp.wait(random.randrange(1_000, 50_000))
    yield from tcp.close()


def dns_name(text: bytes) -> bytes:
    """A name in labels, without compression."""
    return b"".join(bytes((len(label),)) + label for label in text.split(b".")) + b"\0"


def dns(random: Random, now: int, client: Host, server: Host) -> Session:
    """One question and its answer."""
    vlan = max(client.vlan, server.vlan)
    port = random.randrange(1024, 65536)
    name = dns_name(b"host%02d.device-cloud%d.example" % (random.randrange(99), random.randrange(9)))
    question = struct.pack(">HHHHHH", random.getrandbits(16), 0x0100, 1, 0, 0, 0) + name + b"\0\1\0\1"
    answer = question[:2] + struct.pack(">HHHHH", 0x8180, 1, 1, 0, 0) + question[12:]
    answer += b"\xc0\x0c\0\1\0\1" + struct.pack(">IH4s", 300, 4, hashlib.blake2s(name, digest_size=4).digest())
    yield now, Link(client, server.mac, server.ip, protocol=17, vlan=vlan).datagram(port, 53, question)
    later = now + random.randrange(100, 9000)
    yield later, Link(server, client.mac, client.ip, protocol=17, vlan=vlan).datagram(53, port, answer)


def mdns(random: Random, now: int, host: Host) -> Session:
    """An announcement of a printer or a web page, with the host's name and address."""
    service = dns_name(random.choice((b"_http._tcp.local", b"_ipp._tcp.local", b"_workstation._tcp.local")))
    instance = host.name.encode()
    name = bytes((len(instance),)) + instance
    target = name + b"\5local\0"
    records = service + struct.pack(">HHIH", 12, 0x8001, 120, len(name) + 2) + name + b"\xc0\x0c"
    pointer = 12 + len(service) + 10  # where the instance's full name stands
    records += struct.pack(">HHHIHHHH", 0xC000 | pointer, 33, 0x8001, 120, 6 + len(target), 0, 0, 80) + target
    records += target + struct.pack(">HHIH4s", 1, 0x8001, 120, 4, host.ip)
    data = struct.pack(">HHHHHH", 0, 0x8400, 0, 3, 0, 0) + records
    yield now, Link(host, MDNS_MAC, MDNS_ADDRESS, protocol=17, ttl=255).datagram(5353, 5353, data)


def ssdp(random: Random, now: int, host: Host) -> Session:
    """A search, or a device that says it is alive."""
    if host.mac[5] % 3:
        text = b"M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n"
        text += b'MAN: "ssdp:discover"\r\nMX: 1\r\nST: ssdp:all\r\n\r\n'
    else:
        text = (
            b"NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nCACHE-CONTROL: max-age=1800\r\n"
            b"LOCATION: http://%d.%d.%d.%d:80/desc.xml\r\nNT: upnp:rootdevice\r\nNTS: ssdp:alive\r\n"
            b"SERVER: Linux/4.9 UPnP/1.1 Printer/2.%d\r\nUSN: uuid:%s::upnp:rootdevice\r\n\r\n"
        ) % (*host.ip, host.mac[4] % 10, host.mac.hex().encode())
    link = Link(host, SSDP_MAC, SSDP_ADDRESS, protocol=17, ttl=4)
    yield now, link.datagram(random.randrange(1024, 65536), 1900, text)
