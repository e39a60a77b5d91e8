"""UPnP device descriptions: make, model and serial number, asked over HTTP."""

from __future__ import annotations

import gzip
import zlib

import pytest

from asepsis.protocols.http_body import EXPANDED_LIMIT_BYTES
from asepsis.protocols.message import Malformed
from asepsis.protocols.upnp import Upnp
from tests.protocols.conformance import MALFORMED, Data, Vector, kinds
from tests.protocols.web_wire import answer, ask, carried, chunked, converse

DESCRIPTION = b"""<?xml version="1.0"?>
<root xmlns="urn:schemas-upnp-org:device-1-0"><specVersion><major>1</major><minor>0</minor></specVersion>
<device><deviceType>urn:schemas-upnp-org:device:MediaRenderer:1</deviceType><friendlyName>Ward TV</friendlyName>
<manufacturer>Example &amp; Sons</manufacturer><manufacturerURL>http://www.example.com/</manufacturerURL>
<modelDescription>Bedside terminal</modelDescription><modelName>BT-7</modelName><modelNumber>7.2</modelNumber>
<serialNumber>SN00417</serialNumber><UDN>uuid:2fac1234-31f8-11b4-a222-08002b34c003</UDN>
<serviceList><service><serviceType>urn:schemas-upnp-org:service:AVTransport:1</serviceType></service></serviceList>
<deviceList><device><deviceType>urn:schemas-upnp-org:device:Basic:1</deviceType>
<friendlyName>inner</friendlyName><modelName>inner</modelName></device></deviceList>
</device></root>"""
FETCH = ask("/desc.xml")
BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE root [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    b'<root xmlns="urn:schemas-upnp-org:device-1-0"><device><modelName>&b;&b;&b;</modelName></device></root>'
)
OUTSIDE = (
    b'<!DOCTYPE root SYSTEM "http://10.0.0.9/x.dtd"><root xmlns="urn:schemas-upnp-org:device-1-0"><device>'
    b"<modelName>BT</modelName></device></root>"
)


def _raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


VECTORS = [
    Vector(
        name="a description",
        provenance="UPnP Device Architecture 2.0, 2.3",
        data=((0, FETCH), (1, answer(DESCRIPTION, 'text/xml; charset="utf-8"'))),
        kinds=("request", "response", "description"),
    ),
    Vector(
        name="packed and in chunks",
        provenance="RFC 9110 8.4.1.3, RFC 9112 7.1",
        data=(
            (0, FETCH),
            (1, chunked(gzip.compress(DESCRIPTION, mtime=0), "text/xml", fields="Content-Encoding: gzip\r\n")),
        ),
        kinds=("request", "response", "description"),
    ),
    Vector(
        name="entities are refused",
        provenance="XML 1.0 4.2; docs/decisions/0007",
        data=((0, FETCH), (1, answer(BOMB, "text/xml"))),
        kinds=("request", "response", MALFORMED),
    ),
    Vector(
        name="other XML is stepped over",
        provenance="RFC 4287",
        data=((0, ask("/feed")), (1, answer(b"<feed xmlns='http://www.w3.org/2005/Atom'/>", "application/xml"))),
        kinds=("request", "response"),
    ),
]


def _wrapped(start: bytes, unit: bytes) -> object:
    def make(size: int) -> Data:
        return ((0, FETCH), (1, answer(start + unit * (size // len(unit)), "text/xml")))

    return make


ROOT = b'<root xmlns="urn:schemas-upnp-org:device-1-0">'
HOSTILE = {
    "nested elements": _wrapped(ROOT, b"<a>"),
    "many elements": _wrapped(ROOT + b"<device>", b"<a/>"),
    "many attributes": _wrapped(ROOT[:-1], b' a="b"'),
    "many namespaces": _wrapped(ROOT[:-1], b' xmlns:aa="b"'),
    "many services": _wrapped(ROOT + b"<device>", b"<serviceType>x</serviceType>"),
    "character references": _wrapped(ROOT + b"<device><modelName>", b"&#65;"),
    "comments": _wrapped(ROOT, b"<!-- -->"),
}


def described(body: bytes, *, content_type: str = "text/xml", fields: str = "") -> Upnp:
    (found,) = carried(((0, FETCH), (1, answer(body, content_type, fields=fields))), "upnp")
    assert isinstance(found, Upnp)
    return found


def test_a_description_says_make_model_and_serial_number() -> None:
    assert described(DESCRIPTION).facts() == {
        "device_type": "urn:schemas-upnp-org:device:MediaRenderer:1",
        "friendly_name": "Ward TV",
        "manufacturer": "Example & Sons",
        "manufacturer_url": "http://www.example.com/",
        "model_description": "Bedside terminal",
        "model_name": "BT-7",
        "model_number": "7.2",
        "serial_number": "SN00417",
        "udn": "uuid:2fac1234-31f8-11b4-a222-08002b34c003",
        "services": ("urn:schemas-upnp-org:service:AVTransport:1",),
        "embedded": ("urn:schemas-upnp-org:device:Basic:1",),
    }


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("x-gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", _raw_deflate),
        ("identity", bytes),
    ],
)
def test_a_packed_description_says_the_same(encoding: str, pack: object) -> None:
    assert callable(pack)
    packed = pack(DESCRIPTION)
    assert described(packed, fields=f"Content-Encoding: {encoding}\r\n") == described(DESCRIPTION)


def test_what_was_cut_off_is_missing_and_the_rest_is_told() -> None:
    cut = DESCRIPTION[: DESCRIPTION.index(b"<modelNumber>")]
    stream = ((0, FETCH), (1, answer(DESCRIPTION, "text/xml")[: -len(DESCRIPTION) + len(cut)]))
    (found,) = carried(stream, "upnp")
    assert isinstance(found, Upnp)
    assert (found.model_name, found.serial_number) == ("BT-7", "")


@pytest.mark.parametrize("document", [BOMB, OUTSIDE])
def test_document_types_are_refused(document: bytes) -> None:
    *_, last = converse((0, FETCH), (1, answer(document, "text/xml")))
    assert isinstance(last, Malformed)
    assert "document type" in last.why


def test_latin_letters_of_an_old_device_are_read() -> None:
    old = b'<?xml version="1.0" encoding="iso-8859-1"?>' + DESCRIPTION.partition(b"?>")[2]
    assert described(old.replace(b"Ward TV", b"R\xf6ntgen")).friendly_name == "R\u00f6ntgen"


def test_a_bomb_is_unpacked_to_its_bound_and_no_further() -> None:
    bomb = gzip.compress(DESCRIPTION[: DESCRIPTION.index(b"</device>")] + b" " * (4 * EXPANDED_LIMIT_BYTES))
    assert described(bomb, fields="Content-Encoding: gzip\r\n").model_name == "BT-7"


def test_damaged_packing_says_nothing() -> None:
    packed = b"\x1f\x8b\x08\0" + b"\xff" * 40
    found = converse((0, FETCH), (1, answer(packed, "text/xml", fields="Content-Encoding: gzip\r\n")))
    assert kinds(found) == ("request", "response")
