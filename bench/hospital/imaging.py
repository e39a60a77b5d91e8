"""Imaging: DICOM associations that store images (PS3.8 9.3, PS3.7 9.3.1) or verify a connection (PS3.7 9.3.5)."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from random import Random

from bench.hospital.net import Host, Session, Tcp, blob

MAXIMUM_PDU = 16384
APPLICATION_CONTEXT = b"1.2.840.10008.3.1.1.1"
IMPLICIT, EXPLICIT = b"1.2.840.10008.1.2", b"1.2.840.10008.1.2.1"
VERIFICATION = b"1.2.840.10008.1.1"
ROOT = b"1.2.826.0.1.3680043.10.999"  # the root of our made-up instances

# modality, storage SOP class, manufacturer, model, implementation class UID, implementation version name
MODALITIES = (
    (b"CT", b"1.2.840.10008.5.1.4.1.1.2", b"GE MEDICAL SYSTEMS", b"Revolution", b"1.2.840.113619.6.408", b"GE_CT_408"),
    (b"MR", b"1.2.840.10008.5.1.4.1.1.4", b"SIEMENS", b"MAGNETOM Vida", b"1.3.12.2.1107.5.2", b"MR_VE11C"),
    (b"CR", b"1.2.840.10008.5.1.4.1.1.1", b"FUJIFILM", b"FDR Go PLUS", b"1.2.392.200036.9125.5", b"FDX-3000"),
    (b"US", b"1.2.840.10008.5.1.4.1.1.6.1", b"Philips Medical Systems", b"EPIQ 7C", b"1.3.46.670589.14", b"EPIQ_5.0"),
    (b"PT", b"1.2.840.10008.5.1.4.1.1.128", b"CANON_MEC", b"Cartesion Prime", b"1.2.392.200036.9116", b"TM_MR_DCM"),
    (b"OT", b"1.2.840.10008.5.1.4.1.1.7", b"Olympus", b"EVIS X1", b"1.2.392.200036.9118", b"OLY_IMS"),
)  # fmt: skip


def _item(kind: int, content: bytes) -> bytes:
    return struct.pack(">BBH", kind, 0, len(content)) + content


def _pdu(kind: int, content: bytes) -> bytes:
    return struct.pack(">BBI", kind, 0, len(content)) + content


def _user_information(implementation: bytes, version: bytes) -> bytes:
    return _item(0x50, _item(0x51, struct.pack(">I", MAXIMUM_PDU)) + _item(0x52, implementation) + _item(0x55, version))


def _associate(kind: int, called: bytes, calling: bytes, contexts: Iterable[bytes], user: bytes) -> bytes:
    head = struct.pack(">HH16s16s32x", 1, 0, called.ljust(16), calling.ljust(16))
    return _pdu(kind, head + _item(0x10, APPLICATION_CONTEXT) + b"".join(contexts) + user)


def associate_request(
    called: bytes, calling: bytes, classes: list[bytes], implementation: bytes, version: bytes
) -> bytes:
    """A-ASSOCIATE-RQ that proposes each SOP class with two transfer syntaxes."""
    contexts = (
        _item(0x20, bytes((2 * i + 1, 0, 0, 0)) + _item(0x30, uid) + _item(0x40, EXPLICIT) + _item(0x40, IMPLICIT))
        for i, uid in enumerate(classes)
    )
    return _associate(1, called, calling, contexts, _user_information(implementation, version))


def associate_accept(called: bytes, calling: bytes, classes: list[bytes]) -> bytes:
    """A-ASSOCIATE-AC that accepts all contexts with explicit VR little endian."""
    contexts = (_item(0x21, bytes((2 * i + 1, 0, 0, 0)) + _item(0x40, EXPLICIT)) for i in range(len(classes)))
    return _associate(
        2, called, calling, contexts, _user_information(b"1.2.276.0.7230010.3.0.3.6.7", b"OFFIS_DCMTK_367")
    )


def _even(text: bytes, pad: bytes = b"\0") -> bytes:
    return text + pad if len(text) % 2 else text


def _command(*elements: tuple[int, bytes]) -> bytes:
    # PS3.7 6.3.1: a command set is implicit VR little endian and begins with its group length.
    body = b"".join(struct.pack("<HHI", 0, number, len(value)) + value for number, value in elements)
    return struct.pack("<HHII", 0, 0, 4, len(body)) + body


def store_request(sop_class: bytes, instance: bytes, message: int) -> bytes:
    """The command set of a C-STORE-RQ."""
    return _command(
        (0x0002, _even(sop_class)),
        (0x0100, struct.pack("<H", 0x0001)),
        (0x0110, struct.pack("<H", message)),
        (0x0700, struct.pack("<H", 0)),
        (0x0800, struct.pack("<H", 0x0001)),
        (0x1000, _even(instance)),
    )


def store_response(sop_class: bytes, instance: bytes, message: int) -> bytes:
    """The command set of a C-STORE-RSP that reports success."""
    return _command(
        (0x0002, _even(sop_class)),
        (0x0100, struct.pack("<H", 0x8001)),
        (0x0120, struct.pack("<H", message)),
        (0x0800, struct.pack("<H", 0x0101)),
        (0x0900, struct.pack("<H", 0)),
        (0x1000, _even(instance)),
    )


def echo(message: int, *, response: bool) -> bytes:
    """The command set of a C-ECHO-RQ or its successful response."""
    field = (0x0100, struct.pack("<H", 0x8030 if response else 0x0030))
    number = (0x0120 if response else 0x0110, struct.pack("<H", message))
    end = ((0x0900, struct.pack("<H", 0)),) if response else ()
    return _command((0x0002, _even(VERIFICATION)), field, number, (0x0800, struct.pack("<H", 0x0101)), *end)


def _element(group: int, number: int, representation: bytes, value: bytes) -> bytes:
    if representation in (b"OW", b"OB", b"SQ", b"UN"):
        return struct.pack("<HH2sHI", group, number, representation, 0, len(value)) + value
    value = _even(value, b"\0" if representation == b"UI" else b" ")
    return struct.pack("<HH2sH", group, number, representation, len(value)) + value


def data_set(
    random: Random, modality: tuple[bytes, ...], station: bytes, serial: bytes, instance: bytes, pixels: int
) -> bytes:
    """An image in explicit VR little endian: what a device says of itself, then the pixels."""
    kind, sop_class, manufacturer, model = modality[:4]
    rows = max(1, pixels // 1024)
    return b"".join((
        _element(0x0008, 0x0005, b"CS", b"ISO_IR 100"),
        _element(0x0008, 0x0016, b"UI", sop_class),
        _element(0x0008, 0x0018, b"UI", instance),
        _element(0x0008, 0x0020, b"DA", b"20231114"),
        _element(0x0008, 0x0060, b"CS", kind),
        _element(0x0008, 0x0070, b"LO", manufacturer),
        _element(0x0008, 0x0080, b"LO", b"Made-up General Hospital"),
        _element(0x0008, 0x1010, b"SH", station),
        _element(0x0008, 0x1090, b"LO", model),
        _element(0x0010, 0x0010, b"PN", b"CANARY^PATIENT%04d" % random.randrange(10000)),
        _element(0x0010, 0x0020, b"LO", b"MRN%07d" % random.randrange(10_000_000)),
        _element(0x0018, 0x1000, b"LO", serial),
        _element(0x0018, 0x1020, b"LO", b"R%d.%d" % (1 + serial[-1] % 8, serial[-2] % 10)),
        _element(0x0020, 0x000D, b"UI", instance + b".1"),
        _element(0x0020, 0x000E, b"UI", instance + b".2"),
        _element(0x0028, 0x0002, b"US", struct.pack("<H", 1)),
        _element(0x0028, 0x0010, b"US", struct.pack("<H", min(rows, 65535))),
        _element(0x0028, 0x0011, b"US", struct.pack("<H", 512)),
        _element(0x0028, 0x0100, b"US", struct.pack("<H", 16)),
        _element(0x7FE0, 0x0010, b"OW", blob(random, rows * 1024)),
    ))  # fmt: skip


def fragments(context: int, content: bytes, *, command: bool) -> bytes:
    """P-DATA-TF PDUs with one presentation data value each (PS3.8 9.3.5, annex E.2)."""
    room = MAXIMUM_PDU - 6
    out = []
    for start in range(0, len(content), room):
        piece = content[start : start + room]
        control = (1 if command else 0) | (2 if start + room >= len(content) else 0)
        out.append(_pdu(4, struct.pack(">IBB", len(piece) + 2, context, control) + piece))
    return b"".join(out)


RELEASE_REQUEST, RELEASE_RESPONSE = _pdu(5, bytes(4)), _pdu(6, bytes(4))


def store(random: Random, now: int, client: Host, server: Host, port: int, images: int) -> Session:
    """One association in which a modality stores ``images`` images of 30 to 260 kB."""
    # A machine is always of the same make: its name decides.
    modality = MODALITIES[sum(client.name.encode()) % len(MODALITIES)]
    sop_class, implementation, version = modality[1], modality[4], modality[5]
    serial = b"SN" + client.mac[3:].hex().encode()
    classes = [sop_class, *(other[1] for other in MODALITIES if other is not modality)]
    # What it proposes is part of its software, as its version is.
    classes = classes[: 1 + client.mac[5] % 5]
    called, calling = server.name.upper().encode()[:16], client.name.upper().encode()[:16]
    tcp = Tcp(random, client, server, port, now)
    yield from tcp.open()
    yield from tcp.send(0, associate_request(called, calling, classes, implementation, version))
    yield from tcp.send(1, associate_accept(called, calling, classes))
    for message in range(1, images + 1):
        instance = ROOT + b".%d.%d" % (random.getrandbits(40), message)
        yield from tcp.send(0, fragments(1, store_request(sop_class, instance, message), command=True))
        pixels = random.randrange(30_000, 260_000)
        image = data_set(random, modality, calling, serial, instance, pixels)
        yield from tcp.send(0, fragments(1, image, command=False))
        yield from tcp.send(1, fragments(1, store_response(sop_class, instance, message), command=True))
        tcp.wait(random.randrange(5_000, 900_000))
    yield from tcp.send(0, RELEASE_REQUEST)
    yield from tcp.send(1, RELEASE_RESPONSE)
    yield from tcp.close()


def verify(random: Random, now: int, client: Host, server: Host, port: int) -> Session:
    """One association with a C-ECHO."""
    modality = MODALITIES[sum(client.name.encode()) % len(MODALITIES)]
    called, calling = server.name.upper().encode()[:16], client.name.upper().encode()[:16]
    tcp = Tcp(random, client, server, port, now)
    yield from tcp.open()
    yield from tcp.send(0, associate_request(called, calling, [VERIFICATION], modality[4], modality[5]))
    yield from tcp.send(1, associate_accept(called, calling, [VERIFICATION]))
    yield from tcp.send(0, fragments(1, echo(1, response=False), command=True))
    yield from tcp.send(1, fragments(1, echo(1, response=True), command=True))
    yield from tcp.send(0, RELEASE_REQUEST)
    yield from tcp.send(1, RELEASE_RESPONSE)
    yield from tcp.close()
