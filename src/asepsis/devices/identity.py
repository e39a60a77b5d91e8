"""Which addresses are one device: hardware addresses, leases, names and routers told apart.

In: ties and clues of one site. Out: groups of nodes (a node is a hardware address on the link, or a network address
behind a router or on a link without hardware addresses) and who held which network address when. The rules stand in
``docs/reference/identification.md``.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from asepsis.devices.address import Reach, embedded_mac, is_group, is_random, reach, virtual_router
from asepsis.devices.clue import Attribute, Claim, Clue, Endpoint, Tie
from asepsis.devices.holding import Holding, Node, timeline
from asepsis.devices.kinship import Kinship
from asepsis.knowledge.vocabulary import Role

# A host has one or two IPv4 addresses at a time; what bears this many at once and claims none of them forwards.
MANY_ADDRESSES = 4
# A server may claim several addresses by ARP; what claims this many at once answers for others (proxy ARP).
PROXY_ADDRESSES = 9
# What gateways are called in a network of 256 addresses: alone, or two with the address that they share.
_GATEWAYS = frozenset(("1", "2", "3", "252", "253", "254"))
# A router's own addresses, which it sends from with a fresh TTL.
OWN_ADDRESSES = 3
# ``Claim`` as plain numbers: a hundred thousand tests of flags are made on them.
_ARP, _LEASE, _SELF = int(Claim.ARP), int(Claim.LEASE), int(Claim.SELF)
_NEIGHBOUR = int(Claim.NEIGHBOUR)
# Protocols that only clinical systems speak: on a link without hardware addresses they make a public address a device.
_CLINICAL = frozenset(("dicom", "hl7"))


class Pair:
    """All that is known of one hardware and one network address together."""

    __slots__ = ("claims", "direct", "ip", "mac", "reach", "routed", "sent", "stretches")

    def __init__(self, mac: str, ip: str) -> None:
        self.mac, self.ip = mac, ip
        self.reach = reach(ip)
        self.sent = self.direct = self.routed = 0
        self.claims = 0
        """``Claim`` flags."""
        self.stretches: list[Tie] = []

    def add(self, tie: Tie) -> None:
        """Takes one stretch of time."""
        _, _, _, sent, direct, routed, claims, _, _ = tie
        self.sent += sent
        self.direct += direct
        self.routed += routed
        self.claims |= claims
        self.stretches.append(tie)

    @property
    def first_ns(self) -> int:
        """First time that the two were seen together."""
        return min([tie.first_ns for tie in self.stretches])

    @property
    def last_ns(self) -> int:
        """Last time."""
        return max([tie.last_ns for tie in self.stretches])

    @property
    def earliest(self) -> Tie:
        """The sighting that is shown as evidence: a claim before a mere sighting, then the first."""
        if len(self.stretches) == 1:
            return self.stretches[0]
        return min(self.stretches, key=lambda tie: (not tie.claims, tie.first_ns, tie.capture, tie.packet))


class Identity:
    """The nodes of one site, grouped into devices.

    Args:
        ties: Address pairs of all captures of the site.
        clues: Clues of all captures of the site.
    """

    def __init__(self, ties: Iterable[Tie], clues: Iterable[Clue]) -> None:
        self._pairs: dict[Endpoint, Pair] = {}
        self.seen: dict[Node, list[int]] = {}
        """First and last time of each node that spoke."""
        for tie in ties:
            key = tie.endpoint
            pair = self._pairs.get(key)
            if pair is None:
                pair = self._pairs[key] = Pair(key.mac, key.ip)
            pair.add(tie)
        by_mac: dict[str, list[Pair]] = defaultdict(list)
        self._pairs_of_mac: dict[str, list[Pair]] = defaultdict(list)
        for (mac, ip), pair in self._pairs.items():
            if mac:
                self._pairs_of_mac[mac].append(pair)
                if ip:
                    by_mac[mac].append(pair)
        clues = list(clues)
        self.carriers = {
            clue.endpoint.mac
            for clue in clues
            if clue.protocol == "ip" and clue.value == Role.ROUTER and clue.attribute == Attribute.ROLE
        }
        self.routers = {mac for mac, pairs in by_mac.items() if _forwards(mac, pairs)} | self.carriers
        self._owned: dict[Endpoint, bool] = {}
        proxies = {mac for mac, pairs in by_mac.items() if _answers_for_others(pairs)}
        for key, pair in self._pairs.items():
            if pair.mac and pair.ip:
                owned = _owns(pair, router=pair.mac in self.routers, proxy=pair.mac in proxies)
                if owned and pair.mac in self.routers and not pair.claims:
                    owned = _own_of_router(by_mac[pair.mac])
                self._owned[key] = owned
        self._settle_statements()
        self._leave_to_hosts()
        self.routers |= proxies
        clinical = {clue.endpoint.ip for clue in clues if clue.protocol in _CLINICAL}
        self.holdings = self._find_holdings(clinical)
        self._note_seen(clues)
        self._kin = Kinship(self.seen, clues, self.node)

    def _settle_statements(self) -> None:
        """An address that a device only says it has belongs to whoever sends from it (often another of its ports)."""
        senders = {
            key.ip
            for key, owned in self._owned.items()
            if owned and (self._pairs[key].sent or self._pairs[key].claims & (_ARP | _LEASE | _NEIGHBOUR))
        }
        for key, pair in self._pairs.items():
            if pair.claims == _SELF and not pair.sent and pair.ip in senders:
                self._owned[key] = False

    def _leave_to_hosts(self) -> None:
        """A router that merely bears an address owns it only where no host sends from it on its own link.

        Where a request is captured before the router and its answer behind it, the router's hardware address and the
        fresh TTL of the answer stand in one conversation.
        """
        hosts = {
            key.ip
            for key, owned in self._owned.items()
            if owned and key.mac not in self.routers and (self._pairs[key].direct or self._pairs[key].claims)
        }
        for key, pair in self._pairs.items():
            if pair.mac in self.routers and not pair.claims and pair.ip in hosts:
                self._owned[key] = False

    def node(self, endpoint: Endpoint, first_ns: int, last_ns: int) -> Node | None:
        """Who an endpoint was during a stretch of time; None where it is no device of the site."""
        mac, ip = endpoint
        if mac and (not ip or self._owned.get(endpoint, False)):
            return ("mac", mac)
        holdings = self.holdings.get(ip)
        if holdings:
            return holder(holdings, first_ns, last_ns)
        if mac and endpoint not in self._pairs:
            # Named by somebody, never seen to send from this address: the hardware address is the surer of the two.
            return ("mac", mac) if reach(ip) is Reach.NONE else None
        return None

    def root(self, node: Node) -> Node:
        """The node that stands for the whole device."""
        return self._kin.root(node)

    def devices(self) -> dict[Node, list[Node]]:
        """Root to all nodes of each device."""
        groups: dict[Node, list[Node]] = defaultdict(list)
        for node in sorted(self.seen):
            groups[self.root(node)].append(node)
        return groups

    def ties_of(self, node: Node) -> list[Pair]:
        """The address pairs that a hardware address owns."""
        return self._ties_by_node.get(node, [])

    def first_sighting(self, node: Node) -> tuple[str, int]:
        """Capture and packet that showed a node first; an empty text and 0 where only others spoke of it."""
        earliest: Tie | None = None
        for pair in self._pairs_of_mac.get(node[1], ()) if node[0] == "mac" else self.ties_of(node):
            for tie in pair.stretches:
                if earliest is None or (tie.first_ns, tie.capture, tie.packet) < (
                    earliest.first_ns,
                    earliest.capture,
                    earliest.packet,
                ):
                    earliest = tie
        return ("", 0) if earliest is None else (earliest.capture, earliest.packet)

    def _find_holdings(self, clinical: set[str]) -> dict[str, list[Holding]]:
        """Who held which network address when."""
        holders: dict[str, list[Holding]] = defaultdict(list)
        orphans: dict[str, list[Pair]] = defaultdict(list)
        self._ties_by_node: dict[Node, list[Pair]] = defaultdict(list)
        for key, pair in self._pairs.items():
            mac, ip = key
            if not ip:
                continue
            if self._owned.get(key, False):
                node: Node = ("mac", mac)
                self._ties_by_node[node].append(pair)
                holders[ip].extend(_holdings(pair, node))
            elif pair.sent or pair.claims & ~_SELF:
                orphans[ip].append(pair)
        for ip, pairs in orphans.items():
            if ip in holders:
                continue  # seen from its own link as well: behind the router stands a device that is known
            inside = embedded_mac(ip)
            far = pairs[0].reach
            if inside and far is not Reach.GROUP:
                node = ("mac", inside)
            elif far in (Reach.LOOPBACK, Reach.LINK, Reach.PRIVATE) or (
                far is Reach.PUBLIC and ip in clinical and not any(pair.mac for pair in pairs)
            ):
                node = ("ip", ip)
            else:
                continue
            for pair in pairs:
                self._ties_by_node[node].append(pair)
                holders[ip].extend(_holdings(pair, node))
        return {ip: timeline(held) for ip, held in holders.items()}

    def _note_seen(self, clues: list[Clue]) -> None:
        seen = self.seen

        def note(node: Node, first_ns: int, last_ns: int) -> None:
            span = seen.get(node)
            if span is None:
                seen[node] = [first_ns, last_ns]
            else:
                span[0], span[1] = min(span[0], first_ns), max(span[1], last_ns)

        for (mac, ip), pair in self._pairs.items():
            # Whoever sent a frame is there, whatever address it bore.
            if mac and not is_group(mac) and (pair.sent or pair.claims or not ip):
                for tie in pair.stretches:
                    note(("mac", mac), tie.first_ns, tie.last_ns)
        for holdings in self.holdings.values():
            for holding in holdings:
                note(holding.node, holding.first_ns, holding.last_ns)
        for clue in clues:
            mac, ip = clue.endpoint
            # A client that a relay speaks for, or a next hop that only received.
            if mac and not ip and not is_group(mac):
                note(("mac", mac), clue.first_ns, clue.last_ns)


def _forwards(mac: str, pairs: list[Pair]) -> bool:
    """True when a hardware address bears packets that others sent."""
    if virtual_router(mac):
        return True
    unclaimed = [pair for pair in pairs if not pair.claims and ":" not in pair.ip and pair.reach is Reach.PRIVATE]
    if any(pair.routed and not pair.direct for pair in unclaimed):
        return True
    return _at_once(unclaimed) >= MANY_ADDRESSES


def _at_once(pairs: list[Pair]) -> int:
    """The greatest number of different IPv4 addresses in use at one time."""
    pairs = [pair for pair in pairs if ":" not in pair.ip]
    if len(pairs) < MANY_ADDRESSES:
        return len(pairs)
    edges: list[tuple[int, int]] = []
    for pair in pairs:
        edges.extend(((pair.first_ns, 1), (pair.last_ns + 1, -1)))
    most = now = 0
    for _, step in sorted(edges):
        now += step
        most = max(most, now)
    return most


def _answers_for_others(pairs: list[Pair]) -> bool:
    if len(pairs) < PROXY_ADDRESSES:
        return False
    claimed = [pair for pair in pairs if pair.claims & (_ARP | _LEASE) == _ARP]
    networks = Counter(pair.ip.rpartition(".")[0] for pair in claimed)
    # A switch that routes has one hardware address and one network address in each of its networks, by custom the first
    # or the last: those are its own. Who answers for others claims many in one network, or any in many.
    others = [
        pair
        for pair in claimed
        if networks[pair.ip.rpartition(".")[0]] > 1 or pair.ip.rpartition(".")[2] not in _GATEWAYS
    ]
    return _at_once(others) >= PROXY_ADDRESSES


def _owns(pair: Pair, *, router: bool, proxy: bool) -> bool:
    """Whether the network address of a pair belongs to its hardware address."""
    if pair.reach in (Reach.NONE, Reach.GROUP, Reach.LOOPBACK):
        return False
    inside = embedded_mac(pair.ip)
    if inside == pair.mac:
        return True
    if inside and (router or pair.reach is Reach.LINK):
        return False  # the address names another interface
    if pair.reach is Reach.LINK:
        return True  # RFC 4291 2.5.6: routers do not forward it
    if pair.claims & (_LEASE | _SELF):
        return True
    if pair.claims & (_ARP | _NEIGHBOUR):
        return not proxy
    if pair.reach is Reach.PUBLIC:
        return pair.direct > 0 and not pair.routed and not router
    if router:
        return pair.direct > 0 and not pair.routed
    return pair.direct > 0 or not pair.routed


def _own_of_router(pairs: list[Pair]) -> bool:
    """A router sends from its own few addresses with a fresh TTL; many such are bridged neighbours' addresses."""
    fresh = [pair for pair in pairs if not pair.claims and pair.direct and not pair.routed and ":" not in pair.ip]
    return len(fresh) <= OWN_ADDRESSES


def _holdings(pair: Pair, node: Node) -> list[Holding]:
    return [
        Holding(
            first_ns=tie.first_ns,
            last_ns=tie.last_ns,
            surety=2 if tie.claims & (_LEASE | _ARP | _NEIGHBOUR) else 1,
            node=node,
            random=node[0] == "mac" and is_random(node[1]),
        )
        for tie in pair.stretches
        if tie.sent or tie.claims
    ]


def holder(holdings: list[Holding], first_ns: int, last_ns: int) -> Node:
    """Who held an address during most of a stretch of time."""
    if len(holdings) == 1:
        return holdings[0].node
    shares: Mapping[Node, list[int]] = defaultdict(lambda: [0, 0])
    place = max(0, bisect_right(holdings, first_ns, key=lambda holding: holding.first_ns) - 1)
    for index in range(place, len(holdings)):
        holding = holdings[index]
        if holding.first_ns > last_ns and index > place:
            break
        ends = holdings[index + 1].first_ns if index + 1 < len(holdings) else last_ns + 1
        share = shares[holding.node]
        share[0] += max(1, min(ends, last_ns + 1) - max(holding.first_ns, first_ns))
        share[1] = max(share[1], holding.first_ns)
    return max(sorted(shares), key=lambda node: (shares[node][0], shares[node][1]))
