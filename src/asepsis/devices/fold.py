"""Clues and ties of one site -> its devices, every attribute with its confidence and its evidence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from asepsis.devices.address import Reach, address_key, is_random, reach, virtual_router
from asepsis.devices.clue import Attribute, Claim, Clue
from asepsis.devices.confidence import MOST, RIVALRY, THRESHOLD, Support, judge, strength
from asepsis.devices.device import SINGLE, Device, Evidence
from asepsis.devices.holding import Holding, Node
from asepsis.devices.identity import Identity, Pair
from asepsis.devices.inference import inferred
from asepsis.devices.observed import Observed
from asepsis.kernel.value import value
from asepsis.knowledge.vocabulary import Role

# Reasons shown for one attribute of one device; the rest says the same again.
EVIDENCE_LIMIT = 8
# Addresses and names shown of one device: temporary IPv6 addresses and invented names would fill pages.
ADDRESSES_LIMIT = 32
NAMES_LIMIT = 16

_RANKS = {role.value: place for place, role in enumerate(Role)}
# How sure a tie is by what says it.
_TIE_WEIGHTS = ((Claim.LEASE, "dhcp", 0.9), (Claim.ARP, "arp", 0.8), (Claim.SELF, "self", 0.6))
_SEEN_WEIGHT = 0.5


@value
class Folded:
    """The devices of one site, and who held which address when."""

    devices: tuple[Device, ...]
    """In the order of their addresses; ids are empty."""
    keys: tuple[tuple[str, ...], ...]
    """For each device, what it is known by from run to run: ``mac ...``, ``serial ...``, ``udi ...``, ``ip ...``."""
    holdings: dict[tuple[str, str], list[tuple[int, int, int]]]
    """(address, scope) to (first_ns, last_ns, place of the device in ``devices``), in order of time."""

    def __len__(self) -> int:
        return len(self.devices)


def fold(observed: Observed) -> Folded:
    """Makes devices of everything that was observed at one site."""
    clues, identity = observed.clues, Identity(observed.ties, observed.clues)
    by_root: dict[Node, list[Clue]] = defaultdict(list)
    for clue in clues:
        node = identity.node(clue.endpoint, clue.first_ns, clue.last_ns)
        if node is not None and node in identity.seen:
            by_root[identity.root(node)].append(clue)
    claimed = _names_claimed(by_root)
    groups = identity.devices()
    made = []
    for root, nodes in groups.items():
        own = [*by_root.get(root, ()), *inferred(root, nodes, by_root.get(root, ()), identity)]
        made.append((root, _device(observed.site, root, nodes, own, identity, claimed), nodes))
    made.sort(key=lambda one: _place(one[1]))
    devices = tuple(device for _, device, _ in made)
    places = {root: place for place, (root, _, _) in enumerate(made)}
    return Folded(
        devices=devices,
        keys=tuple(_keys(device, nodes) for _, device, nodes in made),
        holdings={
            place: [(one.first_ns, one.last_ns, places[identity.root(one.node)]) for one in holdings]
            for place, holdings in identity.holdings.items()
        },
    )


def _place(device: Device) -> tuple[object, ...]:
    ip = device.ips[0] if device.ips else ""
    return (not ip, address_key(ip), device.macs, device.first_seen_ns)


def _device(
    site: str,
    root: Node,
    nodes: list[Node],
    clues: list[Clue],
    identity: Identity,
    claimed: dict[str, dict[Node, Clue]],
) -> Device:
    by_attribute: dict[str, list[Clue]] = defaultdict(list)
    for clue in clues:
        by_attribute[clue.attribute].append(clue)
    confidence: dict[str, float] = {}
    shown: dict[str, str | None] = dict.fromkeys(SINGLE)
    reasons: list[Evidence] = []
    for attribute in (*SINGLE, Attribute.NAME.value):
        said = by_attribute.get(attribute)
        if not said:
            continue
        supports = _supports(said)
        if attribute == Attribute.ROLE:
            shown[attribute], confidence[attribute] = _role(supports)
        elif attribute != Attribute.NAME:
            verdict = judge(attribute, supports)
            shown[attribute], confidence[attribute] = verdict.value, verdict.confidence
        reasons.extend(_evidence(said))
    names, rivals = _names(root, by_attribute.get(Attribute.NAME, []), claimed)
    if names:
        confidence[Attribute.NAME.value] = names[0][1]
    reasons.extend(rivals)
    addresses, first, last = _addresses(root, nodes, identity, reasons)
    if clues:
        first, last = min(first, *(clue.first_ns for clue in clues)), max(last, *(clue.last_ns for clue in clues))
    return Device(
        id="",
        site=site,
        macs=tuple(sorted(node[1] for node in nodes if node[0] == "mac"))[:ADDRESSES_LIMIT],
        ips=addresses,
        names=tuple(name for name, _ in names[:NAMES_LIMIT]),
        first_seen_ns=first,
        last_seen_ns=last,
        confidence=confidence,
        evidence=tuple(reasons),
        **shown,
    )


def _supports(clues: Iterable[Clue]) -> dict[str, Support]:
    weights: dict[str, dict[str, float]] = defaultdict(dict)
    last: dict[str, int] = defaultdict(int)
    for clue in clues:
        known = weights[clue.value]
        if clue.weight > known.get(clue.protocol, 0.0):
            known[clue.protocol] = clue.weight
        last[clue.value] = max(last[clue.value], clue.last_ns)
    return {text: Support(weights=known, last_ns=last[text]) for text, known in weights.items()}


def _role(supports: dict[str, Support]) -> tuple[str | None, float]:
    """The most telling of the roles that are sure enough: a device has several, and they do not contradict."""
    sure = {role: round(min(MOST, strength(support.weights.values())), 3) for role, support in supports.items()}
    shown = [role for role, chance in sure.items() if chance >= THRESHOLD]
    if not shown:
        return None, max(sure.values())
    best = min(shown, key=lambda role: (_RANKS.get(role, len(_RANKS)), role))
    return best, sure[best]


def _names_claimed(by_root: dict[Node, list[Clue]]) -> dict[str, dict[Node, Clue]]:
    """Name -> the devices that call themselves so, each with its strongest clue."""
    claimed: dict[str, dict[Node, Clue]] = defaultdict(dict)
    for root, clues in by_root.items():
        for clue in clues:
            if clue.attribute == Attribute.NAME:
                bearers = claimed[clue.value.casefold()]
                known = bearers.get(root)
                if known is None or _strongest(clue) < _strongest(known):
                    bearers[root] = clue
    return {name: bearers for name, bearers in claimed.items() if len(bearers) > 1}


def _names(
    root: Node, clues: list[Clue], claimed: dict[str, dict[Node, Clue]]
) -> tuple[list[tuple[str, float]], list[Evidence]]:
    """Names with their confidence, the surest first, and what speaks against them: others that bear them too."""
    supports = _supports(clues)
    spelled: dict[str, str] = {}
    merged: dict[str, dict[str, float]] = defaultdict(dict)
    for name, support in sorted(supports.items()):
        folded = name.casefold()
        spelled.setdefault(folded, name)
        for protocol, weight in support.weights.items():
            merged[folded][protocol] = max(weight, merged[folded].get(protocol, 0.0))
    names: list[tuple[str, float, float]] = []
    against: list[Evidence] = []
    for folded, weights in merged.items():
        own = strength(weights.values())
        if own < THRESHOLD:
            continue
        others = [clue for bearer, clue in claimed.get(folded, {}).items() if bearer != root]
        rival = max((clue.weight for clue in others), default=0.0)
        for clue in sorted(others, key=_strongest)[:EVIDENCE_LIMIT]:
            against.append(_reason(clue, -clue.weight))
        names.append((spelled[folded], round(min(MOST, own * (1.0 - RIVALRY * rival)), 3), own))
    names.sort(key=lambda one: (-one[1], -one[2], one[0]))
    return [(name, chance) for name, chance, _ in names], against[:EVIDENCE_LIMIT]


def _strongest(clue: Clue) -> tuple[float, int, str, int, str, str]:
    return (-clue.weight, clue.first_ns, clue.capture, clue.packet, clue.protocol, clue.value)


def _reason(clue: Clue, weight: float) -> Evidence:
    return Evidence(
        attribute=clue.attribute,
        value=clue.value,
        protocol=clue.protocol,
        weight=weight,
        capture=clue.capture,
        packet=clue.packet,
    )


def _evidence(clues: list[Clue]) -> list[Evidence]:
    """The strongest reasons, but first one for each value, so that a conflict is always seen."""
    ordered = sorted(clues, key=_strongest)
    first: dict[tuple[str, str], Clue] = {}
    seen: set[str] = set()
    for clue in ordered:
        if clue.value not in seen:
            seen.add(clue.value)
            first[clue.value, clue.protocol] = clue
    for clue in ordered:
        first.setdefault((clue.value, clue.protocol), clue)
    kept = sorted(list(first.values())[:EVIDENCE_LIMIT], key=_strongest)
    return [_reason(clue, clue.weight) for clue in kept]


def _addresses(
    root: Node, nodes: list[Node], identity: Identity, reasons: list[Evidence]
) -> tuple[tuple[str, ...], int, int]:
    """Network addresses that the device holds or held last, and when it was seen; adds what says so to ``reasons``."""
    spans = [identity.seen[node] for node in nodes]
    held: list[tuple[int, str]] = []
    ties: list[Evidence] = []
    for node in nodes:
        for pair in identity.ties_of(node):
            latest = _latest(identity.holdings.get((pair.ip, node[2] if node[0] == "ip" else ""), []))
            if latest is None or identity.root(latest.node) == root:
                held.append((max(tie.last_ns for tie in pair.stretches), pair.ip))
            ties.append(_tie_reason(pair))
    recent = {ip for _, ip in sorted(held, reverse=True)[:ADDRESSES_LIMIT]}
    ties.sort(key=lambda one: (-one.weight, one.value, one.capture, one.packet))
    reasons.extend(ties[:EVIDENCE_LIMIT])
    ips = tuple(sorted(recent, key=lambda ip: (reach(ip) is Reach.LINK, address_key(ip))))
    return ips, min(span[0] for span in spans), max(span[1] for span in spans)


def _latest(holdings: list[Holding]) -> Holding | None:
    return holdings[-1] if holdings else None


def _tie_reason(pair: Pair) -> Evidence:
    first = min(pair.stretches, key=lambda tie: (not tie.claims, tie.first_ns, tie.capture, tie.packet))
    protocol, weight = "ip", _SEEN_WEIGHT
    for claim, name, claim_weight in _TIE_WEIGHTS:
        if pair.claims & claim:
            protocol, weight = name, claim_weight
            break
    return Evidence(
        attribute="address",
        value=pair.ip,
        protocol=protocol,
        weight=weight,
        capture=first.capture,
        packet=first.packet,
    )


def _keys(device: Device, nodes: list[Node]) -> tuple[str, ...]:
    """What a device is known by from run to run, the surest first."""
    macs = [node[1] for node in nodes if node[0] == "mac"]
    keys = [f"mac {mac}" for mac in macs if not virtual_router(mac) and not is_random(mac)]
    keys += [f"mac {mac}" for mac in macs if virtual_router(mac) or is_random(mac)]
    if device.serial and device.vendor and "serial" in device.confidence:
        keys.append(f"serial {device.vendor} {device.serial}")
    if device.udi and device.serial:
        keys.append(f"udi {device.udi} {device.serial}")
    keys += [f"ip {node[1]} {node[2]}".rstrip() for node in nodes if node[0] == "ip"]
    if not macs:
        return tuple(keys)
    # An address found without its hardware earlier: it may lead to the device that was known by it.
    return (*keys, *(f"ip {ip}" for ip in device.ips if reach(ip) is not Reach.LINK))
