"""Records: HL7 v2 messages and their acknowledgements over MLLP (HL7 v2.5.1 chapters 2 and 3, MLLP release 1)."""

from __future__ import annotations

from random import Random

from bench.hospital.net import Host, Session, Tcp

START, END = b"\x0b", b"\x1c\r"
EVENTS = (b"ADT^A01^ADT_A01", b"ADT^A08^ADT_A01", b"ORU^R01^ORU_R01", b"ORM^O01^ORM_O01")
OBSERVATIONS = (
    (b"8867-4^Heart rate^LN", b"/min"),
    (b"8480-6^Systolic blood pressure^LN", b"mm[Hg]"),
    (b"59408-5^Oxygen saturation^LN", b"%"),
    (b"9279-1^Respiratory rate^LN", b"/min"),
)
PUMP_UDI = b"(01)00812345678906(17)301231(10)L%03d(21)%s"


def message(random: Random, client: Host, server: Host, number: int) -> bytes:
    """One message with its MLLP frame; a result carries 1 to 60 observations and at times a device's UDI."""
    event = random.choice(EVENTS)
    segments = [
        b"MSH|^~\\&|%s|WARD%02d|%s|HOSPITAL|20231114%06d||%s|%s%06d|P|2.5.1"
        % (
            client.name.upper().encode(),
            random.randrange(20),
            server.name.upper().encode(),
            random.randrange(235959),
            event,
            client.mac[4:].hex().encode(),
            number,
        ),
        b"PID|1||%07d^^^MRN||CANARY^PATIENT%02d||19700101|M" % (random.randrange(10_000_000), random.randrange(99)),
        b"PV1|1|I|ICU^%d" % random.randrange(40),
    ]
    if event.startswith(b"ADT"):
        segments.insert(1, b"EVN|%s|20231114" % event[4:7])
    elif event.startswith(b"ORM"):
        segments += [b"ORC|NW|%06d" % number, b"OBR|1|%06d||2160-0^Creatinine^LN" % number]
    else:
        segments.append(b"OBR|1|%06d||85353-1^Vital signs^LN" % number)
        for i in range(random.randrange(1, 60)):
            code, unit = OBSERVATIONS[i % len(OBSERVATIONS)]
            segments.append(b"OBX|%d|NM|%s||%d|%s|||||F" % (i + 1, code, random.randrange(40, 160), unit))
        if number % 4 == 0:
            segments[-1] += b"|||||||" + PUMP_UDI % (random.randrange(1000), client.mac[3:].hex().encode())
    return START + b"\r".join(segments) + b"\r" + END


def acknowledgement(client: Host, server: Host, number: int) -> bytes:
    """The answer ``AA`` to a message."""
    control = b"%s%06d" % (client.mac[4:].hex().encode(), number)
    return START + b"MSH|^~\\&|%s|HOSPITAL|%s|WARD|20231114||ACK|A%d|P|2.5.1\rMSA|AA|%s\r" % (
        server.name.upper().encode(),
        client.name.upper().encode(),
        number,
        control,
    ) + END  # fmt: skip


def send(random: Random, now: int, client: Host, server: Host, port: int, messages: int, pause_us: int) -> Session:
    """One connection with ``messages`` messages, each acknowledged, ``pause_us`` apart on average."""
    tcp = Tcp(random, client, server, port, now)
    yield from tcp.open()
    for number in range(messages):
        yield from tcp.send(0, message(random, client, server, number))
        yield from tcp.send(1, acknowledgement(client, server, number))
        tcp.wait(random.randrange(pause_us // 2, pause_us * 3 // 2))
    yield from tcp.close()
