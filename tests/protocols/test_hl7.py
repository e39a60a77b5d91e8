"""HL7 v2 over MLLP: who sends what to whom, what was ordered and observed by codes, which devices observed."""

from __future__ import annotations

import pytest

from asepsis.protocols.hl7 import Batch, Equipment, Hl7Message, Hl7Stream
from asepsis.protocols.hl7.contents import CODES_LIMIT
from asepsis.protocols.hl7.equipment import EQUIPMENT_LIMIT
from asepsis.protocols.hl7.stream import BLOCK_LIMIT
from asepsis.protocols.message import Malformed, Result
from tests.protocols.conformance import CANARY, MALFORMED, Vector, assert_no_canary, junk, kinds


def message(*segments: str) -> bytes:
    return "".join(segment + "\r" for segment in segments).encode()


def block(*segments: str) -> bytes:
    """MLLP release 1, 2.1: VT, the message, FS, CR."""
    return b"\x0b" + message(*segments) + b"\x1c\r"


# IHE DEV TF-2 3.1 (PCD-01): what a monitor's gateway sends of one bed.
MONITOR = block(
    "MSH|^~\\&|GATEWAY^0012210000000001^EUI-64|WARD3|RECEIVER|HOSPITAL|20240101120000+0000|S3CRET-KANARI|"
    "ORU^R01^ORU_R01|4711|P|2.6|||NE|AL||UNICODE UTF-8|||IHE_PCD_001^IHE PCD^1.3.6.1.4.1.19376.1.6.1.1.1^ISO",
    "SFT|Example Medical^L|4.2.1|Bedside Gateway|build 77",
    f"PID|||{CANARY}77^^^HOSPITAL^MR||{CANARY}^JANE^^^^^L||19700101|F|||1 {CANARY} ROAD||+1 555 {CANARY}",
    f"PV1||I|WARD3^^BED7||||1234^{CANARY}^DOC",
    f"NTE|1||{CANARY} is restless",
    "OBR|1|A1|B1|182777000^monitoring of patient^SCT|||20240101120000",
    "OBX|1||69965^MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS^MDC|1.0.0.0|||||||X|||||||MON300-7^^0012210000000077^EUI-64",
    f"OBX|2|NM|147842^MDC_ECG_HEART_RATE^MDC|1.1.1.1|{CANARY}80|264864^MDC_DIM_BEAT_PER_MIN^MDC|||||R|||||||"
    "MON300-7^^0012210000000077^EUI-64",
    f"OBX|3|ST|8310-5^Body temperature^LN|1.1.1.2|{CANARY}||||||R",
    "PRT||UC||EQUIP^Equipment^HL70912||||||(01)51022222233336(11)141231(17)150707(10)A213B1(21)1234",
)
ACCEPTED = block(
    "MSH|^~\\&|RECEIVER|HOSPITAL|GATEWAY|WARD3|20240101120001||ACK^R01^ACK|R-1|P|2.6",
    f"MSA|AA|4711|thank you {CANARY}",
)
REFUSED = block(
    "MSH|^~\\&|RECEIVER|HOSPITAL|GATEWAY|WARD3|20240101120001||ACK^R01^ACK|R-2|P|2.6",
    "MSA|AE|4711",
    f"ERR||PID^1^5|101^Required field missing^HL70357|E|||no name {CANARY}|please call {CANARY}",
)
ORDER = block(
    "MSH|^~\\&|ORDERS|CLINIC|LAB|HOSPITAL|20240101||OML^O21^OML_O21|77|P|2.5.1",
    f"PID|1||{CANARY}^^^CLINIC^MR||{CANARY}^ADA",
    f"ORC|NW|9001|||||^^^20240101||20240101|26^{CANARY}^CLERK",
    "OBR|1|9001||24323-8^Comprehensive metabolic panel^LN",
    "ORC|CA|9002",
    "OBR|2|9002||123^CREATININE^L^2160-0^Creatinine^LN",
)
ADMISSION = block(
    "MSH|^~\\&|ADT|HOSPITAL|EHR|HOSPITAL|20240101||ADT^A01|78|P|2.3",
    "EVN|A01|20240101",
    f"PID|1||{CANARY}^^^H^MR||{CANARY}^ADA||19151210|F|||12 {CANARY} ST",
    f"NK1|1|{CANARY}^BYRON|FTH",
    f"AL1|1||^{CANARY}",
)
BATCH = (
    b"\x0b"
    + message(
        "FHS|^~\\&|LAB|HOSPITAL|EHR|HOSPITAL|20240101||FILE1",
        "BHS|^~\\&|LAB|HOSPITAL|EHR|HOSPITAL|20240101",
        "MSH|^~\\&|LAB|HOSPITAL|EHR|HOSPITAL|20240101||ORU^R01|1|P|2.5",
        f"PID|1||{CANARY}",
        "MSH|^~\\&|LAB|HOSPITAL|EHR|HOSPITAL|20240101||ORU^R01|2|P|2.5",
        f"PID|1||{CANARY}",
        "BTS|2",
        "FTS|1",
    )
    + b"\x1c\r"
)
OTHER_SEPARATORS = block(
    "MSH#*!%$#LAB*1.2.3*ISO#H#E#F#20240101##ORU*R01#9#T#2.3", f"PID#1##{CANARY}", "OBX#1#NM#6690-2*W*LN##7"
)

VECTORS = [
    Vector(
        name="monitor",
        provenance="HL7 v2.9 2.14.9, 3.4.2, 7.4.1, 7.4.2, 7.4.4; IHE DEV TF-2 3.1",
        data=((0, MONITOR), (1, ACCEPTED)),
        kinds=("ORU^R01", "ACK^R01"),
    ),
    Vector(
        name="refused order",
        provenance="HL7 v2.9 4.4.6, 2.14.8, 2.14.5",
        data=((0, ORDER), (1, REFUSED)),
        kinds=("OML^O21", "ACK^R01"),
    ),
    Vector(name="admission", provenance="HL7 v2.3 3.2.1", data=((0, ADMISSION),), kinds=("ADT^A01",)),
    Vector(
        name="batch",
        provenance="HL7 v2.9 2.10.3",
        data=((0, BATCH),),
        kinds=("FHS", "BHS", "ORU^R01", "ORU^R01"),
    ),
    Vector(
        name="separators",
        provenance="HL7 v2.9 2.5.4",
        data=((0, OTHER_SEPARATORS),),
        kinds=("ORU^R01",),
    ),
    Vector(
        name="between blocks",
        provenance="MLLP release 1, 2.1: bytes outside of blocks are none of the message's",
        data=((0, b"\r\n" + ADMISSION[:-1] + b"noise" + ORDER + b"\x0bnothing\x1c\r"),),
        kinds=("ADT^A01", "OML^O21", MALFORMED),
    ),
    Vector(
        name="bare",
        provenance="HL7 v2.9 2.14.9, sent without a lower layer protocol as some devices do",
        data=((0, ADMISSION[1:-2] + ORDER[1:-2]),),
        kinds=("ADT^A01", "OML^O21"),
    ),
]

HOSTILE = {
    "starts of blocks": lambda size: ((0, b"\x0b" * size),),
    "ends of blocks": lambda size: ((0, b"\x0b\x1c" * (size // 2)),),
    "segments without names": lambda size: ((0, b"\x0bMSH|^~\\&|" + b"\r" * size + b"\x1c\r"),),
    "repetitions of a device": lambda size: ((0, b"\x0bMSH|^~\\&|\rPRT||||||||||" + b"~" * size + b"\x1c\r"),),
    "escapes": lambda size: ((0, b"\x0bMSH|^~\\&|" + b"\\T\\" * (size // 3) + b"|\r\x1c\r"),),
    "bare messages": lambda size: ((0, b"MSH|^~\\&|\r" * (size // 10)),),
    "PID fields": lambda size: ((0, b"\x0bMSH|^~\\&|\rPID" + b"|^" * (size // 2) + b"\r\x1c\r"),),
}


def results(*pieces: bytes, sender: int = 0) -> list[Result]:
    stream = Hl7Stream()
    found: list[Result] = []
    for piece in pieces:
        found += stream.feed(sender, piece)
    return [*found, *stream.close()]


def only(data: bytes) -> Hl7Message:
    (found,) = results(data)
    assert isinstance(found, Hl7Message)
    return found


def oru(*segments: str) -> Hl7Message:
    return only(block("MSH|^~\\&|A|B|C|D|20240101||ORU^R01|1|P|2.5", *segments))


def test_a_monitor_says_what_it_is_and_what_it_observes() -> None:
    assert only(MONITOR).facts() == {
        "sending_application": "GATEWAY^0012210000000001^EUI-64",
        "sending_facility": "WARD3",
        "receiving_application": "RECEIVER",
        "receiving_facility": "HOSPITAL",
        "message_type": "ORU",
        "trigger_event": "R01",
        "structure": "ORU_R01",
        "processing_id": "P",
        "version": "2.6",
        "character_set": "UNICODE UTF-8",
        "profiles": ["IHE_PCD_001"],
        "control_id": "4711",
        "segments": {"MSH": 1, "SFT": 1, "PID": 1, "PV1": 1, "NTE": 1, "OBR": 1, "OBX": 3, "PRT": 1},
        "patient_data_in_clear": True,
        "patient_fields": [3, 5, 7, 8, 11, 13],
        "services": ["182777000^SCT"],
        "observations": 3,
        "value_types": {"NM": 1, "ST": 1},
        "observation_identifiers": ["69965^MDC", "147842^MDC", "8310-5^LN"],
        "equipment": [
            {
                "source": "OBX-18",
                "identifier": "MON300-7",
                "universal_id": "0012210000000077",
                "universal_id_type": "EUI-64",
            },
            {
                "source": "PRT-10",
                "identifier": "(01)51022222233336(11)141231(17)150707(10)A213B1(21)1234",
                "udi": {
                    "issuer": "GS1",
                    "device_identifier": "51022222233336",
                    "serial": "1234",
                    "lot": "A213B1",
                    "manufactured": "2014-12-31",
                    "expires": "2015-07-07",
                },
            },
        ],
        "software": [{"vendor": "Example Medical^L", "version": "4.2.1", "product": "Bedside Gateway"}],
    }


def test_an_answer_comes_from_the_listener_and_everything_else_from_the_side_that_connects() -> None:
    assert only(MONITOR).sender_is_server is False
    assert only(ACCEPTED).sender_is_server is True
    # HL7 v2.9 5.3: a response to a query holds MSA as well.
    response = "MSH|^~\\&|A|B|C|D|20240101||RSP^K22^RSP_K21|1|P|2.5"
    assert only(block(response, "MSA|AA|7", "QAK|1|OK")).sender_is_server is True


def test_a_refusal_keeps_its_codes_and_not_its_words() -> None:
    facts = only(REFUSED).facts()
    assert facts["acknowledgment_code"] == "AE"
    assert facts["acknowledged_control_id"] == "4711"
    assert facts["errors"] == ["101 E"]


def test_an_error_before_version_2_5_has_its_code_in_err_1() -> None:
    old = only(block("MSH|^~\\&|A|B|C|D|20040101||ACK|1|P|2.3", "MSA|AE|1", "ERR|PID^1^5^101&Required field missing"))
    assert old.facts()["errors"] == ["101"]


def test_an_order_keeps_its_control_codes_and_prefers_standard_codes_to_local_ones() -> None:
    facts = only(ORDER).facts()
    assert facts["order_controls"] == ["NW", "CA"]
    assert facts["services"] == ["24323-8^LN", "2160-0^LN"]
    assert facts["patient_fields"] == [1, 3, 5]


def test_a_message_without_an_identified_patient_has_no_patient_data_in_clear() -> None:
    # IHE DEV TF-2: a device that was not told its patient sends types and authorities alone.
    facts = oru('PID|1||^^^HOSPITAL^PI||^^^^^^L|""|  |^^^').facts()
    assert facts["patient_data_in_clear"] is False
    assert facts["patient_fields"] == [1]
    assert oru("PID").facts()["patient_data_in_clear"] is False
    assert "patient_data_in_clear" not in oru("OBX|1").facts()


def test_a_second_name_or_id_of_a_patient_counts() -> None:
    assert oru(f"PID|||^^^H~{CANARY}^^^H||^~^{CANARY}").patient_fields == (3, 5)


def test_a_device_is_found_in_obx_18_and_in_prt_16_as_plain_text() -> None:
    # Field by field as two captures of infusion pumps have it: 17 fields, then the name of the pump.
    assert oru("OBX|A|B|C|D|E|F|G|H|I|J|K|L|M|N|O|P|Q|Example Pump A+|||").equipment == (
        Equipment(source="OBX-18", identifier="Example Pump A+"),
    )
    assert oru("PRT|A|B|C|D|E|F|G|H|I|||||||Example Pump A+|||").equipment == (
        Equipment(source="PRT-16", identifier="Example Pump A+"),
    )


def test_a_participant_that_is_a_person_or_an_organization_names_no_device() -> None:
    found = oru(f"PRT||UC||RO^Responsible Observer^HL70912|7^{CANARY}^DOC|||CLINIC|WARD3|||20240101")
    assert found.equipment == ()


def test_what_stands_beside_a_device_in_prt_is_kept_but_for_the_donation() -> None:
    found = oru(
        "PRT||UC||EQUIP||||||PUMP7^WARD||||||51022222233336^^^GS1|20140101|20250101|L77|S88|KANARI-DONOR|pump^x"
    )
    assert found.equipment[0].facts() == {
        "source": "PRT-10",
        "identifier": "PUMP7",
        "namespace": "WARD",
        "udi": {"issuer": "GS1", "device_identifier": "51022222233336"},
        "device_identifier": "51022222233336^^^GS1",
        "manufactured": "20140101",
        "expires": "20250101",
        "lot": "L77",
        "serial": "S88",
        "type": "pump^x",
    }
    assert_no_canary([found], [found.facts()])


def test_equipment_and_device_segments_name_devices() -> None:
    # HL7 v2.9 13.4.1 and 17.8.2.
    found = oru("EQU|ANALYZER1^LAB|20240101|OP", "DEV|A|UID7^NS|||Example Medical|Brand|M300|C9|||S1|||||7.1")
    assert [one.facts() for one in found.equipment] == [
        {"source": "EQU-1", "identifier": "ANALYZER1", "namespace": "LAB"},
        {
            "source": "DEV-2",
            "identifier": "UID7",
            "namespace": "NS",
            "manufacturer": "Example Medical",
            "brand": "Brand",
            "model": "M300",
            "catalogue_number": "C9",
            "serial": "S1",
            "software_version": "7.1",
        },
    ]


def test_a_udi_is_read_through_the_escapes_of_the_sender() -> None:
    # HL7 v2.9 2.7.4: \X1D\ is the sign GS that ends a field of variable length.
    found = oru("OBX|1|NM|1^a^L||1|||||||||||||015102222223333610A213B1\\X1D\\21S\\T\\1").equipment[0]
    assert found.udi is not None
    assert (found.udi.lot, found.udi.serial) == ("A213B1", "S&1")
    assert "\x1d" not in found.identifier


def test_the_donation_number_of_an_iccbba_carrier_is_not_kept() -> None:
    found = oru("OBX|1|NM|1^a^L||1|||||||||||||=/A9999XYZ100T0944=,000025=AKANARI12345600=>014032")
    assert found.equipment[0].identifier == "A9999XYZ100T0944"
    assert_no_canary([found], [found.facts()])


def test_text_that_only_looks_like_segments_is_not_kept() -> None:
    found = only(
        block(
            "MSH|^~\\&|A|B|C|D|20240101||ORU^R01|1|P|2.5",
            f"OBX|1|{CANARY}|||a value with line breaks",
            f"{CANARY}|in a line of its own",
            "KAN|a line that has the form of a segment",
            "kanari",
        )
    )
    assert found.segments == (("MSH", 1), ("OBX", 1))
    assert found.facts()["value_types"] == {"other": 1}


def test_declared_character_sets_are_read() -> None:
    for declared, codec in (("8859/1", "iso8859-1"), ("UNICODE UTF-8", "utf-8"), ("", "utf-8"), ("?", "utf-8")):
        head = f"MSH|^~\\&|Gerät|B|C|D|20240101||ORU^R01|1|P|2.5||||||{declared}\r"
        found = only(b"\x0b" + head.encode(codec) + b"\x1c\r")
        assert found.header.sending_application == "Gerät"


def test_lines_that_end_like_text_files_are_segments() -> None:
    for ending in (b"\n", b"\r\n"):
        found = only(ADMISSION.replace(b"\r", ending)[: -len(ending)] + b"\r")
        assert dict(found.segments)["PID"] == 1


def test_a_missing_carriage_return_loses_nothing() -> None:
    assert kinds(results(MONITOR[:-1] + ACCEPTED[:-1])) == ("ORU^R01", "ACK^R01")


def test_a_block_that_begins_inside_another_ends_it() -> None:
    cut = MONITOR[: MONITOR.index(b"OBX|2|")]
    first, why, second = results(cut + ACCEPTED)
    assert isinstance(first, Hl7Message)
    assert not first.complete
    assert dict(first.segments)["OBX"] == 1
    assert isinstance(why, Malformed)
    assert kinds([second]) == ("ACK^R01",)


def test_an_unfinished_message_is_told_but_for_its_last_segment() -> None:
    found = only(MONITOR[: MONITOR.index(b"8310-5")])
    assert found.facts()["complete"] is False
    assert dict(found.segments)["OBX"] == 2


def test_a_message_over_the_limit_is_told_by_its_beginning() -> None:
    head = block("MSH|^~\\&|A|B|C|D|20240101||ORU^R01|1|P|2.5", "OBX|1|ED|PDF^^L||")[:-3]
    found = results(head, b"A" * BLOCK_LIMIT, b"A" * 10 + b"\x1c\r", ACCEPTED)
    assert kinds(found) == ("ORU^R01", MALFORMED, "ACK^R01")


def test_bare_messages_over_the_limit_are_given_up_until_a_block_begins() -> None:
    found = results(b"MSH|^~\\&|A\r" + b"A" * (BLOCK_LIMIT + 5), ACCEPTED)
    assert kinds(found) == ("unknown", MALFORMED, "ACK^R01")


def test_after_a_gap_the_next_block_is_read() -> None:
    stream = Hl7Stream()
    assert stream.feed(0, MONITOR[:40]) == []
    assert stream.feed(0, f"ES|{CANARY}\r\x1c\r".encode(), gap=True) == []
    assert kinds(stream.feed(0, ORDER)) == ("OML^O21",)


def test_a_header_that_declares_no_separators_is_malformed() -> None:
    for head in (b"MSH", b"MSH|", b"MSH||", b"MSHA^~\\&A", b"FHS"):
        assert kinds(results(b"\x0b" + head + b"\x1c\r")) == (MALFORMED,)


def test_what_one_message_keeps_is_limited() -> None:
    many = oru(
        *(f"OBX|{i}|NM|{i}^x^L||1|||||||||||||DEV{i}" for i in range(CODES_LIMIT * 2)),
        *(f"OBR|{i}|||{i}^x^L" for i in range(CODES_LIMIT * 2)),
        "PRT||||||||||" + "~".join(f"P{i}" for i in range(EQUIPMENT_LIMIT * 2)),
    )
    assert many.observations is not None
    assert many.observations.count == CODES_LIMIT * 2
    assert len(many.observations.identifiers) == CODES_LIMIT
    assert many.orders is not None
    assert len(many.orders.services) == CODES_LIMIT
    assert len(many.equipment) == EQUIPMENT_LIMIT


def test_a_batch_header_says_who_sends_to_whom() -> None:
    file_header = results(BATCH)[0]
    assert isinstance(file_header, Batch)
    assert file_header.facts() == {
        "sending_application": "LAB",
        "sending_facility": "HOSPITAL",
        "receiving_application": "EHR",
        "receiving_facility": "HOSPITAL",
    }


def test_other_separators_are_obeyed() -> None:
    found = only(OTHER_SEPARATORS)
    assert found.header.sending_application == "LAB*1.2.3*ISO"
    assert found.facts()["observation_identifiers"] == ["6690-2^LN"]


@pytest.mark.parametrize("kind", ["zeros", "noise", "lines", "text"])
def test_no_text_of_patients_is_kept_wherever_bytes_are_damaged(kind: str) -> None:
    """Every byte of a message is replaced once by junk, so that fields slide to where others are expected."""
    for data in (MONITOR, ORDER, REFUSED, ADMISSION):
        for place in range(len(data)):
            found = results(data[:place] + junk(kind, 1) + data[place + 1 :])
            assert_no_canary(found, [])


OWN_WORDS = (
    f"PID|||{CANARY}^^^H^MR",
    "OBX|1|ST|531972^MDC_ID_PROD_SPEC_SERIAL^MDC|1.0.0.1|SN-77^x||||||R",
    "OBX|2|ST|531969^MDC_ID_MODEL_NUMBER^MDC|1.0.0.2|Gas 500||||||R",
    "OBX|3|ST|531970^MDC_ID_MODEL_MANUFACTURER^MDC|1.0.0.3|Maker||||||R",
    "OBX|4|ST|531975^MDC_ID_PROD_SPEC_SW^MDC|1.0.0.4|2.8||||||R",
    f"OBX|5|NM|147842^MDC_ECG_HEART_RATE^MDC|1.1.1.1|{CANARY}",
    f"OBX|6|ST|531971^MDC_ID_PROD_SPEC_UNSPECIFIED^MDC|1.0.0.5|{CANARY}",
    f"OBX|7|ST|531972^{CANARY}^LOCAL|1.0.0.6|{CANARY}",
)


def own_words(*segments: str) -> Hl7Message:
    return only(block("MSH|^~\\&|A|B|C|D|20240101||ORU^R01|1|P|2.5", *segments))


def test_a_device_that_describes_itself_in_observations_is_equipment() -> None:
    found = own_words(*OWN_WORDS)
    (described,) = found.equipment
    assert described.source == "OBX-5"
    assert dict(described.attributes) == {
        "manufacturer": "Maker",
        "model": "Gas 500",
        "serial": "SN-77",
        "software_version": "2.8",
    }
    assert CANARY not in str(found)


def test_two_devices_in_one_message_are_told_apart_by_their_numbers() -> None:
    second = "OBX|9|ST|531972^MDC_ID_PROD_SPEC_SERIAL^MDC|2.0.0.1|SN-88||||||R"
    assert [dict(one.attributes)["serial"] for one in own_words(*OWN_WORDS, second).equipment] == ["SN-77", "SN-88"]
    component = "OBX|9|ST|531972^MDC_ID_PROD_SPEC_SERIAL^MDC|1.1.0.1|MODULE-3||||||R"
    assert [dict(one.attributes)["serial"] for one in own_words(*OWN_WORDS, component).equipment] == ["SN-77"]


def test_reference_identifiers_of_the_standard_are_kept_and_no_other_text() -> None:
    found = own_words(
        "OBX|1|NM|1^MDC_HDIALY_UF_RATE^MDC|1.1.1.1|5",
        "OBX|2|NM|77^local^L^2^MDC_RESP_RATE^MDC|1.1.1.2|5",
        f"OBX|3|NM|3^MDC_{CANARY} x^MDC|1.1.1.3|5",
        f"OBX|4|NM|4^{CANARY}^MDC|1.1.1.4|5",
        "OBX|5|NM|5^MDC_ECG_HEART_RATE^LOCAL|1.1.1.5|5",
    )
    assert found.observations is not None
    assert found.observations.references == ("MDC_HDIALY_UF_RATE", "MDC_RESP_RATE")
    assert CANARY not in str(found)
