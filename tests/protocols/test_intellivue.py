"""Philips IntelliVue data export: what a bedside monitor says of itself, and what is polled; never a reading."""

from __future__ import annotations

from asepsis.protocols.intellivue import IntelliVue, read
from asepsis.protocols.message import Malformed
from asepsis.protocols.phd.messages import Specification
from tests.protocols.conformance import CANARY, MALFORMED, Vector
from tests.protocols.mder_bytes import attribute, listed, octets, string, u16, u32

GUIDE = "Philips, IntelliVue Data Export Interface Programming Guide"
# NOM_MOC_VMS_MDS with its context and handle.
MDS = u16(33, 0, 0)
MAC, IP = bytes.fromhex("0009fb112233"), bytes((10, 1, 2, 3))


def bed(label: str) -> bytes:
    return octets(label.encode("utf-16-be") + b"\0\0")


SYSTEM = (
    attribute(0x0984, octets(bytes.fromhex("0009fb1122330000"))),
    attribute(0x0986, u16(1, 4429)),
    attribute(0x0928, string("Philips") + string("M8007A")),
    attribute(0x092D, listed(u16(1, 8) + string("DE0042"), u16(4, 0x58) + string("G.01.78"))),
    attribute(0x0A1E, CANARY.encode()),
)
INDICATION_ATTRIBUTES = listed(
    *SYSTEM,
    attribute(0xF135, bed("ICU BED 7")[2:]),
    attribute(0xF100, MAC + IP + bytes((255, 255, 255, 0))),
    attribute(0xF101, listed(u16(1, 3, 24000, 0), u16(1, 1, 24105, 0), u16(8, 1, 33333, 0))),
)


def operation(kind: int, command: int, content: bytes, *, linked: bytes = b"") -> bytes:
    """Session header, remote operation, command (chapter "Protocol Data Unit")."""
    inner = linked + u16(3, command) + octets(content)
    return bytes.fromhex("e1000002") + u16(kind) + octets(inner)


def report(event: int, content: bytes) -> bytes:
    return MDS + u32(77) + u16(event) + octets(content)


INDICATION = u32(0x00000100) + u16(1) + octets(u16(0, 0) + octets(report(3351, INDICATION_ATTRIBUTES)))
CREATED = operation(1, 1, report(3334, MDS + listed(*SYSTEM, attribute(0x091E, bed("ICU BED 7")))))
CONFIRMED = operation(2, 1, MDS + u32(77) + u16(3334) + octets(b""))


def poll(object_class: int) -> bytes:
    return operation(1, 7, MDS + u32(0) + u16(3094) + octets(u16(1, 1, object_class, 0)))


def polled(object_class: int) -> bytes:
    reply = u16(1) + u32(9) + bytes(8) + u16(1, object_class, 0) + listed() + CANARY.encode()
    return operation(2, 7, MDS + u16(3094) + octets(reply))


def polled_waves() -> bytes:
    reply = u16(1, 4) + u32(9) + bytes(8) + u16(1, 9, 0) + listed() + CANARY.encode()
    return operation(5, 7, MDS + u16(61755) + octets(reply), linked=b"\x01\x01")


def session(kind: int, system_type: int, startup: int) -> bytes:
    """ISO 8327-1 session header, a presentation header, then MDSEUserInfoStd behind its length."""
    information = u32(0x80000000, 0x40000000, 0, system_type, startup) + listed() + listed()
    body = bytes.fromhex("0508130100160102800014020002") + b"\xc1\x00" + bytes.fromhex("be80288002010281")
    content = body + bytes((len(information),)) + information + bytes(16)
    return bytes((kind, len(content))) + content


REQUEST, RESPONSE = session(0x0D, 0x80000000, 0x20000000), session(0x0E, 0x00800000, 0x80000000)
RELEASE = bytes.fromhex("0918c116618030800201 01a08062808001000000000000000000")

VECTORS = [
    Vector(name="connect indication", provenance=GUIDE, data=INDICATION, kinds=("Connect Indication",)),
    Vector(name="association request", provenance=GUIDE, data=REQUEST, kinds=("Association Request",)),
    Vector(name="association response", provenance=GUIDE, data=RESPONSE, kinds=("Association Response",)),
    Vector(name="system created", provenance=GUIDE, data=CREATED, kinds=("ROIV CONFIRMED_EVENT_REPORT",)),
    Vector(name="system confirmed", provenance=GUIDE, data=CONFIRMED, kinds=("RORS CONFIRMED_EVENT_REPORT",)),
    Vector(name="poll", provenance=GUIDE, data=poll(6), kinds=("ROIV CONFIRMED_ACTION",)),
    Vector(name="patient polled", provenance=GUIDE, data=polled(42), kinds=("RORS CONFIRMED_ACTION",)),
    Vector(name="waves polled", provenance=GUIDE, data=polled_waves(), kinds=("ROLRS CONFIRMED_ACTION",)),
    Vector(name="error", provenance=GUIDE, data=operation(3, 1, b""), kinds=("ROER CONFIRMED_EVENT_REPORT",)),
    Vector(name="release", provenance=GUIDE, data=RELEASE, kinds=("Release Request",)),
    Vector(name="no session", provenance=f"{GUIDE}; another first byte", data=b"\x42" * 20, kinds=(MALFORMED,)),
]


def only(payload: bytes) -> IntelliVue:
    (found,) = read(payload)
    assert isinstance(found, IntelliVue)
    return found


def test_a_connect_indication_says_what_the_monitor_is_and_where_it_stands() -> None:
    found = only(INDICATION)
    assert found.sender_is_server is True
    assert found.facts() == {
        "event": "NOTI_CONN_INDIC",
        "system_id": "0009fb1122330000",
        "device": "1:4429",
        "manufacturer": "Philips",
        "model": "M8007A",
        "bed_label": "ICU BED 7",
        "mac": "00:09:fb:11:22:33",
        "ip": "10.1.2.3",
        "ports": (24105,),
        "serial_number": "DE0042",
        "software_revision": "G.01.78",
    }


def test_a_create_event_names_its_specifications_with_their_components() -> None:
    assert only(CREATED).specifications == (
        Specification(kind="serial_number", component=8, text="DE0042"),
        Specification(kind="software_revision", component=0x58, text="G.01.78"),
    )


def test_a_poll_says_which_class_of_objects_is_wanted() -> None:
    assert only(poll(54)).polled == "MOC_VMO_AL_MON"
    assert only(poll(54)).sender_is_server is False
    assert only(polled_waves()).polled == "MOC_VMO_METRIC_SA_RT"
    assert only(polled_waves()).sender_is_server is True


def test_an_answer_about_the_patient_says_that_it_went_in_clear() -> None:
    assert only(polled(42)).patient_data_in_clear
    assert not only(polled(6)).patient_data_in_clear
    assert not only(poll(42)).patient_data_in_clear


def test_an_association_says_which_side_is_which() -> None:
    assert only(REQUEST).facts() == {"system_type": "client", "startup_mode": "cold"}
    assert only(RESPONSE).facts() == {"system_type": "server", "startup_mode": "hot"}
    assert only(REQUEST).sender_is_server is False
    assert only(RESPONSE).sender_is_server is True


def test_a_production_specification_that_is_cut_leaves_the_rest() -> None:
    attributes = listed(attribute(0x092D, u16(9, 99) + b"\0"), attribute(0x0928, string("Philips") + string("M8007A")))
    found = only(operation(1, 1, report(3334, MDS + attributes)))
    assert (found.model, found.specifications) == ("M8007A", ())


def test_an_event_that_is_no_indication_is_malformed() -> None:
    (found,) = read(u32(0x00000100) + u16(1) + octets(u16(0, 0) + octets(report(99, listed()))))
    assert isinstance(found, Malformed)
