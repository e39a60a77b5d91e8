"""A penetration test: what its scope says of an address, and which step may follow which. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from ipaddress import ip_address, ip_network
from typing import Final

from asepsis.kernel.errors import AsepsisError

NETWORKS_LIMIT: Final = 200

# State to the steps that may follow; a closed test is reopened by a new one.
STEPS: Final[dict[str, frozenset[str]]] = {
    "draft": frozenset(("proposed", "refused")),
    "proposed": frozenset(("approved", "refused")),
    "approved": frozenset(("closed",)),
    "closed": frozenset(),
    "refused": frozenset(),
}
# A finding that is said to be fixed is fixed only when a retest has seen it; one that stands may be fixed again.
FINDING_STEPS: Final[dict[str, frozenset[str]]] = {
    "open": frozenset(("fixed",)),
    "fixed": frozenset(("gone", "stands")),
    "stands": frozenset(("fixed",)),
    "gone": frozenset(),
}


class EngagementError(AsepsisError):
    """A step of a penetration test that is not possible."""


def networks(lines: str) -> tuple[str, ...]:
    """Networks from text, one a line.

    Raises:
        EngagementError: A line names none; it is quoted with its number.
    """
    found = []
    for number, line in enumerate(lines.splitlines(), start=1):
        text = line.strip()
        if not text:
            continue
        try:
            found.append(str(ip_network(text)))
        except ValueError as error:
            raise EngagementError(
                f"line {number}: {text[:60]!r} is no network", code="engagement-network", hint="Such as 10.20.30.0/24."
            ) from error
    if len(found) > NETWORKS_LIMIT:
        raise EngagementError(f"more than {NETWORKS_LIMIT} networks", code="engagement-network")
    return tuple(dict.fromkeys(found))


def in_scope(
    device: str,
    ips: Sequence[str],
    *,
    devices: Collection[str],
    networks: Collection[str],
    do_not_touch: Collection[str],
) -> bool:
    """Whether a device may be tested: named or in a network of the scope, and in none that stays untouched.

    Args:
        device: Its id.
        ips: All its addresses: one that is not to be touched is enough.
        devices: Ids in scope.
        networks: Networks in scope.
        do_not_touch: Networks that stay untouched, also inside the scope.
    """
    if any(_inside(ip, do_not_touch) for ip in ips):
        return False
    return device in devices or any(_inside(ip, networks) for ip in ips)


def step(now: str, then: str, *, steps: dict[str, frozenset[str]] = STEPS) -> str:
    """The state that follows.

    Raises:
        EngagementError: It cannot follow.
    """
    if then not in steps.get(now, frozenset()):
        raise EngagementError(f"what is {now} does not become {then}", code="engagement-state")
    return then


def _inside(ip: str, networks: Collection[str]) -> bool:
    address = ip_address(ip)
    return any(address.version == network.version and address in network for network in map(ip_network, networks))
