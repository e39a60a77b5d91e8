"""Flows against a MUD file: declared, not declared, or cannot tell because only the hospital resolves the rule."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from enum import StrEnum

from asepsis.exposure.design.flow import Flow, Place
from asepsis.exposure.design.mud import Mud, Other, Rule
from asepsis.kernel.value import value

_WELL_KNOWN = {"urn:ietf:params:mud:dns": ("dns", 53), "urn:ietf:params:mud:ntp": ("ntp", 123)}
"""Controller classes that every network has (RFC 8520 6.3), by application and port."""


class Declared(StrEnum):
    """How a flow stands to the file."""

    YES = "declared"
    NO = "not declared"
    CANNOT_TELL = "cannot tell"


@value
class Placed:
    """One flow and the rule that decides it."""

    flow: Flow
    declared: Declared
    rule: Rule | None
    why: str


@value
class Comparison:
    """Everything that was seen and everything that was declared."""

    flows: tuple[Placed, ...]
    unseen: tuple[Rule, ...]
    """Rules that allow something which never happened while the capture ran."""


def compare(mud: Mud, flows: Iterable[Flow]) -> Comparison:
    """Places every flow; the first rule of the policy that fits decides (RFC 8519 2), and what none fits is denied."""
    used: set[int] = set()
    placed = [_place(mud.rules, flow, used) for flow in flows]
    unseen = [rule for place, rule in enumerate(mud.rules) if place not in used and rule.is_accepted and rule.version]
    return Comparison(flows=tuple(placed), unseen=tuple(unseen))


def _place(rules: Sequence[Rule], flow: Flow, used: set[int]) -> Placed:
    perhaps: Rule | None = None
    for place, rule in enumerate(rules):
        # What the device sends stands in the one policy, and what is sent to it in the other; one that says who begins
        # speaks of conversations, which is what a flow is.
        if not _fits_ports(rule, flow):
            continue
        match _fits_partner(rule, flow):
            case Declared.YES if rule.is_accepted:
                used.update(number for number, other in enumerate(rules) if _is_way_back(rule, other))
                used.add(place)
                return Placed(flow=flow, declared=Declared.YES, rule=rule, why=f"{rule.name}: {rule.words()}")
            case Declared.YES:
                return Placed(flow=flow, declared=Declared.NO, rule=rule, why=f"{rule.name} denies it")
            case Declared.CANNOT_TELL if rule.is_accepted and perhaps is None:
                perhaps = rule
                used.add(place)
    if perhaps is not None:
        why = f"{perhaps.name} may allow it: {perhaps.words()}; who that is, this capture does not say"
        return Placed(flow=flow, declared=Declared.CANNOT_TELL, rule=perhaps, why=why)
    return Placed(flow=flow, declared=Declared.NO, rule=None, why="no rule of the file allows it")


def _fits_ports(rule: Rule, flow: Flow) -> bool:
    if rule.version != (6 if ":" in flow.partner_ip else 4):
        return False
    if rule.protocol is not None and rule.protocol != flow.ip_protocol:
        return False
    if flow.is_client:
        # Of what the device begins, its own port is any; a rule that fixes it is about what it serves.
        if not rule.is_outbound or rule.begun_by == "to-device":
            return False
        return rule.other_port is None or flow.port in rule.other_port
    if rule.begun_by == "from-device":
        return False
    if rule.device_port is None:
        # Without the device's port only a rule for what is sent to it opens a service.
        return not rule.is_outbound and rule.other_port is None
    return flow.port in rule.device_port


def _is_way_back(rule: Rule, other: Rule) -> bool:
    """The other direction of the same conversations: files bear one rule for each."""
    return (
        other.is_outbound is not rule.is_outbound
        and (other.protocol, other.other, other.text) == (rule.protocol, rule.other, rule.text)
        and (other.device_port, other.other_port) == (rule.device_port, rule.other_port)
    )


def _fits_partner(rule: Rule, flow: Flow) -> Declared:
    match rule.other:
        case Other.ANYBODY:
            return Declared.YES
        case Other.NETWORK:
            inside = rule.network is not None and ipaddress.ip_address(flow.partner_ip) in rule.network
            return Declared.YES if inside else Declared.NO
        case Other.NAME:
            if rule.text in flow.names:
                return Declared.YES
            # An address under which nobody asked by name may be the one that the rule means.
            return Declared.CANNOT_TELL if not flow.names and flow.place is not Place.GROUP else Declared.NO
        case Other.LOCAL_NETWORKS:
            return Declared.NO if flow.place is Place.INTERNET else Declared.YES
        case Other.CONTROLLER:
            known = _WELL_KNOWN.get(rule.text)
            if known is not None:
                return Declared.YES if flow.application == known[0] or flow.port == known[1] else Declared.NO
            return Declared.CANNOT_TELL if flow.place is not Place.GROUP else Declared.NO
        case Other.MAKER | Other.MODEL:
            return Declared.CANNOT_TELL if flow.place is Place.LOCAL else Declared.NO
