"""The judges' answers are understood, and a wrong answer of ours would be seen."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path

import pytest

from bench.accuracy import answers, applications, conversations, fingerprints, medical, ndpi, ours, tshark
from bench.accuracy.conversation import Counts, End, Key, Packet, add

ROOT = Path(__file__).resolve().parent.parent.parent


def end(address: str, port: int = 0) -> End:
    parsed = ip_address(address)
    return parsed.version, int(parsed), port


def line(**values: str) -> str:
    """A line as tshark prints it, the fields that are not given empty."""
    named = {name.replace("_", "."): text for name, text in values.items()}
    unknown = set(named) - {name.replace("_", ".") for name in tshark.FIELDS}
    assert not unknown
    return "\t".join(named.get(name.replace("_", "."), "") for name in tshark.FIELDS)


def test_a_plain_packet_is_its_five_tuple() -> None:
    row = tshark.read_packet(
        line(
            frame_number="7", frame_len="60", frame_protocols="eth:ethertype:ip:tcp:http",
            ip_src="10.0.0.1", ip_dst="10.0.0.2", ip_proto="6", ip_id="0x0001", ip_flags_mf="0", ip_frag_offset="0",
            tcp_srcport="40000", tcp_dstport="80",
        )
    )  # fmt: skip
    assert row.conversation == Packet(6, end("10.0.0.1", 40000), end("10.0.0.2", 80))
    assert row.length == 60


def test_a_tunnel_counts_by_its_inner_ends() -> None:
    row = tshark.read_packet(
        line(
            frame_number="1", frame_len="200", frame_protocols="eth:ethertype:ip:udp:gtp:ipv6:udp:dns",
            ip_src="192.0.2.1", ip_dst="192.0.2.2", ip_proto="17", ip_id="0x1", ip_flags_mf="0", ip_frag_offset="0",
            ipv6_src="2001:db8::1", ipv6_dst="2001:db8::2", ipv6_nxt="17",
            udp_srcport="2152,5000", udp_dstport="2152,53",
        )
    )  # fmt: skip
    assert row.conversation == Packet(17, end("2001:db8::1", 5000), end("2001:db8::2", 53))
    assert row.tunnels == ("gtp",)
    assert row.around == [Packet(17, end("192.0.2.1", 2152), end("192.0.2.2", 2152))]


def test_what_an_icmp_error_quotes_is_no_conversation() -> None:
    row = tshark.read_packet(
        line(
            frame_number="1", frame_len="70", frame_protocols="eth:ethertype:ip:icmp:ip:udp",
            ip_src="10.0.0.9,10.0.0.1", ip_dst="10.0.0.1,10.0.0.2", ip_proto="1,17", ip_id="1,2",
            ip_flags_mf="0,0", ip_frag_offset="0,0", udp_srcport="40000", udp_dstport="53",
        )
    )  # fmt: skip
    assert row.conversation == Packet(1, end("10.0.0.9"), end("10.0.0.1"))


def test_extension_headers_are_walked_to_the_transport() -> None:
    row = tshark.read_packet(
        line(
            frame_number="1", frame_len="90", frame_protocols="eth:ethertype:ipv6:ipv6.hopopts:ipv6.dstopts:icmpv6",
            ipv6_src="fe80::1", ipv6_dst="ff02::16", ipv6_nxt="0", ipv6_hopopts_nxt="60", ipv6_dstopts_nxt="58",
        )
    )  # fmt: skip
    assert row.conversation == Packet(58, end("fe80::1"), end("ff02::16"))


def test_fragments_belong_to_their_first_fragment_in_whatever_order_they_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fragment(number: int, offset: int, more: int, layers: str, **ports: str) -> str:
        return line(
            frame_number=str(number), frame_len="100", frame_protocols=layers,
            ip_src="10.0.0.1", ip_dst="10.0.0.2", ip_proto="17", ip_id="0x77",
            ip_flags_mf=str(more), ip_frag_offset=str(offset), **ports,
        )  # fmt: skip

    first = fragment(2, 0, 1, "eth:ethertype:ip:udp:data", udp_srcport="5000", udp_dstport="6000")
    early = fragment(1, 185, 1, "eth:ethertype:ip:data")
    late = fragment(3, 370, 0, "eth:ethertype:ip:data")
    monkeypatch.setattr(tshark, "ask", lambda path, command: "\n".join((early, first, late)))
    seen = tshark.conversations_of(Path("made.pcap"))
    key = Packet(17, end("10.0.0.1", 5000), end("10.0.0.2", 6000)).key
    assert seen.counts == {key: Counts(packets_low=3, bytes_low=300)}


def test_directions_are_kept_apart_whoever_comes_first() -> None:
    table: dict[Key, Counts] = {}
    there = Packet(6, end("10.0.0.2", 80), end("10.0.0.1", 9))
    add(table, there, 2, 300)
    add(table, Packet(6, there.destination, there.source), 5, 700)
    assert list(table.values()) == [Counts(packets_low=5, packets_high=2, bytes_low=700, bytes_high=300)]


def test_one_packet_too_few_is_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    key = Packet(6, end("10.0.0.2", 80), end("10.0.0.1", 9)).key
    seen = tshark.Seen(counts={key: Counts(3, 2, 300, 200)}, packets=5)
    monkeypatch.setattr(tshark, "conversations_of", lambda path: seen)
    for mine, same in ((Counts(3, 2, 300, 200), 1), (Counts(3, 1, 300, 200), 0), (Counts(3, 2, 300, 199), 0)):
        result = conversations.Comparison()
        answer = ours.Answer(counts={key: mine})
        answer.account.packets = 5
        conversations.add(result, Path("made.pcap"), answer)
        assert (result.same, len(result.differences)) == (same, 1 - same)


def test_differences_get_the_kind_that_tshark_s_packets_show() -> None:
    one, other = Counts(1, 0, 100, 0), Counts(2, 0, 200, 0)
    kind = conversations.kind_of
    assert kind(one, other, Counter({"tunnel capwap.data": 1})) == "behind CAPWAP data"
    assert kind(conversations.NOTHING, other, Counter({"around teredo": 1})) == "behind Teredo"
    assert kind(one, other, Counter({"fragment without its first": 1})) == "fragment whose first fragment is missing"
    assert kind(one, conversations.NOTHING, Counter()) == "only tshark's"
    assert kind(one, other, Counter()) == "other counts"


NDPI_LINES = (
    "\t1\tTCP 192.168.5.16:53623 <-> 192.168.115.75:443 [proto: 91.126/TLS.Google][IP: 0/Unknown][Encrypted]"
    "[Confidence: DPI][11 pkts/1959 bytes <-> 8 pkts/1683 bytes][JA4: t12i370500_07a749158664_d075105c1994]\n"
    "\t2\tUDP [fe80::1]:546 -> [ff02::1:2]:547 [VLAN: 5][proto: 103/DHCPV6][Confidence: Match by port]\n"
    "\t\t IP Address \t # JA3C\n"
    "\t3\tTCP 10.0.0.1:5000 <-> 10.0.0.2:4222 [proto: 333/Nats][Confidence: DPI]\n"
)


def test_flows_of_ndpi_are_read() -> None:
    tls, dhcp, nats = ndpi.parse(NDPI_LINES)
    assert tls.key == Packet(6, end("192.168.115.75", 443), end("192.168.5.16", 53623)).key
    assert (tls.name, tls.service, tls.confidence) == ("TLS", "Google", "DPI")
    assert tls.ja4 == "t12i370500_07a749158664_d075105c1994"
    assert dhcp.key == Packet(17, end("fe80::1", 546), end("ff02::1:2", 547)).key
    assert (dhcp.name, dhcp.confidence) == ("DHCPV6", "Match by port")
    assert nats.name == "Nats"


def test_names_agree_by_the_written_table_only() -> None:
    tls, dhcp, nats = ndpi.parse(NDPI_LINES)
    answer = ours.Answer(
        applications={
            tls.key: {("tls", "content")},
            dhcp.key: {("unknown", "nothing")},
            nats.key: {("http", "content")},
        }
    )
    found = applications.Agreement()
    applications.add(found, Path("made.pcap"), answer, [tls, dhcp, nats])
    assert found.rate() == (1, 2)
    assert found.confusions == Counter({("Nats", "http", "content", "content"): 1})
    assert found.only_ndpi == Counter({"DHCPV6": 1})


def test_every_name_of_ours_in_the_table_exists() -> None:
    from asepsis.wire.applications import codes

    # "dtls" is a name that we may get; today such conversations have no name.
    assert {name for names in applications.NAMES.values() for name in names} <= set(codes()) | {"dtls"}


def test_a_fingerprint_is_the_same_by_its_hash_parts() -> None:
    flows = ndpi.parse(NDPI_LINES)
    found = fingerprints.Fingerprints()
    fingerprints.add(found, Path("made.pcap"), ours.Answer(), flows)
    assert (found.flows, found.same, len(found.missing)) == (1, 0, 1)


def test_the_page_of_known_differences_explains_what_it_names() -> None:
    text = answers.EXPLAINED.read_text()
    assert re.findall(r"^### (.*)$", text, re.MULTILINE)
    found = answers.Answers()
    key = Packet(6, end("10.0.0.2", 80), end("10.0.0.1", 9)).key
    found.conversations.differences = [
        conversations.Difference(Path("made.pcap"), key, Counts(1), Counts(2), kind)
        for kind in ("absurd frame length", "never heard of")
    ]
    assert answers.unexplained(found) == ["never heard of"]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
@pytest.mark.parametrize(
    "name", ["4in6tunnel.pcap", "gtp_c.pcap", "ipv6_in_gtp.pcap", "teredo.pcap", "ah.pcapng", "ajp.pcap", "1kxun.pcap"]
)
def test_conversations_of_real_captures_are_tshark_s(name: str, archive: Callable[[str], Path]) -> None:
    path = archive("ndpi") / name
    result = conversations.Comparison()
    conversations.add(result, path, ours.read(path))
    assert result.conversations > 0
    assert [difference.line() for difference in result.differences] == []
    assert result.unread == []


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
def test_facts_of_medical_captures_are_tshark_s(archive: Callable[[str], Path]) -> None:
    folder = archive("medical")
    paths = [*(folder / "hl7-dicom").iterdir(), *(folder / "collected" / "DICOM").iterdir()]
    facts = [
        fact for path in paths for fact in (medical.hl7 if "HL7" in path.name else medical.dicom)(path, ours.read(path))
    ]
    assert len(facts) > 40
    assert [fact for fact in facts if not fact.same] == []
