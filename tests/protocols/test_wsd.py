"""WS-Discovery and DPWS metadata: who is there, of which make."""

from __future__ import annotations

from asepsis.protocols.message import Malformed
from asepsis.protocols.wsd import Wsd, read
from tests.protocols.conformance import CANARY, MALFORMED, Data, Vector
from tests.protocols.web_wire import answer, ask, carried

UUID = "urn:uuid:4fac1234-31f8-11b4-a222-08002b34c003"
NAMESPACES = (
    'xmlns:soap="http://www.w3.org/2003/05/soap-envelope" '
    'xmlns:wsa="http://schemas.xmlsoap.org/ws/2004/08/addressing" '
    'xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" '
    'xmlns:dp="http://schemas.xmlsoap.org/ws/2006/02/devprof" '
    'xmlns:dpws="http://docs.oasis-open.org/ws-dd/ns/dpws/2009/01" '
    'xmlns:mdpws="http://standards.ieee.org/downloads/11073/11073-20702-2016" '
    'xmlns:p="http://schemas.microsoft.com/windows/pub/2005/07"'
)
DISCOVERY = "http://schemas.xmlsoap.org/ws/2005/04/discovery/"
NEWER = "http://docs.oasis-open.org/ws-dd/ns/discovery/2009/01/"


def envelope(action: str, body: str, *, number: int = 1) -> bytes:
    """SOAP 1.2 with the header of WS-Addressing."""
    return (
        f'<?xml version="1.0" encoding="utf-8"?><soap:Envelope {NAMESPACES}><soap:Header>'
        f"<wsa:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</wsa:To><wsa:Action>{action}</wsa:Action>"
        f"<wsa:MessageID>urn:uuid:0a6dc791-2be6-4991-9af1-{number:012d}</wsa:MessageID>"
        f'<d:AppSequence InstanceId="{number}" MessageNumber="{number}"/></soap:Header>'
        f"<soap:Body>{body}</soap:Body></soap:Envelope>"
    ).encode()


def endpoint(types: str, scopes: str = "", addresses: str = "", uuid: str = UUID) -> str:
    """What an announcement and a match hold."""
    return (
        f"<wsa:EndpointReference><wsa:Address>{uuid}</wsa:Address></wsa:EndpointReference><d:Types>{types}</d:Types>"
        f"<d:Scopes>{scopes}</d:Scopes><d:XAddrs>{addresses}</d:XAddrs><d:MetadataVersion>2</d:MetadataVersion>"
    )


PLACE = "sdc.ctxt.loc:/sdc.ctxt.loc.detail/HOSP%2F%2F%2FCU1%2F%2FBed42?fac=HOSP&amp;poc=CU1&amp;bed=Bed42"
SCOPES = f"{PLACE} sdc.ctxt.opr:/{CANARY}/4711 sdc.mds.pkp:1.2.840.10004.20701.1.1"
HELLO = envelope(
    DISCOVERY + "Hello",
    f"<d:Hello>{endpoint('dpws:Device mdpws:MedicalDevice', SCOPES, 'http://10.0.0.9:53200/4fac')}</d:Hello>",
)
PROBE = envelope(DISCOVERY + "Probe", "<d:Probe><d:Types>dp:Device</d:Types></d:Probe>")
MATCHES = envelope(
    NEWER + "ProbeMatches",
    "<d:ProbeMatches>"
    + "".join(
        f"<d:ProbeMatch>{endpoint(types, scopes, address, uuid)}</d:ProbeMatch>"
        for types, scopes, address, uuid in (
            ("dp:Device p:Computer", "", "http://10.0.0.8:5357/x/", UUID),
            ("x:Y", "onvif://www.onvif.org/hardware/C-100 onvif://www.onvif.org/name/Hall", "http://10.0.0.7/o", "u:2"),
        )
    )
    + "</d:ProbeMatches>",
)
METADATA = envelope(
    "http://schemas.xmlsoap.org/ws/2004/09/transfer/GetResponse",
    '<m:Metadata xmlns:m="http://schemas.xmlsoap.org/ws/2004/09/mex">'
    '<m:MetadataSection Dialect="http://docs.oasis-open.org/ws-dd/ns/dpws/2009/01/ThisDevice"><dpws:ThisDevice>'
    "<dpws:FriendlyName>Ventilator 3</dpws:FriendlyName><dpws:FirmwareVersion>2.11</dpws:FirmwareVersion>"
    "<dpws:SerialNumber>VT-0042</dpws:SerialNumber></dpws:ThisDevice></m:MetadataSection>"
    '<m:MetadataSection><dpws:ThisModel><dpws:Manufacturer xml:lang="en">Example</dpws:Manufacturer>'
    "<dpws:ModelName>Breath</dpws:ModelName><dpws:ModelNumber>900</dpws:ModelNumber></dpws:ThisModel>"
    "</m:MetadataSection><m:MetadataSection><dpws:Relationship><dpws:Host>"
    f"<wsa:EndpointReference><wsa:Address>{UUID}</wsa:Address></wsa:EndpointReference>"
    "<dpws:Types>mdpws:MedicalDevice</dpws:Types></dpws:Host>"
    '<dpws:Hosted><dpws:Types xmlns:s="http://standards.ieee.org/downloads/11073/11073-20701-2018">s:GetService'
    "</dpws:Types></dpws:Hosted></dpws:Relationship></m:MetadataSection></m:Metadata>",
)
GET = envelope("http://schemas.xmlsoap.org/ws/2004/09/transfer/Get", "")

VECTORS = [
    Vector(name="hello", provenance="WS-Discovery 1.0 4.1; IEEE 11073-20701 9", data=HELLO, kinds=("Hello",)),
    Vector(name="probe", provenance="WS-Discovery 1.0 5.2", data=PROBE, kinds=("Probe",)),
    Vector(
        name="two matches",
        provenance="WS-Discovery 1.1 5.3; ONVIF core specification 7.3",
        data=MATCHES,
        kinds=("ProbeMatches", "ProbeMatches"),
    ),
    Vector(
        name="metadata",
        provenance="DPWS 1.1 5.1 to 5.3",
        data=(
            (0, ask("/4fac", GET, "application/soap+xml")),
            (1, answer(METADATA, "application/soap+xml; charset=utf-8")),
        ),
        kinds=("request", "Get", "response", "GetResponse"),
    ),
    Vector(name="no envelope", provenance="SOAP 1.2 part 1, 5", data=b"<a>" + b" " * 200, kinds=(MALFORMED,)),
]


def _many(unit: bytes) -> object:
    def make(size: int) -> Data:
        start, end = MATCHES.split(b"<d:ProbeMatch>", 1)[0], b""
        return start + unit * (size // len(unit)) + end

    return make


HOSTILE = {
    "many matches": _many(f"<d:ProbeMatch>{endpoint('a:b')}</d:ProbeMatch>".encode()),
    "message ids without an end": lambda size: b"<MessageID " * (size // 11),
    "message ids inside each other": lambda size: b"<MessageID>" * (size // 11),
}


def heard(payload: bytes) -> Wsd:
    (found,) = read(payload)
    assert isinstance(found, Wsd)
    return found


def test_an_announcement_says_types_scopes_and_place_but_no_person() -> None:
    assert heard(HELLO).facts() == {
        "endpoint": UUID,
        "types": ("dpws:Device", "mdpws:MedicalDevice"),
        "scopes": (PLACE.replace("&amp;", "&"), "sdc.ctxt.opr", "sdc.mds.pkp:1.2.840.10004.20701.1.1"),
        "addresses": ("http://10.0.0.9:53200/4fac",),
        "metadata_version": 2,
    }
    assert heard(HELLO).sender_is_server is None


def test_messages_that_differ_in_their_numbers_are_one() -> None:
    first, second = (
        heard(envelope(DISCOVERY + "Hello", f"<d:Hello>{endpoint('dp:Device')}</d:Hello>", number=number))
        for number in (1, 2)
    )
    assert first is second


def test_each_match_is_a_message() -> None:
    first, second = read(MATCHES)
    assert isinstance(first, Wsd)
    assert isinstance(second, Wsd)
    assert first.types == ("dpws:Device", "pub:Computer")
    assert second.scopes == ("onvif://www.onvif.org/hardware/C-100", "onvif://www.onvif.org/name/Hall")
    assert first.sender_is_server is True


def test_metadata_say_make_model_and_version() -> None:
    data = ((0, ask("/4fac", GET, "application/soap+xml")), (1, answer(METADATA, "application/soap+xml")))
    asked, said = carried(data, "wsd")
    assert asked.sender_is_server is False
    assert said.facts() == {
        "endpoint": UUID,
        "types": ("mdpws:MedicalDevice",),
        "friendly_name": "Ventilator 3",
        "firmware": "2.11",
        "serial_number": "VT-0042",
        "manufacturer": "Example",
        "model_name": "Breath",
        "model_number": "900",
        "hosted": ("sdc:GetService",),
    }


def test_a_document_type_in_a_datagram_is_malformed() -> None:
    (found,) = read(b'<!DOCTYPE x [<!ENTITY a "b">]>' + HELLO.partition(b"?>")[2])
    assert isinstance(found, Malformed)
    assert found.why == "a document type declaration"
