"""The plant: monitors' streams, MQTT (OASIS MQTT 3.1.1), SNMP (RFC 3416), SSH (RFC 4253), SMB (MS-SMB2), scans."""

from __future__ import annotations

import struct
from random import Random

from bench.hospital.net import ACK, RST, SYN, Host, Link, Session, Tcp, blob


def monitor(random: Random, now: int, host: Host, central: Host, until: int) -> Session:
    """A patient monitor that sends a datagram of vital signs to its central station once a second."""
    link = Link(host, central.mac, central.ip, protocol=17, vlan=max(host.vlan, central.vlan))
    while now < until:
        yield now, link.datagram(24105, 24105, blob(random, random.randrange(120, 900)))
        now += 1_000_000 + random.randrange(-3_000, 3_000)


def _text(content: bytes) -> bytes:
    return struct.pack(">H", len(content)) + content


def mqtt(random: Random, now: int, host: Host, broker: Host, until: int) -> Session:
    """A sensor that stays connected, publishes every ten seconds and pings every minute."""
    tcp = Tcp(random, host, broker, 1883, now)
    yield from tcp.open()
    body = _text(b"MQTT") + b"\4\xc2" + struct.pack(">H", 60) + _text(b"sensor-" + host.name.encode())
    body += _text(b"ward") + _text(b"secret")
    yield from tcp.send(0, bytes((0x10, len(body))) + body)
    yield from tcp.send(1, b"\x20\2\0\0")
    topic = _text(b"hospital/ward%d/%s/temperature" % (host.mac[5] % 20, host.name.encode()))
    count = 0
    while tcp.now < until:
        count += 1
        body = topic + b'{"t":%.1f,"n":%d}' % (20 + 5 * random.random(), count)
        yield from tcp.send(0, bytes((0x30, len(body))) + body)
        if count % 6 == 0:
            yield from tcp.send(0, b"\xc0\0")
            yield from tcp.send(1, b"\xd0\0")
        tcp.wait(10_000_000 + random.randrange(-50_000, 50_000))


def _ber(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    if len(content) < 128:
        return bytes((tag, len(content))) + content
    return bytes((tag, 0x82)) + struct.pack(">H", len(content)) + content


SYS_DESCR, SYS_NAME = bytes.fromhex("06082b06010201010100"), bytes.fromhex("06082b06010201010500")


def snmp(random: Random, now: int, station: Host, agent: Host, until: int) -> Session:
    """A management station that reads what an agent is, once every five minutes (version 2c)."""
    vlan = max(station.vlan, agent.vlan)
    ask = Link(station, agent.mac, agent.ip, protocol=17, vlan=vlan)
    answer = Link(agent, station.mac, station.ip, protocol=17, vlan=vlan)
    description = b"Made-up Device Model %d; Firmware %d.%d" % (agent.mac[3], agent.mac[4] % 9, agent.mac[5] % 10)
    port = random.randrange(1024, 65536)
    while now < until:
        number = _ber(2, struct.pack(">I", random.getrandbits(31)))
        for tag, values in ((0xA0, (b"\5\0", b"\5\0")), (0xA2, (_ber(4, description), _ber(4, agent.name.encode())))):
            bindings = _ber(0x30, _ber(0x30, SYS_DESCR, values[0]), _ber(0x30, SYS_NAME, values[1]))
            data = _ber(0x30, b"\2\1\1", _ber(4, b"public"), _ber(tag, number, b"\2\1\0\2\1\0", bindings))
            yield now, ask.datagram(port, 161, data) if tag == 0xA0 else answer.datagram(161, port, data)
            now += 500 + random.randrange(2_000)
        now += 300_000_000 + random.randrange(-1_000_000, 1_000_000)


KEX = (
    (b"curve25519-sha256,ecdh-sha2-nistp256", b"ssh-ed25519,rsa-sha2-512"),
    (b"diffie-hellman-group14-sha1,diffie-hellman-group1-sha1", b"ssh-rsa,ssh-dss"),
)
SSH_CIPHERS, SSH_MACS = b"chacha20-poly1305@openssh.com,aes128-ctr,aes256-ctr", b"hmac-sha2-256,hmac-sha1"
BANNERS = (b"SSH-2.0-OpenSSH_9.2p1 Debian-2", b"SSH-2.0-dropbear_2017.75", b"SSH-2.0-Cisco-1.25")


def _key_exchange(random: Random, style: int) -> bytes:
    lists = (*KEX[style], SSH_CIPHERS, SSH_CIPHERS, SSH_MACS, SSH_MACS, b"none", b"none", b"", b"")
    content = b"\x14" + random.randbytes(16) + b"".join(struct.pack(">I", len(names)) + names for names in lists)
    return _ssh_packet(content + b"\0\0\0\0\0")


def _ssh_packet(content: bytes) -> bytes:
    # RFC 4253 6: the whole is a multiple of 8 bytes, with at least 4 of padding.
    padding = 8 - (len(content) + 5) % 8 + 8
    return struct.pack(">IB", len(content) + padding + 1, padding) + content + bytes(padding)


def _ssh_text(content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + content


def ssh(random: Random, now: int, client: Host, server: Host) -> Session:
    """Banners, key exchange, and some ciphertext."""
    tcp = Tcp(random, client, server, 22, now)
    yield from tcp.open()
    yield from tcp.send(0, b"SSH-2.0-OpenSSH_8.4p1\r\n")
    yield from tcp.send(1, BANNERS[server.mac[5] % len(BANNERS)] + b"\r\n")
    yield from tcp.send(0, _key_exchange(random, 0))
    yield from tcp.send(1, _key_exchange(random, server.mac[5] % 2))
    public, signature = random.randbytes(32), _ssh_text(b"ssh-ed25519") + _ssh_text(random.randbytes(64))
    host_key = _ssh_text(_ssh_text(b"ssh-ed25519") + _ssh_text(server.mac * 5 + b"\0\0"))
    new_keys = _ssh_packet(b"\x15")
    yield from tcp.send(0, _ssh_packet(b"\x1e" + _ssh_text(random.randbytes(32))))
    yield from tcp.send(1, _ssh_packet(b"\x1f" + host_key + _ssh_text(public) + _ssh_text(signature)) + new_keys)
    yield from tcp.send(0, new_keys)
    for _ in range(random.randrange(3, 30)):
        yield from tcp.send(0, blob(random, 36 + 16 * random.randrange(6)))
        yield from tcp.send(1, blob(random, 36 + 16 * random.randrange(60)))
        tcp.wait(random.randrange(20_000, 900_000))
    yield from tcp.close()


def _smb(command: int, message: int, body: bytes, *, answer: bool) -> bytes:
    header = struct.pack(
        "<4sHHIHHIIQIIQ16x",
        b"\xfeSMB", 64, 0, 0xC0000016 if answer and command == 1 else 0, command, 1, 1 if answer else 0,
        0, message, 0xFEFF, 0, 0x1234 if command else 0,
    )  # fmt: skip
    return struct.pack(">I", len(header) + len(body)) + header + body


def _utf16(text: str) -> bytes:
    return text.encode("utf-16-le")


def smb(random: Random, now: int, client: Host, server: Host) -> Session:
    """Negotiation and the two NTLM messages that name the machines (MS-SMB2 2.2.3-2.2.6, MS-NLMP 2.2.1)."""
    tcp = Tcp(random, client, server, 445, now)
    yield from tcp.open()
    dialects = (0x0202, 0x0210, 0x0300, 0x0302)
    body = struct.pack("<HHHHI16sQ4H", 36, len(dialects), 1, 0, 0x7F, random.randbytes(16), 0, *dialects)
    yield from tcp.send(0, _smb(0, 0, body, answer=False))
    windows = (now // 1_000_000 + 11_644_473_600) * 10_000_000
    body = struct.pack(
        "<HHHH16sIIIIQQHHI",
        65, 1, 0x0302, 0, random.randbytes(16), 0x7F, 1 << 20, 1 << 20, 1 << 20, windows, 0, 128, 0, 0,
    )  # fmt: skip
    yield from tcp.send(1, _smb(0, 0, body, answer=True))
    version = struct.pack("<BBH3xB", 10, 0, 19041, 15)
    ask = b"NTLMSSP\0" + struct.pack("<II8x8x", 1, 0xE2088297) + version
    body = struct.pack("<HBBIIHHQ", 25, 0, 1, 1, 0, 88, len(ask), 0) + ask
    yield from tcp.send(0, _smb(1, 1, body, answer=False))
    domain, machine = _utf16("WARD"), _utf16(server.name.upper()[:15])
    pairs = b"".join(struct.pack("<HH", kind, len(text)) + text for kind, text in ((2, domain), (1, machine), (0, b"")))
    challenge = b"NTLMSSP\0" + struct.pack(
        "<IHHIIQ8x", 2, len(domain), len(domain), 56, 0xE2898215, random.getrandbits(64)
    )
    challenge += struct.pack("<HHI", len(pairs), len(pairs), 56 + len(domain)) + version + domain + pairs
    body = struct.pack("<HHHH", 9, 0, 72, len(challenge)) + challenge
    yield from tcp.send(1, _smb(1, 1, body, answer=True))
    yield from tcp.close()


def scan(random: Random, now: int, scanner: Host, target: Host) -> Session:
    """One port asked, and the refusal."""
    tcp = Tcp(random, scanner, target, random.randrange(1, 65536), now)
    yield tcp.packet(0, SYN)
    yield tcp.packet(1, RST | ACK)


def ping(random: Random, now: int, host: Host, target: Host, *, ipv6: bool) -> Session:
    """An echo request and its reply over ICMP (RFC 792) or ICMPv6 (RFC 4443)."""
    first, second = (target.ip6, host.ip6) if ipv6 else (target.ip, host.ip)
    ask, answer, protocol = (128, 129, 58) if ipv6 else (8, 0, 1)
    rest = struct.pack(">HH", random.getrandbits(16), 1) + blob(random, 48)
    vlan = max(host.vlan, target.vlan)
    yield now, Link(host, target.mac, first, protocol=protocol, vlan=vlan).frame(bytes((ask, 0, 0, 0)) + rest)
    later = now + random.randrange(100, 3_000)
    yield later, Link(target, host.mac, second, protocol=protocol, vlan=vlan).frame(bytes((answer, 0, 0, 0)) + rest)
