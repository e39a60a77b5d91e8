"""Clues and ties of one site -> its devices, every attribute with its confidence and its evidence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property, lru_cache
from typing import Any

from asepsis.devices.actors import Actors
from asepsis.devices.address import Reach, address_key, is_random, reach, virtual_router
from asepsis.devices.borrowed import without_borrowed
from asepsis.devices.calibration import calibrated
from asepsis.devices.changes import IdentityChange, attribute_changes
from asepsis.devices.clue import Attribute, Claim, Clue
from asepsis.devices.confidence import CHANGING, MOST, RIVALRY, THRESHOLD, Support, Verdict, judge, strength
from asepsis.devices.device import SINGLE, Device, Evidence
from asepsis.devices.holding import Node
from asepsis.devices.identity import Identity, Pair
from asepsis.devices.inference import VENDOR_PREFIX, inferred
from asepsis.devices.observed import Observed
from asepsis.devices.twins import ADDRESS, TWINS_LIMIT, Claims, Twin, contested
from asepsis.knowledge.vendors import known_vendor
from asepsis.knowledge.vocabulary import Role

# Values of one attribute that are weighed against each other, which takes the square of their number. One run gives 32
# an endpoint; a device that says something else in every capture must not slow down its whole site.
VALUES_LIMIT = 64
# Reasons shown for one attribute of one device; the rest says the same again.
EVIDENCE_LIMIT = 8
# Addresses and names shown of one device: temporary IPv6 addresses and invented names would fill pages.
ADDRESSES_LIMIT = 32
NAMES_LIMIT = 16

_RANKS = {role.value: place for place, role in enumerate(Role)}
# How sure a tie is by what says it.
_TIE_WEIGHTS = (
    *((int(Claim.LEASE), "dhcp", 0.9), (int(Claim.ARP), "arp", 0.8), (int(Claim.NEIGHBOUR), "nd", 0.8)),
    (int(Claim.SELF), "self", 0.6),
)
_SEEN_WEIGHT = 0.5


class Folded:
    """The devices of one site, and who held which address when. Counting them costs less than describing them."""

    def __init__(self, site: str, clues: Iterable[Clue], identity: Identity, *, calibrate: bool = True) -> None:
        self._site = site
        self._calibrate = calibrate
        self._clues = clues
        self._identity = identity
        self._groups = identity.devices()

    def __len__(self) -> int:
        return len(self._groups)

    @property
    def devices(self) -> tuple[Device, ...]:
        """In the order of their addresses; ids are empty."""
        return self._described[0]

    @property
    def keys(self) -> tuple[tuple[str, ...], ...]:
        """What each device is known by from run to run: ``mac ...``, ``serial ...``, ``udi ...``, ``ip ...``."""
        return self._described[1]

    @cached_property
    def holdings(self) -> dict[str, list[tuple[int, int, int]]]:
        """Network address to (first_ns, last_ns, place of the device in ``devices``), in order of time."""
        places, root = self._described[2], self._identity.root
        return {
            ip: [(one.first_ns, one.last_ns, places[root(one.node)]) for one in holdings]
            for ip, holdings in self._identity.holdings.items()
        }

    @property
    def changes(self) -> tuple[list[IdentityChange], ...]:
        """How what each device says of itself has changed, in the order of ``devices``."""
        return self._described[3]

    @cached_property
    def _described(
        self,
    ) -> tuple[tuple[Device, ...], tuple[tuple[str, ...], ...], dict[Node, int], tuple[list[IdentityChange], ...]]:
        identity = self._identity
        seen, root = identity.seen, identity.root
        by_root: dict[Node, list[Clue]] = {}
        for clue in self._clues:
            node = identity.node(clue.endpoint, clue.first_ns, clue.last_ns)
            if node is not None and node in seen:
                by_root.setdefault(root(node), []).append(clue)
        by_root = {top: _weighed(said) for top, said in by_root.items()}
        twins = claims = Claims(by_root)
        if borrowed := without_borrowed(by_root, self._groups):
            # Who borrows is shown as a twin still, and takes nothing from whom it borrowed of.
            by_root = {**by_root, **borrowed}
            claims = Claims(by_root)
        actors = Actors(by_root, identity.node, root)
        disputes = _disputes(identity)
        made = []
        for top, nodes in self._groups.items():
            said = by_root.get(top, [])
            all_said = [*said, *inferred(top, nodes, said, identity, actors)]
            shared = _twins(top, twins, disputes)
            device = _device(self._site, top, nodes, all_said, identity, claims, shared, calibrate=self._calibrate)
            made.append((_place(device), top, device, nodes))
        made.sort(key=lambda one: one[0])
        return (
            tuple([device for _, _, device, _ in made]),
            tuple([_keys(device, nodes) for _, _, device, nodes in made]),
            {top: place for place, (_, top, _, _) in enumerate(made)},
            tuple([attribute_changes(by_root.get(top, ())) for _, top, _, _ in made]),
        )


def fold(observed: Observed, *, calibrate: bool = True) -> Folded:
    """Makes devices of everything that was observed at one site.

    Args:
        observed: Clues and ties.
        calibrate: False leaves the strength of the evidence as confidence: what a calibration is learnt from.
    """
    return Folded(observed.site, observed.clues, Identity(observed.ties, observed.clues), calibrate=calibrate)


def _weighed(clues: list[Clue]) -> list[Clue]:
    """The clues of a device; of an attribute with one value only those of the ``VALUES_LIMIT`` values said last."""
    if len(clues) <= VALUES_LIMIT:
        return clues
    last_ns: dict[str, dict[str, int]] = defaultdict(dict)
    for clue in clues:
        if clue.attribute in SINGLE:
            said = last_ns[clue.attribute]
            said[clue.value] = max(clue.last_ns, said.get(clue.value, 0))
    beyond = {
        (attribute, text)
        for attribute, said in last_ns.items()
        if len(said) > VALUES_LIMIT
        for text in sorted(said, key=lambda one: (-said[one], one))[VALUES_LIMIT:]  # used at once
    }
    return [clue for clue in clues if (clue.attribute, clue.value) not in beyond] if beyond else clues


def _place(device: Device) -> tuple[object, ...]:
    ip = device.ips[0] if device.ips else ""
    return (not ip, address_key(ip), device.macs, device.first_seen_ns)


def _device(
    site: str,
    root: Node,
    nodes: list[Node],
    clues: list[Clue],
    identity: Identity,
    claims: Claims,
    twins: tuple[Twin, ...],
    *,
    calibrate: bool,
) -> Device:
    by_attribute: dict[str, list[Clue]] = {}
    first, last = identity.seen[nodes[0]]
    for clue in clues:
        first, last = min(first, clue.first_ns), max(last, clue.last_ns)
        by_attribute.setdefault(clue.attribute, []).append(clue)
    for node in nodes:
        span = identity.seen[node]
        first, last = min(first, span[0]), max(last, span[1])
    confidence: dict[str, float] = {}
    shown: dict[str, str | None] = dict.fromkeys(SINGLE)
    reasons: list[Evidence] = []
    plain: list[str] = []  # what nothing speaks against: labelled captures tell how often such values are right
    for attribute in SINGLE:
        said = by_attribute.get(attribute)
        if said:
            shown[attribute], confidence[attribute], contested = _decided(attribute, said)
            if not contested and shown[attribute] is not None and not _of_unknown_maker(attribute, said):
                plain.append(attribute)
            reasons.extend(_evidence(said))
    if shown[Attribute.SERIAL] is not None:
        rivals_of_serial = _disputed_serial(root, shown, confidence, claims)
        reasons.extend(rivals_of_serial)
        if rivals_of_serial and Attribute.SERIAL in plain:
            plain.remove(Attribute.SERIAL)
    if calibrate:
        for attribute in plain:
            confidence[attribute] = calibrated(attribute, confidence[attribute])
    names: list[tuple[str, float]] = []
    said = by_attribute.get(Attribute.NAME)
    if said:
        reasons.extend(_evidence(said))
        names, rivals = _names(root, said, claims)
        reasons.extend(rivals)
        if names:
            confidence[Attribute.NAME.value] = names[0][1]
    return Device(
        id="",
        site=site,
        macs=tuple(sorted([node[1] for node in nodes if node[0] == "mac"])[:ADDRESSES_LIMIT]),
        ips=_addresses(root, nodes, identity, reasons),
        names=tuple([name for name, _ in names[:NAMES_LIMIT]]),
        first_seen_ns=first,
        last_seen_ns=last,
        confidence=confidence,
        evidence=tuple(reasons),
        twins=twins,
        **shown,
    )


def _disputes(identity: Identity) -> dict[Node, list[tuple[str, list[Node]]]]:
    """Device to the network addresses that it and others took from each other, with the others."""
    found: dict[Node, list[tuple[str, list[Node]]]] = defaultdict(list)
    for ip, parties in contested(identity.holdings, identity.root).items():
        for party in parties:
            found[party].append((ip, sorted(parties - {party})))
    return found


def _twins(root: Node, claims: Claims, disputes: dict[Node, list[tuple[str, list[Node]]]]) -> tuple[Twin, ...]:
    shared = [*claims.twins(root), *((ADDRESS, ip, others) for ip, others in disputes.get(root, ()))]
    return tuple(
        Twin(attribute=attribute, value=text, others=tuple([node[1] for node in others]))
        for attribute, text, others in shared[:TWINS_LIMIT]
    )


def _disputed_serial(
    root: Node, shown: dict[str, str | None], confidence: dict[str, float], claims: Claims
) -> list[Evidence]:
    """Takes from a serial number what others take from it that claim it too; returns their claims."""
    serial = shown[Attribute.SERIAL] or ""
    rivals = claims.rivals(root, Attribute.SERIAL, serial)
    if rivals:
        sure = round(confidence[Attribute.SERIAL] * (1.0 - RIVALRY * rivals[0].weight), 3)
        confidence[Attribute.SERIAL.value] = sure
        shown[Attribute.SERIAL.value] = serial if sure >= THRESHOLD else None
    return [_reason(clue, -clue.weight) for clue in rivals[:EVIDENCE_LIMIT]]


def _of_unknown_maker(attribute: str, clues: list[Clue]) -> bool:
    """Whether only the prefix of a maker that no row knows speaks: as often of a module in it as of the device."""
    if attribute != Attribute.VENDOR:
        return False
    return all(clue.protocol == VENDOR_PREFIX and known_vendor(clue.value) is None for clue in clues)


def _decided(attribute: str, clues: list[Clue]) -> tuple[str | None, float, bool]:
    """Value and confidence of a single attribute, and whether something speaks against it."""
    if len(clues) == 1:
        clue = clues[0]
        chance = round(min(MOST, clue.weight), 3)
        return (clue.value if chance >= THRESHOLD else None), chance, False
    supports = _supports(clues)
    if attribute == Attribute.ROLE:
        return (*_role(supports), False)
    if attribute in CHANGING:
        verdict = judge(attribute, supports)
    else:
        # Time does not matter, and a thousand devices of one kind say the same.
        said = tuple(sorted([(text, *sorted(support.weights.items())) for text, support in supports.items()]))
        verdict = _judged(attribute, said)
    return verdict.value, verdict.confidence, verdict.contested


@lru_cache(maxsize=1 << 14)
def _judged(attribute: str, said: tuple[tuple[Any, ...], ...]) -> Verdict:
    supports = {text: Support(weights=dict(weights), last_ns=0) for text, *weights in said}
    return judge(attribute, supports)


def _supports(clues: Iterable[Clue]) -> dict[str, Support]:
    weights: dict[str, dict[str, float]] = {}
    last: dict[str, int] = {}
    for clue in clues:
        text = clue.value
        known = weights.get(text)
        if known is None:
            weights[text] = {clue.protocol: clue.weight}
            last[text] = clue.last_ns
            continue
        if clue.weight > known.get(clue.protocol, 0.0):
            known[clue.protocol] = clue.weight
        if clue.last_ns > last[text]:
            last[text] = clue.last_ns
    return {text: Support(weights=known, last_ns=last[text]) for text, known in weights.items()}


def _role(supports: dict[str, Support]) -> tuple[str | None, float]:
    """The most telling of the roles that are sure enough: a device has several, and they do not contradict."""
    sure = {role: round(min(MOST, strength(support.weights.values())), 3) for role, support in supports.items()}
    shown = [role for role, chance in sure.items() if chance >= THRESHOLD]
    if not shown:
        return None, max(sure.values())
    best = min(shown, key=lambda role: (_RANKS.get(role, len(_RANKS)), role))
    return best, sure[best]


def _names(root: Node, clues: list[Clue], claims: Claims) -> tuple[list[tuple[str, float]], list[Evidence]]:
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
        others = claims.rivals(root, Attribute.NAME, folded)
        rival = others[0].weight if others else 0.0
        against.extend(_reason(clue, -clue.weight) for clue in others[:EVIDENCE_LIMIT])
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
    if len(clues) == 1:
        return [_reason(clues[0], clues[0].weight)]
    strongest: dict[tuple[str, str], Clue] = {}
    for clue in sorted(clues, key=_strongest):
        strongest.setdefault((clue.value, clue.protocol), clue)
    kept = list(strongest.values())
    if len(kept) > EVIDENCE_LIMIT:
        first = {clue.value: clue for clue in reversed(kept)}
        kept.sort(key=lambda clue: (first[clue.value] is not clue, *_strongest(clue)))
        kept = sorted(kept[:EVIDENCE_LIMIT], key=_strongest)
    return [_reason(clue, clue.weight) for clue in kept]


def _addresses(root: Node, nodes: list[Node], identity: Identity, reasons: list[Evidence]) -> tuple[str, ...]:
    """Network addresses that the device holds or held last; adds what says so to ``reasons``."""
    held: list[tuple[int, str]] = []
    ties: list[Evidence] = []
    for node in nodes:
        for pair in identity.ties_of(node):
            holdings = identity.holdings.get(pair.ip)
            if not holdings or identity.root(holdings[-1].node) == root:
                held.append((pair.last_ns, pair.ip))
            ties.append(_tie_reason(pair))
    if len(ties) > 1:
        ties.sort(key=lambda one: (-one.weight, one.value, one.capture, one.packet))
    reasons.extend(ties[:EVIDENCE_LIMIT])
    if len(held) < 2:
        return tuple([ip for _, ip in held])
    recent = {ip for _, ip in sorted(held, reverse=True)[:ADDRESSES_LIMIT]}
    return tuple(sorted(recent, key=lambda ip: (reach(ip) is Reach.LINK, address_key(ip))))


def _tie_reason(pair: Pair) -> Evidence:
    first = pair.earliest
    protocol, weight = "ip", _SEEN_WEIGHT
    if pair.claims:
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
    keys += [f"ip {node[1]}" for node in nodes if node[0] == "ip"]
    if not macs:
        return tuple(keys)
    # An address found without its hardware earlier: it may lead to the device that was known by it.
    return (*keys, *(f"ip {ip}" for ip in device.ips if reach(ip) is not Reach.LINK))
