"""Are our conversations tshark's, in packets and bytes of both directions? If not: which kind of difference?"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from bench.accuracy import tshark
from bench.accuracy.conversation import Counts, Key
from bench.accuracy.ours import Answer

NOTHING = Counts()


@dataclass(slots=True)
class Difference:
    """One conversation on which the two disagree."""

    path: Path
    key: Key
    theirs: Counts
    ours: Counts
    kind: str

    def line(self) -> str:
        """One line for people."""
        low, high = (
            f"{ip_address(end[1]) if end[0] == 4 else _ip6(end[1])} {end[2]}" for end in (self.key.low, self.key.high)
        )
        return (
            f"{self.path.name}: {self.kind}: protocol {self.key.protocol} {low} - {high}:"
            f" tshark {tuple(self.theirs)}, ours {tuple(self.ours)}"
        )


def _ip6(number: int) -> str:
    return str(ip_address(number.to_bytes(16, "big")))


@dataclass(slots=True)
class Comparison:
    """The comparison over many captures."""

    captures: int = 0
    packets: int = 0
    unread: list[str] = field(default_factory=list)
    """Captures that only one of the two reads, or with different packet counts."""
    conversations: int = 0
    """All conversations that either of the two sees."""
    same: int = 0
    differences: list[Difference] = field(default_factory=list)

    @property
    def kinds(self) -> Counter[str]:
        """How often each kind of difference occurs."""
        return Counter(difference.kind for difference in self.differences)


# Layers through which tshark finds a conversation and we do not (or only in part): layer -> what it is.
BEYOND = {
    "capwap.data": "CAPWAP data",
    "teredo": "Teredo",
    "cfp": "Cisco FabricPath",
    "ppi": "link type PPI",
    "chdlc": "Cisco HDLC under link type PPP",
    "ah": "IPsec authentication header",
    "l2tp": "L2TP",
    "lwapp": "LWAPP",
    "erspan": "ERSPAN",
    "sstp": "SSTP",
    "ayiya": "AYIYA",
    "etherip": "EtherIP",
    "nsh": "NSH",
    "gsmtap": "GSMTAP",
}
LONGEST_FRAME_OF_TSHARK = 2**31 - 1


def kind_of(theirs: Counts, mine: Counts, special: Counter[str]) -> str:
    """The kind of a difference, by what tshark says about the packets of the conversation."""
    for layer, name in BEYOND.items():
        if special[f"tunnel {layer}"] or special[f"around {layer}"]:
            return f"behind {name}"
    if LONGEST_FRAME_OF_TSHARK in (theirs.bytes_low, theirs.bytes_high):
        return "absurd frame length"
    if special["fragment without its first"]:
        return "fragment whose first fragment is missing"
    if special["first fragment"]:
        return "fragments"
    if special["malformed"]:
        return "malformed packet"
    if theirs == NOTHING:
        return "only ours"
    if mine == NOTHING:
        return "only tshark's"
    return "other counts"


def add(result: Comparison, path: Path, answer: Answer) -> None:
    """Compares one capture; conversations are those of ``bench.accuracy.conversation``."""
    theirs = tshark.conversations_of(path)
    result.captures += 1
    result.packets += theirs.packets
    if answer.account.packets != theirs.packets:
        result.unread.append(
            f"{path.name}: tshark reads {theirs.packets} packets, we {answer.account.packets} ({answer.account.error})"
        )
    for key in theirs.counts.keys() | answer.counts.keys():
        result.conversations += 1
        one, other = theirs.counts.get(key, NOTHING), answer.counts.get(key, NOTHING)
        if one == other:
            result.same += 1
            continue
        special = theirs.kinds.get(key, Counter())
        result.differences.append(Difference(path, key, one, other, kind_of(one, other, special)))
