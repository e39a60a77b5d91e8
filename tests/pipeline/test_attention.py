"""Who is passed over: only a sender that repeats itself, never for good, and never where messages are kept."""

from __future__ import annotations

from pathlib import Path

from asepsis.pipeline.analyze import analyze
from asepsis.pipeline.attention import QUIET_MESSAGES, SAMPLED_MESSAGES, WINDOW_BITS, Attention
from asepsis.pipeline.workspace import Workspace
from tests.wire import frames

SENDER, OTHER = (1, 0, 10, 15), (2, 0, 11, 15)
WINDOW_NS = 1 << WINDOW_BITS


class Novelties:
    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> int:
        return self.count


def read(attention: Attention, novelties: Novelties, times: int, *, at_ns: int = 0, new: bool = False) -> int:
    """How many of ``times`` messages were read."""
    done = 0
    for _ in range(times):
        if attention.wanted(SENDER, at_ns):
            novelties.count += new
            attention.heard(SENDER, 1)
            done += 1
    return done


def test_a_sender_without_news_is_passed_over_and_another_is_not() -> None:
    novelties = Novelties()
    attention = Attention(novelties)
    assert read(attention, novelties, 100) == QUIET_MESSAGES
    assert attention.wanted(OTHER, 0)


def test_news_keep_a_sender_listened_to() -> None:
    novelties = Novelties()
    attention = Attention(novelties)
    assert read(attention, novelties, 100, new=True) == 100


def test_each_later_window_reads_a_few_and_all_once_one_is_new() -> None:
    novelties = Novelties()
    attention = Attention(novelties)
    read(attention, novelties, 100)
    assert read(attention, novelties, 100, at_ns=WINDOW_NS) == SAMPLED_MESSAGES
    assert read(attention, novelties, 1, at_ns=2 * WINDOW_NS, new=True) == 1
    assert read(attention, novelties, 100, at_ns=2 * WINDOW_NS) == QUIET_MESSAGES


def test_a_gateway_that_names_a_new_device_late_is_heard_and_a_workspace_keeps_every_message(tmp_path: Path) -> None:
    def message(serial: int) -> bytes:
        return (
            b"\x0bMSH|^~\\&|GATEWAY|ICU|HIS|WARD|20260101||ORU^R01|%d|P|2.6\r"
            b"OBR|1|||69837^MDC_DEV_PUMP_INFUS_MDS^MDC\r"
            b"OBX|1|NM|157784^MDC_FLOW_FLUID_PUMP^MDC||5||||||F||||||||PUMP-%d^^00095C000000%04X^EUI-64\r\x1c\r"
        ) % (serial, serial, serial)

    segments, at = [], 0
    for n in range(200):
        text = message(1 + n // 10)
        segments.append((0, at, text))
        at += len(text)
    path = tmp_path / "gateway.pcap"
    path.write_bytes(frames.pcap(frames.conversation_frames(segments, ports=(40000, 2575))))
    kept = analyze([path], workspace=Workspace.resolve(tmp_path / "ws"), site="s")
    assert kept.messages == {"hl7": 200}
    passed = analyze([path], workspace=None, site="s")
    assert passed.devices == kept.devices
    assert passed.messages["hl7"] <= 200


def test_datagrams_that_are_passed_over_are_counted(tmp_path: Path) -> None:
    def query(n: int) -> bytes:
        name = b"host%03d" % n
        body = (
            n.to_bytes(2, "big") + b"\x01\x00\x00\x01" + bytes(6) + bytes([len(name)]) + name + b"\x00\x00\x01\x00\x01"
        )
        return frames.ethernet(frames.ipv4(frames.udp(body, 40000, 53), protocol=17))

    path = tmp_path / "names.pcap"
    path.write_bytes(frames.pcap([query(n) for n in range(300)]))
    assert analyze([path], workspace=None, site="s").messages == {"dns": 300}
