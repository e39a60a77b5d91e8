"""IEEE 11073-20601: who associates, what a personal health device is and measures; never a value."""

from __future__ import annotations

from asepsis.protocols.message import Malformed, Result
from asepsis.protocols.phd import Association, DataMessage, Ending, PhdStream
from asepsis.protocols.phd.reading import ELEMENTS_LIMIT
from tests.protocols.conformance import CANARY, MALFORMED, Vector
from tests.protocols.mder_bytes import attribute, listed, octets, string, u16, u32

PULSE_OXIMETER = 400  # IEEE 11073-10404: its first standard configuration
EXTENDED = 0x4000
SYSTEM_ID = bytes.fromhex("0022aafffe112233")


def apdu(choice: int, content: bytes) -> bytes:
    return u16(choice) + octets(content)


def information(config_id: int, *, system_type: int, system_id: bytes = SYSTEM_ID) -> bytes:
    """PhdAssociationInformation (A.8): version 1, MDER, nomenclature 1, no functional units."""
    return (
        u32(0x80000000) + u16(0x8000) + u32(0x80000000, 0, system_type) + octets(system_id) + u16(config_id)
        + u16(0x0081) + b"\x01\x00" + listed()
    )  # fmt: skip


def association(config_id: int) -> bytes:
    protocol = u16(20601) + octets(information(config_id, system_type=0x00800000))
    return apdu(0xE200, u32(0x80000000) + listed(protocol))


def answer(result: int) -> bytes:
    said = information(0, system_type=0x80000000, system_id=bytes(8)[:7] + b"\x01")
    return apdu(0xE300, u16(result, 20601) + octets(said))


def data(choice: int, content: bytes, invoke_id: int = 7) -> bytes:
    return apdu(0xE700, octets(u16(invoke_id, choice) + octets(content)))


def event(number: int, content: bytes, *, handle: int = 0, choice: int = 0x0101) -> bytes:
    return data(choice, u16(handle) + u32(0xFFFFFFFF) + u16(number) + octets(content))


def measured(handle: int, partition: int, code: int) -> bytes:
    """A numeric object; its label holds a person's name, which nobody may keep."""
    attributes = listed(attribute(2351, u16(partition, code)), attribute(2343, string(CANARY)))
    return u16(6, handle) + attributes


CONFIGURATION = event(3356, u16(EXTENDED) + listed(measured(1, 2, 19384), measured(10, 2, 18458)))
CONFIGURED = data(0x0201, u16(0) + u32(0) + u16(3356) + octets(u16(EXTENDED, 0)))
WANTS_ALL = data(0x0103, u16(0) + listed())
DEVICE = data(
    0x0203,
    u16(0)
    + listed(
        attribute(2650, listed(u16(4100, 1))),
        attribute(2344, string("Example Medical") + string("Oxi 300")),
        attribute(2436, octets(SYSTEM_ID)),
        attribute(2628, u16(EXTENDED)),
        attribute(
            2349,
            listed(u16(1, 0) + string("SN-0042"), u16(5, 0) + string("2.1.7"), u16(7, 0) + string("17148")),
        ),
        attribute(2389, u16(0x4000)),
        attribute(2629, u16(0xC010, 7936) + u32(0, 0)),
    ),
)
SECRET = CANARY.encode()
REPORT = event(3357, u16(0xF000, 0) + listed(u16(1) + octets(SECRET), u16(10) + octets(b"\x00\x48")))
# Kept apart by person: the person's number, then observations with their attributes.
REPORT_VAR = event(
    3360, u16(0xF000, 0) + listed(u16(1) + listed(u16(10) + listed(attribute(2636, SECRET), attribute(2448, bytes(8)))))
)
WRONG_LENGTH = event(
    3358,
    u16(0xF000, 0) + u16(1) + octets(u16(10, 2, 4) + attribute(2636, SECRET) + attribute(2448, bytes(8))),
)
GROUPED = event(3370, u16(0xF000, 1) + listed(octets(SECRET)), handle=40, choice=0x0100)
GROUPED_BY_PERSON = event(3373, u16(0xF000, 1) + listed(u16(1) + octets(SECRET)), handle=40, choice=0x0100)
WANTS_DATA = data(0x0107, u16(0, 3099) + octets(u16(0x0100, 0x8480) + u32(0) + u16(0) + listed()))
DATA = data(
    0x0207,
    u16(0, 3099) + octets(u32(0) + u16(0, 3357) + octets(u16(0x0100, 0) + listed(u16(1) + octets(SECRET)))),
)
RELEASE, RELEASED = apdu(0xE400, u16(0)), apdu(0xE500, u16(0))

SESSION = (
    (0, association(EXTENDED)),
    (1, answer(3)),
    (0, CONFIGURATION),
    (1, CONFIGURED),
    (1, WANTS_ALL),
    (0, DEVICE),
    (0, REPORT),
    (0, REPORT_VAR),
    (0, GROUPED + GROUPED_BY_PERSON),
    (1, WANTS_DATA),
    (0, DATA),
    (0, RELEASE),
    (1, RELEASED),
)
REPORTS = "roiv-cmip-confirmed-event-report"

VECTORS = [
    Vector(
        name="a session from association to release",
        provenance="IEEE 11073-20601 annexes A, F and H",
        data=SESSION,
        kinds=(
            "AARQ",
            "AARE",
            REPORTS,
            "rors-cmip-confirmed-event-report",
            "roiv-cmip-get",
            "rors-cmip-get",
            REPORTS,
            REPORTS,
            "roiv-cmip-event-report",
            "roiv-cmip-event-report",
            "roiv-cmip-confirmed-action",
            "rors-cmip-confirmed-action",
            "RLRQ",
            "RLRE",
        ),
    ),
    Vector(
        name="a manager that knows no configuration of the device's",
        provenance="IEEE 11073-20601 A.8: rejected-no-common-protocol, error, reject, abort",
        data=(
            (0, association(PULSE_OXIMETER)),
            (1, apdu(0xE300, u16(4, 0) + octets(b""))),
            (1, data(0x0300, u16(2) + octets(b""))),
            (0, data(0x0400, u16(2))),
            (1, apdu(0xE600, u16(3))),
        ),
        kinds=("AARQ", "AARE", "roer", "rorj", "ABRT"),
    ),
    Vector(
        name="a report whose list of attributes is longer than it says",
        provenance="IEEE 11073-20601 A.11.5, with a wrong length as some devices write it",
        data=((0, WRONG_LENGTH),),
        kinds=(REPORTS, MALFORMED),
    ),
    Vector(
        name="a configuration that is whole only in part",
        provenance="IEEE 11073-20601 A.11.5, with the length of the second object's attributes too great",
        data=((0, event(3356, u16(EXTENDED) + u16(2) + octets(measured(1, 2, 19384) + u16(6, 10, 1, 200)))),),
        kinds=(REPORTS, MALFORMED),
    ),
]


def many_objects(size: int) -> tuple[tuple[int, bytes], ...]:
    """Configurations of as many objects as fit."""
    one = event(3356, u16(EXTENDED) + listed(*[u16(6, handle) + listed() for handle in range(4000)]))
    return ((0, one * max(size // len(one), 1)),)


HOSTILE = {"configurations of thousands of objects": many_objects}


def read(*turns: tuple[int, bytes]) -> list[Result]:
    stream = PhdStream()
    return [result for sender, piece in turns for result in stream.feed(sender, piece)] + list(stream.close())


def test_an_association_says_who_asks_and_by_which_standard_configuration() -> None:
    (found,) = read((0, association(PULSE_OXIMETER)))
    assert isinstance(found, Association)
    assert found.sender_is_server is False
    assert found.facts() == {
        "association_version": 1,
        "protocols": (20601,),
        "protocol_version": 1,
        "encodings": ("MDER",),
        "nomenclature_version": 1,
        "system_type": "agent",
        "system_id": "0022aafffe112233",
        "config_id": PULSE_OXIMETER,
        "specialization": "DEV_SPEC_PROFILE_PULS_OXIM",
        "data_request_modes": 0x81,
        "agent_initiated": 1,
    }


def test_the_attributes_of_a_device_say_who_made_it_and_what_it_is() -> None:
    (found,) = read((0, DEVICE))
    assert isinstance(found, DataMessage)
    assert found.facts() == {
        "invoke_id": 7,
        "system_id": "0022aafffe112233",
        "manufacturer": "Example Medical",
        "model": "Oxi 300",
        "config_id": EXTENDED,
        "clock": "0xc010 7936",
        "power": "battery",
        "serial_number": "SN-0042",
        "firmware_revision": "2.1.7",
        "gmdn": "17148",
        "specializations": ["DEV_SPEC_PROFILE_PULS_OXIM"],
    }


def test_a_report_says_what_was_measured_as_the_configuration_named_it() -> None:
    found = read((0, CONFIGURATION), (0, REPORT), (0, REPORT_VAR))
    reports = [one for one in found if isinstance(one, DataMessage) and one.observations]
    assert [one.handles for one in reports] == [(1, 10), (10,)]
    assert [one.measured for one in reports] == [("PULS_OXIM_SAT_O2", "PULS_OXIM_PULS_RATE"), ("PULS_OXIM_PULS_RATE",)]
    assert [one.by_person for one in reports] == [False, True]


def test_what_an_object_measures_is_told_by_number_where_it_has_no_name() -> None:
    (found,) = read((0, event(3356, u16(EXTENDED) + listed(measured(1, 2, 0xF001)))))
    assert isinstance(found, DataMessage)
    assert [one.type for one in found.objects] == ["2:61441"]


def test_agent_and_manager_are_told_by_what_they_send() -> None:
    stream = PhdStream()
    for sender, piece in SESSION:
        for found in stream.feed(sender, piece):
            if not isinstance(found, Ending | Malformed):
                assert found.sender_is_server is (sender == 1), found


def test_a_presentation_whose_lengths_contradict_each_other_ends_the_direction_until_the_next_segment() -> None:
    broken = u16(0xE700) + octets(u16(99) + bytes(20))
    stream = PhdStream()
    (found,) = stream.feed(0, broken)
    assert isinstance(found, Malformed)
    assert [result.kind for result in stream.feed(0, RELEASE) if isinstance(result, Ending)] == ["RLRQ"]


def test_after_a_gap_the_next_apdu_is_found_at_the_beginning_of_a_segment() -> None:
    stream = PhdStream()
    stream.feed(0, REPORT[:20])
    assert stream.feed(0, REPORT[30:], gap=True) == ()
    assert len(stream.feed(0, REPORT)) == 1


def test_no_more_objects_are_remembered_than_the_limit() -> None:
    ((_, piece),) = many_objects(1)
    found = read((0, piece))
    assert isinstance(found[0], DataMessage)
    assert len(found[0].objects) == ELEMENTS_LIMIT
