"""What nDPI says about the flows of a capture: the result files of its own tests, or ndpiReader as installed.

Both print one line a flow: number, transport, the two ends, ``[proto: numbers/MASTER.SUB]`` and more in brackets.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from bench.accuracy.asked import ask
from bench.accuracy.conversation import End, Key

FLOW = re.compile(
    r"^\t\d+\t(?P<transport>\S+) (?P<one>\S+) (?:<->|->) (?P<other>\S+) (?:\[VLAN: \d+\])?"
    r"\[proto: [^/\]]+/(?P<name>[^\]]+)\]"
)
CONFIDENCE = re.compile(r"\[Confidence: ([^\]]+)\]")
JA4 = re.compile(r"\[JA4: ([^\]]+)\]")
TRANSPORTS = {"TCP": 6, "UDP": 17, "ICMP": 1, "ICMPV6": 58, "SCTP": 132}


@dataclass(frozen=True, slots=True)
class Flow:
    """One flow of nDPI's answer."""

    key: Key
    name: str
    """The master protocol: what the flow speaks, not whose service it is."""
    service: str
    confidence: str
    ja4: str


def _end(text: str) -> End | None:
    address, _, port = text.rpartition(":")
    try:
        parsed = ip_address(address.strip("[]"))
    except ValueError:
        return None  # nDPI writes every ":0:" of an IPv6 address as "::", and two of them say nothing any more
    return parsed.version, int(parsed), int(port)


def parse(text: str) -> list[Flow]:
    """The flows of one answer; lines that are none are passed over."""
    flows = []
    for line in text.splitlines():
        found = FLOW.match(line)
        if found is None or found["transport"] not in TRANSPORTS:
            continue
        one, other = _end(found["one"]), _end(found["other"])
        if one is None or other is None:
            continue
        ends = sorted((one, other))
        name, _, service = found["name"].partition(".")
        confidence, ja4 = CONFIDENCE.search(line), JA4.search(line)
        flows.append(
            Flow(
                key=Key(TRANSPORTS[found["transport"]], ends[0], ends[1]),
                name=name,
                service=service,
                confidence=confidence[1] if confidence else "",
                ja4=ja4[1] if ja4 else "",
            )
        )
    return flows


def result_file(path: Path) -> list[Flow]:
    """The flows of the result file that nDPI's tests expect for a capture; empty where there is none."""
    expected = path.parent / "result" / f"{path.name}.out"
    return parse(expected.read_text(errors="replace")) if expected.exists() else []


def installed(path: Path) -> list[Flow]:
    """The flows as the installed ndpiReader sees them."""
    return parse(ask(path, ["ndpiReader", "-i", "{}", "-v", "2"]))
