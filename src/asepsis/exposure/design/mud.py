"""A maker's description of how the device uses the network (MUD, RFC 8520), with its TLS profiles (RFC 9761).

Bytes in, ``Mud`` out. The rules are the access lists that the two policies name, in their order; what does not fit the
standard is noted with its place, and the rest is read.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from asepsis.exposure.advisory import Problem
from asepsis.exposure.feeds.document import Field, Notes, read_json
from asepsis.kernel.value import value

# The largest of 27 published files has some hundred rules in four lists.
RULES_LIMIT: Final = 10_000
MUD_LIMIT_BYTES: Final = 4 * 2**20

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Other(StrEnum):
    """Who a rule lets the device talk with."""

    ANYBODY = "anybody"
    NAME = "name"
    """``text`` is a name of DNS (RFC 8520 8)."""
    NETWORK = "network"
    LOCAL_NETWORKS = "local networks"
    CONTROLLER = "controller"
    """``text`` is a URI that the hospital resolves (RFC 8520 6.3)."""
    MAKER = "devices of a maker"
    MODEL = "devices of a model"


@value
class Ports:
    """A range of ports, both ends included."""

    first: int
    last: int

    def __contains__(self, port: int) -> bool:
        return self.first <= port <= self.last

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"


@value
class Rule:
    """One entry of an access list."""

    name: str
    is_outbound: bool
    """It stands in the policy for what the device sends."""
    version: int
    """4 or 6 of IP; 0 for what is no IP, which conversations never are."""
    protocol: int | None
    """The number in the IP header; None for any."""
    other: Other
    text: str
    network: Network | None
    device_port: Ports | None
    other_port: Ports | None
    begun_by: str
    """``from-device`` or ``to-device`` where the rule says who must begin (RFC 8520 8, direction-initiated)."""
    is_accepted: bool
    profiles: tuple[str, ...]

    def words(self) -> str:
        """As a person says it: ``TCP to tech.maker.example port 8777``."""
        transport = {6: "TCP", 17: "UDP", 1: "ICMP", 2: "IGMP", 58: "ICMPv6"}.get(self.protocol or 0)
        whom = self.text if self.text and self.other is not Other.LOCAL_NETWORKS else str(self.other)
        words = [transport or ("any protocol" if self.protocol is None else f"IP protocol {self.protocol}")]
        words.append(f"{'to' if self.is_outbound else 'from'} {whom}")
        if self.other_port is not None:
            words.append(f"at its port {self.other_port}")
        if self.device_port is not None:
            words.append(f"at the device's port {self.device_port}")
        return " ".join(words)


@value
class Profile:
    """What TLS the device speaks, as its maker declares it (RFC 9761 4)."""

    name: str
    versions: tuple[str, ...]
    """``tls12``, ``tls13``, ``dtls12`` ..."""
    cipher_suites: tuple[int, ...]
    extensions: tuple[int, ...]
    groups: tuple[int, ...]


@value
class Mud:
    """One file."""

    url: str
    updated: str
    is_supported: bool
    """The maker still looks after the device (RFC 8520 3.7)."""
    system: str
    maker: str
    model: str
    firmware: str
    signature: str
    """Where its signature is said to be; empty where none is named."""
    rules: tuple[Rule, ...]
    profiles: tuple[Profile, ...]
    problems: tuple[Problem, ...]


def read_mud(content: bytes) -> Mud | Problem:
    """The description in a file, or why there is none."""
    if len(content) > MUD_LIMIT_BYTES:
        return Problem(where="", why=f"is larger than {MUD_LIMIT_BYTES // 2**20} MiB")
    notes = Notes()
    root = read_json(content, notes)
    if isinstance(root, Problem):
        return root
    head = root.get("ietf-mud:mud")
    if not head.is_there or not isinstance(head.content, dict):
        return Problem(where="/ietf-mud:mud", why="is not there: this is no MUD file")
    edition = head.number("mud-version")
    if edition != 1:
        notes.add(head.where, "names another version than 1; it was read as far as it is known")
    listed = _lists(root)
    profiles: dict[str, Profile] = {}
    rules: list[Rule] = []
    for policy, is_outbound in (("from-device-policy", True), ("to-device-policy", False)):
        for wanted in _one_of(head, policy).get("access-lists").items("access-list"):
            name = wanted.text("name")
            if name not in listed:
                notes.add(wanted.where, f"names the access list {name[:80]!r}, which is not there")
                continue
            kind, aces = listed[name]
            for ace in aces:
                if len(rules) >= RULES_LIMIT:
                    notes.add(ace.where, f"there are more than {RULES_LIMIT} rules; the first were read")
                    break
                rules.append(_rule(ace, kind, profiles, is_outbound=is_outbound))
    supported = head.get("is-supported").content
    return Mud(
        url=head.text("mud-url"),
        updated=head.text("last-update"),
        is_supported=supported is not False,
        system=head.text("systeminfo"),
        maker=head.text("mfg-name"),
        model=head.text("model-name"),
        firmware=head.text("firmware-rev"),
        signature=head.text("mud-signature"),
        rules=tuple(rules),
        profiles=tuple(profiles.values()),
        problems=tuple(notes.problems),
    )


def _one_of(field: Field, *names: str) -> Field:
    """The first member that is there: some writers repeat the module's name where RFC 7951 4 needs none."""
    for name in names:
        for spelt in (name, f"ietf-mud:{name}", f"ietf-acldns:{name}", f"ietf-acl-tls:{name}"):
            found = field.get(spelt)
            if found.is_there:
                return found
    return field.get(names[0])


def _lists(root: Field) -> dict[str, tuple[str, list[Field]]]:
    """Access lists by name, with their types. Files from before RFC 8519 name the module otherwise."""
    place = root.get("ietf-access-control-list:acls")
    if not place.is_there:
        place = root.get("ietf-access-control-list:access-lists")
    return {one.text("name"): (one.text("type"), list(one.get("aces").items("ace"))) for one in place.items("acl")}


def _rule(ace: Field, kind: str, profiles: dict[str, Profile], *, is_outbound: bool) -> Rule:
    matches = ace.get("matches")
    version, layer = 0, matches.get("ipv4")
    if layer.is_there or "ipv4" in kind:
        version = 4
    elif matches.get("ipv6").is_there or "ipv6" in kind:
        version, layer = 6, matches.get("ipv6")
    protocol, device_port, other_port, begun_by = layer.number("protocol"), None, None, ""
    for name, number in (("tcp", 6), ("udp", 17)):
        transport = matches.get(name)
        if transport.is_there:
            protocol = float(number)
            source, target = _ports(transport, "source-port"), _ports(transport, "destination-port")
            device_port, other_port = (source, target) if is_outbound else (target, source)
            begun_by = _one_of(transport, "direction-initiated").text()
    other, text, network = _other(matches, layer, is_outbound=is_outbound)
    return Rule(
        name=ace.text("name"),
        is_outbound=is_outbound,
        version=version,
        protocol=None if protocol is None else int(protocol),
        other=other,
        text=text,
        network=network,
        device_port=device_port,
        other_port=other_port,
        begun_by=begun_by,
        is_accepted=ace.get("actions").text("forwarding").rpartition(":")[2] == "accept",
        profiles=tuple(_profiles(matches, profiles)),
    )


def _ports(transport: Field, name: str) -> Ports | None:
    """RFC 8519 4.2: one port with an operator, or a range."""
    place = transport.get(name)
    if not place.is_there:
        return None
    lower, upper, one = place.number("lower-port"), place.number("upper-port"), place.number("port")
    if lower is not None and upper is not None:
        first, last = int(lower), int(upper)
    elif one is not None:
        operator = place.text("operator") or "eq"
        first = 0 if operator == "lte" else int(one)
        last = 65535 if operator == "gte" else int(one)
        if operator not in ("eq", "lte", "gte"):
            place.notes.add(place.where, f"has the operator {operator[:20]!r}, which no rule of ours can follow")
            return None
    else:
        place.notes.add(place.where, "names no port")
        return None
    if not 0 <= first <= last <= 65535:
        place.notes.add(place.where, "is no range of ports")
        return None
    return Ports(first=first, last=last)


def _other(matches: Field, layer: Field, *, is_outbound: bool) -> tuple[Other, str, Network | None]:
    """Who is at the other end; several conditions hold together, the narrowest is kept."""
    end = "dst" if is_outbound else "src"
    name = _one_of(layer, f"{end}-dnsname").text()
    if name:
        return Other.NAME, name.rstrip(".").casefold(), None
    mud = matches.get("ietf-mud:mud")
    for member, other in (
        ("controller", Other.CONTROLLER),
        ("my-controller", Other.CONTROLLER),
        ("same-manufacturer", Other.MAKER),
        ("manufacturer", Other.MAKER),
        ("model", Other.MODEL),
    ):
        place = mud.get(member)
        if place.is_there:
            text = place.text() if isinstance(place.content, str) else ""
            return other, text or member, None
    side = "destination" if is_outbound else "source"
    for version in ("ipv4", "ipv6"):
        text = layer.text(f"{side}-{version}-network")
        if text:
            try:
                return Other.NETWORK, text, ipaddress.ip_network(text, strict=False)
            except ValueError:
                layer.notes.add(layer.where, f"names a network that is none: {text[:60]!r}")
    if isinstance(mud.content, dict) and "local-networks" in mud.content:
        return Other.LOCAL_NETWORKS, "", None
    return Other.ANYBODY, "", None


def _profiles(matches: Field, known: dict[str, Profile]) -> Iterator[str]:
    """RFC 9761 4: profiles stand in the rule; drafts before it wrote some members in the singular."""
    place = _one_of(matches, "client-profiles", "client-profile")
    for one in _one_of(place, "tls-dtls-profile", "tls-dtls-profiles").items():
        name = one.text("name") or f"profile {len(known) + 1}"
        versions = (
            *_one_of(one, "supported-tls-version", "supported-tls-versions").texts(),
            *_one_of(one, "supported-dtls-version", "supported-dtls-versions").texts(),
        )
        known[name] = Profile(
            name=name,
            versions=tuple(version.rpartition(":")[2] for version in versions),
            cipher_suites=_numbers(_one_of(one, "cipher-suite", "cipher-suites")),
            extensions=_numbers(_one_of(one, "extension-type", "extension-types")),
            groups=_numbers(_one_of(one, "supported-group", "supported-groups")),
        )
        yield name


def _numbers(field: Field) -> tuple[int, ...]:
    found = (item.number() for item in field.items())
    return tuple(int(number) for number in found if number is not None)
