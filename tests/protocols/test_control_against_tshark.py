"""Building control and machines: what tshark's dissectors print of real captures, and what our modules read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from asepsis.protocols.bacnet import Bacnet
from asepsis.protocols.bacnet import read as read_bacnet
from asepsis.protocols.ethernet_ip import DISSECTOR as ETHERNET_IP
from asepsis.protocols.ethernet_ip import EthernetIp
from asepsis.protocols.modbus import DISSECTOR as MODBUS
from asepsis.protocols.modbus import Modbus
from asepsis.protocols.opcua import DISSECTOR as OPCUA
from asepsis.protocols.opcua import Opcua
from asepsis.protocols.opcua_names import SERVICES
from tests.protocols.captured import conversations, messages
from tests.protocols.tshark_rows import Row, layers, need_tshark, rows

pytestmark = pytest.mark.slow

BACNET_TYPES = ("Request", "Request", "SimpleACK", "ACK", "SegmentACK", "Error", "Reject", "Abort")


def numbers(found: list[str]) -> list[int]:
    return [int(number, 0) for number in found]


def test_bacnet_gives_the_facts_of_tshark(archive: Callable[[str], Path]) -> None:
    need_tshark()
    names = (
        *("bacapp.type", "bacapp.confirmed_service", "bacapp.unconfirmed_service", "bacapp.instance_number"),
        *("bacapp.objectType", "bacapp.vendor_identifier", "bacnet.snet", "_ws.malformed"),
        *("bvlc.function", "udp.payload"),
    )
    over_ip = elsewhere = 0
    for capture in sorted((archive("medical") / "collected" / "BacNET").iterdir()):
        # The file of ARCnet says another layout than it holds, and tshark believes it.
        theirs = list(rows(capture, "bacnet", names))
        datagrams = [row for row in theirs if row["bvlc.function"]]
        for row in datagrams:
            over_ip += _agrees(capture, row, bytes.fromhex(row["udp.payload"][0]))
        if len(datagrams) == len(theirs):
            continue
        others = [row for row in theirs if not row["bvlc.function"]]
        for row, octets in zip(others, layers(capture, "bacnet", "bacnet && !bvlc"), strict=True):
            elsewhere += _agrees(capture, row, octets)
    assert over_ip >= 8_000
    assert elsewhere >= 1_300


def _agrees(capture: Path, row: Row, octets: bytes) -> bool:
    """Compares one message; False where tshark cannot read it either."""
    if row["_ws.malformed"]:
        return False
    message = read_bacnet(octets)[0]
    assert isinstance(message, Bacnet), (capture.name, row, message)
    assert message.source_network == int((row["bacnet.snet"] or ["0"])[0])
    if not row["bacapp.type"]:
        return True
    kind = int(row["bacapp.type"][0])
    service = message.message.removesuffix(f"-{BACNET_TYPES[kind]}")
    if row["bacapp.unconfirmed_service"]:
        assert message.message == UNCONFIRMED[int(row["bacapp.unconfirmed_service"][0])]
    elif row["bacapp.confirmed_service"] and kind not in (4, 6, 7):
        assert service == CONFIRMED[int(row["bacapp.confirmed_service"][0])], (capture.name, row)
    if message.message == "I-Am":
        assert (message.device or "4194303") == row["bacapp.instance_number"][0]  # that of no device yet
        assert message.vendor_id == int(row["bacapp.vendor_identifier"][0])
    elif message.object and message.message.startswith("ReadProperty") and row["bacapp.instance_number"]:
        kinds = numbers(row["bacapp.objectType"])
        assert message.object.endswith(f",{row['bacapp.instance_number'][0]}")
        assert (kinds[0] == 8) == message.object.startswith("device")
    return True


UNCONFIRMED = {0: "I-Am", 1: "I-Have", 2: "UnconfirmedCOVNotification", 3: "UnconfirmedEventNotification"} | {
    4: "UnconfirmedPrivateTransfer",
    6: "TimeSynchronization",
    7: "Who-Has",
    8: "Who-Is",
    9: "UTCTimeSynchronization",
}
CONFIRMED = {
    0: "AcknowledgeAlarm",
    1: "ConfirmedCOVNotification",
    2: "ConfirmedEventNotification",
    5: "SubscribeCOV",
    6: "AtomicReadFile",
    7: "AtomicWriteFile",
    12: "ReadProperty",
    14: "ReadPropertyMultiple",
    15: "WriteProperty",
    16: "WritePropertyMultiple",
    17: "DeviceCommunicationControl",
    18: "ConfirmedPrivateTransfer",
    20: "ReinitializeDevice",
    26: "ReadRange",
    29: "GetEventInformation",
}


@pytest.mark.parametrize(
    ("folder", "name", "least"),
    [
        ("ndpi", "modbus.pcap", 90),
        ("ndpi", "umas.pcap", 170),
        ("attacks", "lemay_modbus/characterization_modbus_6RTU_with_operate.pcap", 7_000),
    ],
)
def test_modbus_gives_the_facts_of_tshark(folder: str, name: str, least: int, archive: Callable[[str], Path]) -> None:
    need_tshark()
    capture = archive(folder) / name
    theirs: dict[int, list[tuple[int, int, bool, bool]]] = {}
    fields = ("tcp.stream", "tcp.srcport", "mbtcp.unit_id", "modbus.func_code", "modbus.exception_code")
    for row in rows(capture, "mbtcp && !tcp.analysis.retransmission", fields):
        for unit, code in zip(row["mbtcp.unit_id"], row["modbus.func_code"], strict=True):
            said = (int(unit), int(code), bool(row["modbus.exception_code"]), row["tcp.srcport"] == ["502"])
            theirs.setdefault(int(row["tcp.stream"][0]), []).append(said)
    compared = 0
    for stream, segments in conversations(capture).items():
        if stream not in theirs:
            continue
        ours = [message for message in messages(MODBUS, segments) if isinstance(message, Modbus)]
        assert sorted((m.unit, bool(m.exception)) for m in ours) == sorted((u, e) for u, _, e, _ in theirs[stream])
        wrong = [m for m, t in zip(ours, theirs[stream], strict=True) if m.from_server not in (None, t[3])]
        assert wrong == []
        compared += len(ours)
    assert compared >= least


def test_opcua_gives_the_facts_of_tshark(archive: Callable[[str], Path]) -> None:
    need_tshark()
    capture = archive("ndpi") / "opc-ua.pcap"
    theirs = list(rows(capture, "opcua", ("opcua.servicenodeid.numeric", "opcua.transport.endpoint")))
    (segments,) = conversations(capture).values()
    ours = [message for message in messages(OPCUA, segments) if isinstance(message, Opcua)]
    assert len(ours) == len(theirs) >= 180
    for message, row in zip(ours, theirs, strict=True):
        if row["opcua.servicenodeid.numeric"]:
            assert message.message == SERVICES[int(row["opcua.servicenodeid.numeric"][0])]
    assert [message.endpoint_url for message in ours if message.message == "Hello"] == theirs[0][
        "opcua.transport.endpoint"
    ]
    (endpoints,) = [message for message in ours if message.message == "GetEndpointsResponse"]
    names = ("opcua.ApplicationUri", "opcua.ProductUri", "opcua.loctext.Text", "opcua.SecurityPolicyUri")
    (row,) = rows(capture, "opcua.servicenodeid.numeric == 431", names)
    assert endpoints.application_uri in row["opcua.ApplicationUri"]
    assert endpoints.product_uri in row["opcua.ProductUri"]
    assert endpoints.application_name in row["opcua.loctext.Text"]


def test_ethernet_ip_gives_the_facts_of_tshark(archive: Callable[[str], Path]) -> None:
    need_tshark()
    capture = archive("ndpi") / "ethernetIP.pcap"
    codes = {"0x006f": "SendRRData", "0x0070": "SendUnitData"}
    theirs: dict[int, list[str]] = {}
    for row in rows(capture, "enip && tcp", ("tcp.stream", "enip.command")):
        theirs.setdefault(int(row["tcp.stream"][0]), []).extend(codes[code] for code in row["enip.command"])
    compared = 0
    for stream, segments in conversations(capture).items():
        ours = [m.command for m in messages(ETHERNET_IP, segments) if isinstance(m, EthernetIp)]
        assert ours == theirs.get(stream, [])
        compared += len(ours)
    assert compared >= 75
