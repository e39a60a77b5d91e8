"""DICOM: associations, DIMSE messages, and streams with pieces missing."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

import pytest

from asepsis.protocols.dicom import Abort, Association, DicomStream, DimseMessage, Rejection, association
from asepsis.protocols.dicom.command import COMMAND_FIELDS
from asepsis.protocols.dicom.data_set import DATA_SET_LIMIT
from asepsis.protocols.dicom.messages import status_class
from asepsis.protocols.dicom.stream import ASSOCIATE_LIMIT, COMMAND_LIMIT, OPERATIONS_LIMIT
from asepsis.protocols.message import Malformed, Result
from tests.protocols.conformance import CANARY, MALFORMED, Vector, assert_no_canary, kinds, overwritten
from tests.protocols.dicom_bytes import (
    CT_STORAGE,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    RELEASE_RP,
    RELEASE_RQ,
    STUDY_FIND,
    STUDY_MOVE,
    VERIFICATION,
    WORKLIST_FIND,
    answered,
    associate,
    command,
    element,
    equipment,
    extended,
    fragment,
    identity,
    item,
    p_data,
    pdu,
    proposed,
    request,
    response,
    role,
    sequence,
    user_information,
    window,
)

MODALITY = user_information(
    "1.2.276.0.1",
    "EXAMPLE_1.0",
    window(8, 4),
    role(CT_STORAGE, scu=True, scp=True),
    extended(STUDY_FIND, b"\1\1"),
    identity(2, f"{CANARY}-user".encode(), f"{CANARY}-passcode".encode()),
)
ARCHIVE = user_information("1.2.40.0.13", "ARCHIVE 5", item(0x59, b"\0\0"), max_pdu=0)

ASSOCIATE_RQ = associate(
    1,
    "ARCHIVE",
    "CT01",
    proposed(1, VERIFICATION, IMPLICIT),
    proposed(3, CT_STORAGE, EXPLICIT, IMPLICIT),
    proposed(5, STUDY_FIND, EXPLICIT, IMPLICIT),
    proposed(7, STUDY_MOVE, IMPLICIT),
    proposed(9, WORKLIST_FIND, IMPLICIT),
    MODALITY,
)
ASSOCIATE_AC = associate(
    2,
    "ARCHIVE",
    "CT01",
    answered(1, 0, IMPLICIT),
    answered(3, 0, EXPLICIT),
    answered(5, 0, IMPLICIT),
    answered(7, 0, IMPLICIT),
    answered(9, 3, ""),
    ARCHIVE,
)
OPENED = ((0, ASSOCIATE_RQ), (1, ASSOCIATE_AC))
RELEASED = ((0, RELEASE_RQ), (1, RELEASE_RP))


def briefly(context: int, abstract: str, transfer: str) -> tuple[tuple[int, bytes], ...]:
    """An association about one thing, without more than it needs."""
    about = user_information("1.2.3", "V1")
    request = associate(1, "ARCHIVE", "CT01", proposed(context, abstract, transfer), about)
    return (0, request), (1, associate(2, "ARCHIVE", "CT01", answered(context, 0, transfer), about))


ECHO_RQ = p_data(fragment(1, 3, request(0x30, VERIFICATION, 1, data=False)))
ECHO_RSP = p_data(fragment(1, 3, response(0x30, VERIFICATION, 1, 0)))

IMAGE = equipment(patient=CANARY) + element(0x7FE00010, "OW", b"KANARI" * 60)
STORE_RQ = p_data(fragment(3, 3, request(0x01, CT_STORAGE, 2, (0x0700, 1), (0x1000, "1.2.3.4.5"), data=True)))
STORED = p_data(fragment(3, 0, IMAGE[:100]), fragment(3, 0, IMAGE[100:333])) + p_data(fragment(3, 2, IMAGE[333:]))
STORE_RSP = p_data(fragment(3, 3, response(0x01, CT_STORAGE, 2, 0, (0x1000, "1.2.3.4.5"))))

KEYS = (
    element(0x00080020, "DA", "20240101-", form=IMPLICIT)
    + element(0x00080052, "CS", "STUDY", form=IMPLICIT)
    + element(0x00080060, "CS", "CT", form=IMPLICIT)
    + element(0x00100010, "PN", f"{CANARY}*", form=IMPLICIT)
    + element(0x00100020, "LO", "", form=IMPLICIT)
    + element(0x00100030, "DA", "*", form=IMPLICIT)
    + element(0x0020000D, "UI", "", form=IMPLICIT)
)
FIND_RQ = p_data(fragment(5, 3, request(0x20, STUDY_FIND, 3, (0x0700, 0), data=True)), fragment(5, 2, KEYS))
MATCH = element(0x00080070, "LO", "Other Maker", form=IMPLICIT) + element(0x00100010, "PN", CANARY, form=IMPLICIT)
FIND_PENDING = p_data(fragment(5, 3, response(0x20, STUDY_FIND, 3, 0xFF00, data=True))) + p_data(fragment(5, 2, MATCH))
FIND_RSP = p_data(fragment(5, 3, response(0x20, STUDY_FIND, 3, 0)))

MOVE_RQ = p_data(fragment(7, 3, request(0x21, STUDY_MOVE, 4, (0x0600, "VIEWER  "), data=True)), fragment(7, 2, KEYS))
COUNTS = ((0x1020, 0), (0x1021, 5), (0x1022, 1), (0x1023, 2))
MOVE_PENDING = p_data(fragment(7, 3, response(0x21, STUDY_MOVE, 4, 0xFF00, *COUNTS)))
MOVE_RSP = p_data(fragment(7, 3, response(0x21, STUDY_MOVE, 4, 0xB000, *COUNTS[1:])))

VECTORS = [
    Vector(
        name="echo",
        provenance="PS3.8 9.3.2 to 9.3.7, PS3.7 9.3.5",
        data=(*OPENED, (0, ECHO_RQ), (1, ECHO_RSP), *RELEASED),
        kinds=("A-ASSOCIATE-RQ", "A-ASSOCIATE-AC", "C-ECHO-RQ", "C-ECHO-RSP", "A-RELEASE-RQ", "A-RELEASE-RP"),
    ),
    Vector(
        name="store",
        provenance="PS3.7 9.3.1, PS3.8 annex E, PS3.5 7.1",
        data=(*briefly(3, CT_STORAGE, EXPLICIT), (0, STORE_RQ + STORED), (1, STORE_RSP)),
        kinds=("A-ASSOCIATE-RQ", "A-ASSOCIATE-AC", "C-STORE-RQ", "C-STORE-RSP"),
    ),
    Vector(
        name="find",
        provenance="PS3.7 9.3.2, PS3.4 C.4.1",
        data=(*briefly(5, STUDY_FIND, IMPLICIT), (0, FIND_RQ), (1, FIND_PENDING * 3 + FIND_RSP)),
        kinds=("A-ASSOCIATE-RQ", "A-ASSOCIATE-AC", "C-FIND-RQ", "C-FIND-RSP"),
    ),
    Vector(
        name="move",
        provenance="PS3.7 9.3.4, PS3.4 C.4.2",
        data=(*briefly(7, STUDY_MOVE, IMPLICIT), (0, MOVE_RQ), (1, MOVE_PENDING * 2 + MOVE_RSP)),
        kinds=("A-ASSOCIATE-RQ", "A-ASSOCIATE-AC", "C-MOVE-RQ", "C-MOVE-RSP"),
    ),
    Vector(
        name="rejected",
        provenance="PS3.8 9.3.4",
        data=(briefly(1, VERIFICATION, IMPLICIT)[0], (1, pdu(3, b"\0\1\1\7"))),
        kinds=("A-ASSOCIATE-RQ", "A-ASSOCIATE-RJ"),
    ),
    Vector(
        name="aborted",
        provenance="PS3.8 9.3.8",
        data=(
            *briefly(3, CT_STORAGE, EXPLICIT),
            (0, STORE_RQ + p_data(fragment(3, 0, IMAGE[:200]))),
            (1, pdu(7, b"\0\0\2\1")),
        ),
        kinds=("A-ASSOCIATE-RQ", "A-ASSOCIATE-AC", "A-ABORT", "C-STORE-RQ"),
    ),
    Vector(
        name="damaged in the middle",
        provenance="PS3.8 9.3.1: a PDU type that is not defined",
        data=(*briefly(1, VERIFICATION, IMPLICIT), (0, ECHO_RQ + b"\x09\0\0\0\0\4abcd" + ECHO_RQ)),
        kinds=("A-ASSOCIATE-RQ", "A-ASSOCIATE-AC", "C-ECHO-RQ", MALFORMED, "C-ECHO-RQ"),
    ),
]

HOSTILE = {
    "PDU types that do not exist": lambda size: (*OPENED, (0, (b"\x09\0\0\0\0\4" + RELEASE_RQ) * (size // 16))),
    "almost headers": lambda size: ((0, b"\4\0\0\0\0\x09\0\0\0\5\2\3" * (size // 12)),),
    "empty fragments": lambda size: (*OPENED, (0, p_data(fragment(3, 0, b"")) * (size // 12))),
    "pending responses": lambda size: (
        *OPENED,
        (1, b"".join(_pending(number) for number in range(size // 100))),
    ),
    "commands without end": lambda size: (*OPENED, (0, p_data(fragment(1, 1, bytes(100))) * (size // 112))),
    "sequences without end": lambda size: (
        *OPENED,
        (0, STORE_RQ + p_data(fragment(3, 2, b"\x08\0\x40\x11SQ\0\0\xff\xff\xff\xff" * (size // 12)))),
    ),
    "contexts": lambda size: ((0, associate(1, "A", "B", proposed(1, "", "") * (size // 16))),),
}


def _pending(number: int) -> bytes:
    return p_data(fragment(7, 3, response(0x21, STUDY_MOVE, number & 0xFFFF, 0xFF00)))


def results(*turns: tuple[int, bytes], close: bool = True) -> list[Result]:
    stream = DicomStream()
    found: list[Result] = []
    for sender, data in turns:
        found += stream.feed(sender, data)
    return [*found, *(stream.close() if close else ())]


def last(*turns: tuple[int, bytes]) -> DimseMessage:
    found = results(*turns)[-1]
    assert isinstance(found, DimseMessage)
    return found


# --- associations ---


def test_a_request_says_who_asks_for_what() -> None:
    (found,) = results((0, ASSOCIATE_RQ))
    assert isinstance(found, Association)
    assert found.sender_is_server is False
    assert found.facts() == {
        "called_ae": "ARCHIVE",
        "calling_ae": "CT01",
        "implementation_class_uid": "1.2.276.0.1",
        "implementation_version": "EXAMPLE_1.0",
        "services": [
            "Verification",
            "CT Image Storage",
            "Study Root Query/Retrieve Information Model - FIND",
            "Study Root Query/Retrieve Information Model - MOVE",
            "Modality Worklist Information Model - FIND",
        ],
        "contexts": [
            {"abstract_syntaxes": [VERIFICATION], "transfer_syntaxes": [IMPLICIT]},
            {"abstract_syntaxes": [CT_STORAGE, STUDY_FIND], "transfer_syntaxes": [EXPLICIT, IMPLICIT]},
            {"abstract_syntaxes": [STUDY_MOVE, WORKLIST_FIND], "transfer_syntaxes": [IMPLICIT]},
        ],
        "extended_negotiation": [STUDY_FIND],
        "roles": [{"sop_class": CT_STORAGE, "scu": True, "scp": True}],
        "max_pdu_bytes": 16384,
        "operations_window": [8, 4],
        "user_identity": "username and passcode",
    }


def test_an_answer_says_what_was_accepted() -> None:
    found = results(*OPENED)[1]
    assert isinstance(found, Association)
    assert found.sender_is_server is True
    facts = found.facts()
    assert facts["implementation_version"] == "ARCHIVE 5"
    assert facts["max_pdu_bytes"] == 0
    assert facts["user_identity_answered"] is True
    assert facts["services"] == [
        "Verification",
        "CT Image Storage",
        "Study Root Query/Retrieve Information Model - FIND",
        "Study Root Query/Retrieve Information Model - MOVE",
    ]
    assert facts["contexts"][-1] == {
        "abstract_syntaxes": [WORKLIST_FIND],
        "result": "abstract syntax not supported",
    }


def test_an_answer_without_its_request_says_what_it_can() -> None:
    (found,) = results((1, ASSOCIATE_AC))
    facts = found.facts() if not isinstance(found, Malformed) else {}
    assert facts["calling_ae"] == "CT01"
    assert facts["contexts"][0] == {"transfer_syntaxes": [IMPLICIT], "result": "acceptance"}
    assert "services" not in facts


def test_a_request_that_is_cut_tells_what_came() -> None:
    (found,) = results((0, ASSOCIATE_RQ[:300]))
    assert isinstance(found, Association)
    assert found.facts()["calling_ae"] == "CT01"
    assert found.facts()["complete"] is False
    assert results((0, ASSOCIATE_RQ[:70])) == []


def test_an_item_that_runs_beyond_its_pdu_is_malformed_and_the_rest_is_told() -> None:
    wrong = associate(1, "ARCHIVE", "CT01", proposed(1, VERIFICATION, IMPLICIT), b"\x50\0\x7f\xff")
    found, why = results((0, wrong))
    assert isinstance(found, Association)
    assert len(found.contexts) == 1
    assert isinstance(why, Malformed)
    assert why.where == "A-ASSOCIATE-RQ"


def test_more_contexts_than_there_are_ids_are_malformed() -> None:
    found, why = results((0, associate(1, "A", "B", proposed(1, VERIFICATION, IMPLICIT) * 129)))
    assert isinstance(found, Association)
    assert len(found.contexts) == 128
    assert isinstance(why, Malformed)


def test_a_rejection_says_why() -> None:
    found = results((0, ASSOCIATE_RQ), (1, pdu(3, b"\0\1\1\7")))[1]
    assert isinstance(found, Rejection)
    assert found.sender_is_server is True
    assert found.facts() == {
        "result": "rejected permanent",
        "source": "service user",
        "reason": "called AE title not recognized",
    }


def test_an_abort_says_who_and_why() -> None:
    found = results(*OPENED, (1, pdu(7, b"\0\0\2\2")))[-1]
    assert isinstance(found, Abort)
    assert found.sender_is_server is True
    assert found.facts() == {"source": "service provider", "reason": "unexpected PDU"}
    (alone,) = results((0, pdu(7, b"\0\0\0\0")))
    assert isinstance(alone, Abort)
    assert alone.sender_is_server is None
    assert alone.facts() == {"source": "service user"}


def test_several_associations_in_one_conversation_are_read_one_by_one() -> None:
    again = associate(1, "PRINTER", "CT01", proposed(1, CT_STORAGE, IMPLICIT), ARCHIVE)
    found = results(*OPENED, *RELEASED, (1, again), (1, STORE_RQ.replace(b"\3\3", b"\1\3", 1)))
    store = found[-1]
    assert isinstance(store, DimseMessage)
    assert store.sender_is_server is False, "the side that was the server has asked this time"


# --- DIMSE ---


@pytest.mark.parametrize(("field", "name"), COMMAND_FIELDS.items())
def test_every_command_is_named(field: int, name: str) -> None:
    body = command((0x0002, VERIFICATION), (0x0100, field), (0x0120, 1), (0x0800, 0x0101), (0x0900, 0))
    assert kinds(results((0, p_data(fragment(1, 3, body))))) == (name,)


def test_a_store_says_which_machine_made_the_object_and_whose_data_is_in_clear() -> None:
    found = last(*OPENED, (0, STORE_RQ + STORED))
    assert found.sender_is_server is False
    assert found.facts() == {
        "sop_class": CT_STORAGE,
        "sop_class_name": "CT Image Storage",
        "priority": "high",
        "patient_data_in_clear": True,
        "data_set": {
            "transfer_syntax": EXPLICIT,
            "encoding": "explicit VR little endian",
            "equipment": {
                "Modality": "CT",
                "Manufacturer": "Example Médical",
                "InstitutionName": "General Hospital",
                "StationName": "CT01",
                "ManufacturerModelName": "Scanner 300",
                "DeviceSerialNumber": "SN4711",
                "SoftwareVersions": "syngo 1.0, VA20",
            },
            "patient_attributes": ["PatientName", "PatientID", "PatientBirthDate"],
        },
    }


def test_a_query_says_its_level_and_keys_and_not_what_it_looks_for() -> None:
    facts = last(*OPENED, (0, FIND_RQ)).facts()
    assert facts["data_set"] == {
        "transfer_syntax": IMPLICIT,
        "encoding": "implicit VR little endian",
        "equipment": {"Modality": "CT"},
        "patient_attributes": ["PatientName"],
        "query_level": "STUDY",
        "matching_keys": ["StudyDate", "Modality", "PatientName"],
        "return_keys": ["PatientID", "PatientBirthDate", "StudyInstanceUID"],
    }
    assert facts["patient_data_in_clear"] is True


def test_pending_responses_are_told_as_one() -> None:
    found = last(*OPENED, (0, FIND_RQ), (1, FIND_PENDING * 40 + FIND_RSP))
    assert found.sender_is_server is True
    facts = found.facts()
    assert facts["pending_responses"] == 40
    assert (facts["status"], facts["status_class"]) == (0, "Success")
    assert facts["data_set"]["patient_attributes"] == ["PatientName"]
    assert "equipment" not in facts["data_set"], "an answer tells of other machines than its sender"


def test_pending_responses_without_the_final_one_are_told_at_the_end() -> None:
    found = last(*OPENED, (0, FIND_RQ), (1, FIND_PENDING * 2))
    assert found.facts()["pending_responses"] == 2
    assert found.facts()["status_class"] == "Pending"


def test_operations_that_never_end_are_told_before_they_are_too_many() -> None:
    many = b"".join(_pending(number) for number in range(OPERATIONS_LIMIT + 3))
    assert len(results(*OPENED, (1, many), close=False)) == 2 + 3


def test_a_move_says_where_to_and_how_it_went() -> None:
    asked, answer = results(*OPENED, (0, MOVE_RQ), (1, MOVE_PENDING * 2 + MOVE_RSP))[2:]
    assert isinstance(asked, DimseMessage)
    assert asked.facts()["move_destination"] == "VIEWER"
    assert isinstance(answer, DimseMessage)
    facts = answer.facts()
    assert facts["sub_operations"] == {"remaining": 0, "completed": 5, "failed": 1, "warning": 2}
    assert facts["status_class"] == "Warning"
    assert facts["pending_responses"] == 2


def test_a_worklist_query_names_its_keys_inside_sequences_and_the_station_that_asks() -> None:
    step = element(0x00080060, "CS", "CT", form=IMPLICIT) + element(0x00400001, "AE", "CT01", form=IMPLICIT)
    for defined in (True, False):
        keys = (
            element(0x00100010, "PN", "", form=IMPLICIT)
            + sequence(0x00400100, [step], form=IMPLICIT, defined=defined)
            + element(0x00401001, "SH", "", form=IMPLICIT)
        )
        asked = p_data(fragment(9, 3, request(0x20, WORKLIST_FIND, 1, data=True)), fragment(9, 2, keys))
        data_set = last((0, ASSOCIATE_RQ), (0, asked)).facts()["data_set"]
        assert data_set["matching_keys"] == ["Modality", "ScheduledStationAETitle"]
        assert data_set["return_keys"] == ["PatientName", "RequestedProcedureID"]
        assert data_set["equipment"] == {"Modality": "CT", "ScheduledStationAETitle": "CT01"}


def test_without_an_association_the_command_says_who_serves_where_it_can() -> None:
    for field, sop_class, asks in ((0x30, VERIFICATION, False), (0x20, STUDY_FIND, False), (0x01, CT_STORAGE, None)):
        (asked,) = results((0, p_data(fragment(1, 3, request(field, sop_class, 1, data=False)))))
        (answer,) = results((0, p_data(fragment(1, 3, response(field, sop_class, 1, 0)))))
        assert isinstance(asked, DimseMessage)
        assert isinstance(answer, DimseMessage)
        assert asked.sender_is_server is asks
        assert answer.sender_is_server is (None if asks is None else True)


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (0x0000, "Success"),
        (0xFF00, "Pending"),
        (0xFF01, "Pending"),
        (0xFE00, "Cancel"),
        (0xB007, "Warning"),
        (0x0107, "Warning"),
        (0xA700, "Failure"),
        (0xC123, "Failure"),
        (0x0122, "Failure"),
    ],
)
def test_statuses_have_the_classes_of_ps3_7_annex_c(status: int, name: str) -> None:
    assert status_class(status) == name


# --- damage and loss ---


def test_a_damaged_command_is_malformed_and_the_next_is_read() -> None:
    cut = request(0x30, VERIFICATION, 1, data=False)[:-3]
    unknown = command((0x0100, 0x7777), (0x0800, 0x0101))
    for wrong in (cut, unknown, b"", b"\x08\0\0\0\4\0\0\0abcd"):
        found = results(*OPENED, (0, p_data(fragment(1, 3, wrong)) + ECHO_RQ))
        assert MALFORMED in kinds(found)
        assert kinds(found)[-1] == "C-ECHO-RQ"


def test_a_command_over_the_limit_is_dropped() -> None:
    pieces = p_data(fragment(1, 1, bytes(8000))) * (COMMAND_LIMIT // 8000 + 1) + p_data(fragment(1, 3, b""))
    assert kinds(results(*OPENED, (0, pieces + ECHO_RQ)))[2:] == (MALFORMED, "C-ECHO-RQ")


def test_an_association_over_the_limit_is_malformed() -> None:
    huge = struct.pack(">BBI", 1, 0, ASSOCIATE_LIMIT + 1)
    assert kinds(results(*OPENED, (0, huge), (0, ECHO_RQ)))[2:] == (MALFORMED, "C-ECHO-RQ")


def test_a_pdv_that_does_not_fit_its_pdu_is_malformed_and_its_pdu_passed_over() -> None:
    for length in (0, 1, 100, 0xFFFFFFFF):
        wrong = pdu(4, struct.pack(">IBB", length, 1, 3) + bytes(20))
        assert kinds(results(*OPENED, (0, wrong + ECHO_RQ)))[2:] == (MALFORMED, "C-ECHO-RQ")


def test_a_data_set_that_runs_over_its_end_is_malformed_and_its_beginning_is_told() -> None:
    wrong = equipment() + element(0x00280010, "US", b"\0\2", length=900)
    found = results(*OPENED, (0, STORE_RQ + p_data(fragment(3, 2, wrong))))
    assert kinds(found)[2:] == (MALFORMED, "C-STORE-RQ")
    store = found[-1]
    assert isinstance(store, DimseMessage)
    assert store.data_set is not None
    assert store.data_set.complete is False
    assert dict(store.data_set.equipment)["StationName"] == "CT01"


def test_bulk_is_not_held_and_its_message_is_told_before_it_ends() -> None:
    stream = DicomStream()
    for sender, data in OPENED:
        stream.feed(sender, data)
    stream.feed(0, STORE_RQ)
    pixels = element(0x7FE00010, "OW", b"", length=500_000)
    told: list[Result] = list(stream.feed(0, p_data(fragment(3, 0, equipment() + pixels + bytes(DATA_SET_LIMIT)))))
    assert kinds(told) == ("C-STORE-RQ",)
    for _ in range(20):
        assert stream.feed(0, p_data(fragment(3, 0, b"\x08\0\x60\0CS" + bytes(16_000)))) == []
    assert stream.feed(0, p_data(fragment(3, 2, bytes(16_000)))) == []
    assert kinds(stream.feed(0, ECHO_RQ)) == ("C-ECHO-RQ",)


def test_a_pdu_that_was_cut_short_before_a_gap_tells_the_beginning_of_its_data_set() -> None:
    """A packet engine may hand on only the first 4 KiB of a large P-DATA-TF and go on with the next PDU."""
    stream = DicomStream()
    for sender, data in OPENED:
        stream.feed(sender, data)
    image = equipment(patient=CANARY) + element(0x7FE00010, "OW", bytes(50_000))
    whole = p_data(fragment(3, 0, image))
    assert stream.feed(0, STORE_RQ + whole[:4096]) == []
    (store,) = stream.feed(0, p_data(fragment(3, 2, bytes(300))), gap=True)
    assert isinstance(store, DimseMessage)
    assert store.data_set is not None
    assert dict(store.data_set.equipment)["DeviceSerialNumber"] == "SN4711"
    assert store.data_set.patient == ("PatientName", "PatientID", "PatientBirthDate")
    assert store.data_set.complete is False
    assert kinds(stream.feed(0, ECHO_RQ)) == ("C-ECHO-RQ",)
    assert stream.close() == []


def test_after_a_gap_in_the_middle_of_an_image_the_next_pdu_is_found() -> None:
    stream = DicomStream()
    for sender, data in OPENED:
        stream.feed(sender, data)
    pixels = b"".join(struct.pack("<H", value % 9) for value in range(4000))
    assert kinds(stream.feed(0, STORE_RQ + p_data(fragment(3, 0, IMAGE))[:300])) == ()
    assert kinds(stream.feed(0, pixels, gap=True)) == ("C-STORE-RQ",)
    assert kinds(stream.feed(0, pixels + ECHO_RQ + ECHO_RQ)) == ("C-ECHO-RQ", "C-ECHO-RQ")


@pytest.mark.parametrize("ending", [RELEASE_RQ, pdu(7, b"\0\0\2\1")])
def test_what_the_other_sides_ending_releases_is_told_with_its_own_senders_bytes(ending: bytes) -> None:
    """A store whose last bytes were lost is the modality's, although the archive's release is what ends it."""
    stream = DicomStream()
    for sender, piece in briefly(3, CT_STORAGE, EXPLICIT):
        stream.feed(sender, piece)
    assert not stream.feed(0, STORE_RQ + p_data(fragment(3, 0, IMAGE[:200])))
    assert len(kinds(stream.feed(1, ending))) == 1
    assert kinds(stream.feed(0, RELEASE_RP)) == ("C-STORE-RQ", "A-RELEASE-RP")
    assert stream.close() == []


def test_a_capture_that_begins_in_mid_stream_reads_what_follows() -> None:
    assert kinds(results((1, RELEASE_RQ))) == ("A-RELEASE-RQ",)
    for data, encoding in ((equipment(EXPLICIT), "explicit"), (equipment(IMPLICIT), "implicit")):
        found = last((0, IMAGE[200:] + STORE_RQ + p_data(fragment(3, 2, data))))
        assert found.data_set is not None
        assert found.data_set.transfer_syntax == ""
        assert found.data_set.encoding.startswith(encoding)
        assert dict(found.data_set.equipment)["Manufacturer"] == "Example Médical"


def test_a_data_set_whose_command_was_lost_is_told_where_it_begins() -> None:
    found = last(*OPENED, (0, p_data(fragment(3, 2, equipment()))))
    assert found.kind == "P-DATA-TF"
    assert found.facts()["sop_class"] == CT_STORAGE
    assert found.data_set is not None
    assert dict(found.data_set.equipment)["StationName"] == "CT01"
    middle = p_data(fragment(3, 2, IMAGE[200:]))
    assert kinds(results(*OPENED, (0, middle))) == ("A-ASSOCIATE-RQ", "A-ASSOCIATE-AC")


def test_what_is_no_dicom_says_nothing() -> None:
    assert results((0, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"), (1, bytes(5000))) == []


def test_no_secret_of_a_user_is_kept_even_where_it_is_cut_or_lengths_lie() -> None:
    for end in range(0, len(ASSOCIATE_RQ), 3):
        found = results((0, ASSOCIATE_RQ[:end]))
        assert_no_canary(found, _facts(found))
    for data in overwritten(((0, ASSOCIATE_RQ),)):
        assert isinstance(data, tuple)
        found = results(*data)
        assert_no_canary(found, _facts(found))
    remembered = association._remembered_user.cache_info().currsize
    results((0, associate(1, "A", "B", MODALITY)))
    assert association._remembered_user.cache_info().currsize == remembered


def test_a_deflated_data_set_is_read() -> None:
    opened = associate(1, "A", "B", proposed(1, CT_STORAGE, DEFLATED), ARCHIVE)
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    body = deflater.compress(equipment(patient=CANARY)) + deflater.flush()
    store = p_data(fragment(1, 3, request(0x01, CT_STORAGE, 2, data=True)), fragment(1, 2, body))
    found = last((0, opened), (0, store))
    assert found.data_set is not None
    assert found.data_set.encoding == "deflated explicit VR little endian"
    assert dict(found.data_set.equipment)["StationName"] == "CT01"


def _facts(found: Sequence[Result]) -> list[dict[str, object]]:
    return [result.facts() for result in found if not isinstance(result, Malformed)]
