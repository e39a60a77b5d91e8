"""Building control and machines are told by their first bytes, whatever the port; what only looks alike is not."""

from __future__ import annotations

import pytest

from tests.protocols.test_bacnet import I_AM, bvlc, local
from tests.protocols.test_ethernet_ip import ANSWER, ASK, REGISTER, command
from tests.protocols.test_modbus import READ, REFUSED, unit
from tests.protocols.test_opcua import HELLO, OPEN
from tests.wire.frames import ethernet, ipv4, pcap, tcp, udp
from tests.wire.reading import engine_with, read

BACNET, MODBUS, ETHERNET_IP, OPCUA = 34, 35, 36, 37
# Longer than the standard's 253 bytes, as makers' own functions are: only on Modbus's own port.
LONG = unit(b"\x5a\x00" + bytes(600))


def applications(payload: bytes, port: int, *, datagram: bool = False) -> set[int]:
    if datagram:
        return read(pcap([ethernet(ipv4(udp(payload, 40000, port), protocol=17))]), engine_with()).applications()
    return read(pcap([ethernet(ipv4(tcp(payload, 40000, port)))]), engine_with()).applications()


@pytest.mark.parametrize("port", [502, 4840, 44818, 5020])
@pytest.mark.parametrize(
    ("payload", "application"),
    [(READ, MODBUS), (REFUSED, MODBUS), (REGISTER, ETHERNET_IP), (ASK, ETHERNET_IP), (HELLO, OPCUA), (OPEN, OPCUA)],
)
def test_a_conversation_is_told_by_its_first_bytes_on_every_port(payload: bytes, application: int, port: int) -> None:
    assert applications(payload, port) == {application}


@pytest.mark.parametrize(
    ("payload", "application"),
    [(bvlc(local(I_AM), 11), BACNET), (ASK, ETHERNET_IP), (ANSWER, ETHERNET_IP)],
)
def test_a_datagram_is_told_by_its_first_bytes(payload: bytes, application: int) -> None:
    assert applications(payload, 47808, datagram=True) == {application}
    assert applications(payload, 50000, datagram=True) == {application}


def test_units_that_are_not_of_the_standard_are_modbus_on_its_port_only() -> None:
    assert applications(LONG, 502) == {MODBUS}
    assert applications(LONG, 5020) == set()
    assert applications(READ + READ, 502) == {MODBUS}
    assert applications(READ + READ, 5020) == set()


@pytest.mark.parametrize(
    "payload",
    [
        READ[:2] + b"\x00\x01" + READ[4:],  # another protocol than 0
        READ[:-1],  # a length that is not the segment's
        unit(b"\x64" + bytes(4)),  # a function that nobody has
        command(0x6F, bytes(16)),  # no session
        command(0x63)[:20] + b"\x01\x00\x00\x00",  # options
        HELLO[:3] + b"X" + HELLO[4:],  # no chunk
        HELLO[:4] + b"\x07\x00\x00\x00" + HELLO[8:],  # shorter than its header
        b"MSH|^~",
        b"HELO mail.ward\r\n",
    ],
)
def test_what_only_looks_alike_is_not_told(payload: bytes) -> None:
    assert applications(payload, 5020) & {BACNET, MODBUS, ETHERNET_IP, OPCUA} == set()


def test_a_datagram_whose_length_lies_is_not_bacnet() -> None:
    assert applications(bvlc(local(I_AM)) + b"\x00", 47808, datagram=True) == set()
