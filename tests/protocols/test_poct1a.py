"""POCT1-A: what a point-of-care device says hello with; patients and operators only as having been named."""

from __future__ import annotations

from asepsis.protocols.message import Malformed, Result
from asepsis.protocols.poct1a import CODES_LIMIT, DOCUMENT_LIMIT, Poct1a, Poct1aStream
from tests.protocols.conformance import CANARY, MALFORMED, Vector


def header(number: int) -> str:
    """CLSI POCT01-A2 annex B: every document begins with HDR."""
    return (
        f'<HDR><HDR.control_id V="{number}"/><HDR.version_id V="POCT1"/>'
        '<HDR.creation_dttm V="2024-01-01T12:00:00+00:00"/></HDR>'
    )


HELLO = (
    '<?xml version="1.0" encoding="utf-8"?>\r\n<HEL.R01>'
    + header(1)
    + '<DEV><DEV.device_id V="00-22-AA-FF-FE-11-22-33"/><DEV.vendor_id V="EXM"/><DEV.model_id V="Gluco 7"/>'
    '<DEV.serial_id V="SN-77"/><DEV.manufacturer_name V="Example &amp; Sons"/><DEV.hw_version V="B"/>'
    "<DEV.sw_version V='4.1'/><DEV.device_name V=\"Ward 3\"/>"
    '<DCP><DCP.application_timeout V="100"/></DCP>'
    '<DSC><DSC.connection_profile_cd V="CS"/><DSC.topics_supported_cd V="DTV"/><DSC.topics_supported_cd V="OP_LST_I"/>'
    '<DSC.directives_supported_cd V="SET_TIME"/><DSC.max_message_sz V="1000"/></DSC></DEV></HEL.R01>\r\n'
).encode()
ACCEPTED = f'<ACK.R01>{header(2)}<ACK><ACK.type_cd V="AA"/><ACK.ack_control_id V="1"/></ACK></ACK.R01>'.encode()
STATUS = (
    f'<DST.R01>{header(3)}<DST><DST.status_dttm V="2024-01-01T12:00:01"/><DST.new_observations_qty V="1"/>'
    '<DST.condition_cd V="R"/></DST></DST.R01>'
).encode()
ASKS = f'<REQ.R01>{header(4)}<REQ><REQ.request_cd V="ROBS"/></REQ></REQ.R01>'.encode()
RESULTS = (
    f'<OBS.R01>{header(5)}<SVC><SVC.role_cd V="OBS"/><PT><PT.patient_id V="{CANARY}77"/><PT.name V="{CANARY}"/>'
    f'<OBS><OBS.observation_id V="2339-0" SN="LN"/><OBS.value V="{CANARY}5.1" U="mmol/L"/></OBS>'
    f'<OBS><OBS.observation_id V="x"/><OBS.qualitative_value V="{CANARY}"/></OBS></PT>'
    f'<OPR><OPR.operator_id V="{CANARY}"/></OPR></SVC></OBS.R01>'
).encode()
OPERATORS = (
    f'<OPL.R01>{header(6)}<OPR><OPR.operator_id V="{CANARY}1"/><OPR.name V="{CANARY}"/>'
    f'<ACC><ACC.password V="{CANARY}"/></ACC></OPR></OPL.R01>'
).encode()
DIRECTIVE = f'<DTV.R01>{header(7)}<DTV><DTV.command_cd V="START_CONTINUOUS"/></DTV></DTV.R01>'.encode()
END = f'<END.R01>{header(8)}<TRM><TRM.reason_cd V="USR"/></TRM></END.R01>'.encode()

VECTORS = [
    Vector(
        name="a conversation",
        provenance="CLSI POCT01-A2 annex B",
        data=(
            (0, HELLO),
            (1, ACCEPTED),
            (0, STATUS),
            (1, ASKS + OPERATORS),
            (0, RESULTS),
            (1, DIRECTIVE),
            (0, END),
        ),
        kinds=("HEL.R01", "ACK.R01", "DST.R01", "REQ.R01", "OPL.R01", "OBS.R01", "DTV.R01", "END.R01"),
    ),
    Vector(
        name="a document without its end",
        provenance="CLSI POCT01-A2 annex B, cut",
        data=((0, RESULTS[:-10]),),
        kinds=("OBS.R01",),
    ),
    Vector(
        name="a document over the limit",
        provenance="CLSI POCT01-A2 annex B, a list of operators",
        data=((1, OPERATORS[:-10] + b"<OPR></OPR>" * (DOCUMENT_LIMIT // 10) + b"</OPL.R01>" + DIRECTIVE),),
        kinds=("OPL.R01", MALFORMED, "DTV.R01"),
    ),
]

HOSTILE = {
    "beginnings of elements": lambda size: ((0, b"<HEL.R01>" + b"<DEV.a" * (size // 6)),),
    "blanks inside an element": lambda size: ((0, b"<HEL.R01>" + b"<DEV.a" + b" " * size),),
    "endings that are none": lambda size: ((0, b"<HEL.R01>" + b"</HEL.R0" * (size // 8)),),
}


def read(*turns: tuple[int, bytes]) -> list[Result]:
    stream = Poct1aStream()
    return [result for sender, piece in turns for result in stream.feed(sender, piece)] + list(stream.close())


def test_hello_says_what_the_device_is_and_can_do() -> None:
    (found,) = read((0, HELLO))
    assert isinstance(found, Poct1a)
    assert found.sender_is_server is False
    assert found.facts() == {
        "version": "POCT1",
        "device_id": "00-22-AA-FF-FE-11-22-33",
        "vendor_id": "EXM",
        "model_id": "Gluco 7",
        "serial_id": "SN-77",
        "manufacturer_name": "Example & Sons",
        "hw_version": "B",
        "sw_version": "4.1",
        "device_name": "Ward 3",
        "connection_profile": "CS",
        "topics": ("DTV", "OP_LST_I"),
        "directives": ("SET_TIME",),
    }


def test_of_results_only_their_number_is_kept_and_that_a_patient_was_named() -> None:
    (found,) = read((0, RESULTS))
    assert found.facts() == {  # type: ignore[union-attr]  # the kinds are checked by the vector
        "version": "POCT1",
        "observations": 2,
        "patient_data_in_clear": True,
        "operators_in_clear": True,
    }


def test_who_directs_is_the_manager() -> None:
    (found,) = read((1, DIRECTIVE))
    assert isinstance(found, Poct1a)
    assert found.sender_is_server is True
    assert found.command == "START_CONTINUOUS"


def test_a_document_over_the_limit_is_read_once_and_the_next_one_whole() -> None:
    big = b"<OBS.R01>" + b"<OBS><OBS.observation_id V='1'/></OBS>" * 10_000 + b"</OBS.R01>"
    found = read((0, big), (0, STATUS))
    assert [type(one) for one in found] == [Poct1a, Malformed, Poct1a]
    assert isinstance(found[0], Poct1a)
    assert found[0].incomplete


def test_no_more_topics_are_kept_than_the_limit() -> None:
    topics = "".join(f'<DSC.topics_supported_cd V="T{n}"/>' for n in range(10 * CODES_LIMIT))
    (found,) = read((0, f"<HEL.R01>{topics}</HEL.R01>".encode()))
    assert isinstance(found, Poct1a)
    assert len(found.topics) == CODES_LIMIT


def test_after_a_gap_the_next_document_is_found() -> None:
    stream = Poct1aStream()
    stream.feed(0, HELLO[:200])
    found = stream.feed(0, b'"/></DEV></HEL.R01>' + STATUS, gap=True)
    assert [one.kind for one in found if isinstance(one, Poct1a)] == ["HEL.R01", "DST.R01"]
