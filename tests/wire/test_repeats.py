"""Datagrams that say nothing new are counted, and only those."""

from __future__ import annotations

from tests.wire.frames import ethernet, ipv4, pcap, udp
from tests.wire.reading import engine_with, read

NAME = b"\x04ward\x00\x00\x01\x00\x01"


def dns(ident: int, flags: bytes, receiver: str, port: int) -> bytes:
    body = ident.to_bytes(2, "big") + flags + b"\x00\x01\x00\x00\x00\x00\x00\x00" + NAME
    if flags[0] & 0x80:
        return ethernet(ipv4(udp(body, 53, port), "10.0.0.53", receiver, protocol=17))
    return ethernet(ipv4(udp(body, port, 53), receiver, "10.0.0.53", protocol=17))


def test_one_name_asked_by_two_hosts_is_two_messages_and_its_answer_one() -> None:
    asked = [dns(n, b"\x01\x00", f"10.0.0.{n % 2 + 1}", 4000 + n) for n in range(10)]
    answered = [dns(n, b"\x81\x80", f"10.0.0.{n % 2 + 1}", 4000 + n) for n in range(10)]
    engine = engine_with()
    assert read(pcap(asked), engine).messages == 2
    assert engine.repeated() == {5: 8}
    assert read(pcap(answered), engine).messages == 1
    assert engine.repeated() == {5: 9}


def snmp(request: int, value: int, community: bytes = b"public") -> bytes:
    identifier = b"\x02\x04" + request.to_bytes(4, "big")
    binding = b"\x30\x0e\x30\x0c\x06\x08\x2b\x06\x01\x02\x01\x01\x03\x00" + value.to_bytes(2, "big")
    pdu = identifier + b"\x02\x01\x00\x02\x01\x00" + binding
    body = b"\x02\x01\x01\x04" + bytes([len(community)]) + community + b"\xa0" + bytes([len(pdu)]) + pdu
    return ethernet(ipv4(udp(b"\x30" + bytes([len(body)]) + body, 5000, 161), protocol=17))


def test_an_snmp_request_repeats_whatever_its_number_but_not_with_other_content() -> None:
    engine = engine_with()
    assert read(pcap([snmp(n, 0x0500) for n in range(2**24, 2**24 + 20)]), engine).messages == 1
    assert engine.repeated() == {11: 19}
    assert read(pcap([snmp(7, 0x0500 + n) for n in range(20)]), engine).messages == 20


def test_dhcp_repeats_without_its_transaction_and_seconds_only() -> None:
    def discover(transaction: int, hardware: int) -> bytes:
        head = b"\x01\x01\x06\x00" + transaction.to_bytes(4, "big") + transaction.to_bytes(2, "big")
        body = head + bytes(18) + hardware.to_bytes(6, "big") + bytes(202) + b"\x63\x82\x53\x63\x35\x01\x01\xff"
        return ethernet(ipv4(udp(body, 68, 67), "0.0.0.0", "255.255.255.255", protocol=17))

    engine = engine_with()
    assert read(pcap([discover(n, 1) for n in range(5)]), engine).messages == 1
    assert read(pcap([discover(1, n) for n in range(5)]), engine).messages == 5
