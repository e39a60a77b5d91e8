"""The plan as nftables rules: the kernel lets out what the plan names, and not one packet more.

The rules hold in the scanner's own network namespace, for everything that leaves it, whichever program sends it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Final

from asepsis.exposure.scanning.plan import Plan, Target

TABLE: Final = "asepsis_scan"
_INTERFACE: Final = re.compile(r"[A-Za-z0-9_.:-]{1,15}")


def ruleset(plan: Plan, interface: str, *, left_out: Sequence[str] = (), routers: Sequence[str] = ()) -> str:
    """The text for ``nft -f -``: replaces, in one step, what the table held.

    Nobody gets anything by it alone: each target's chain is empty until ``opened`` gives it its budget.

    Args:
        plan: Its targets have a way, which is closed.
        interface: Packets leave by this one alone.
        left_out: Devices of the plan that may no longer be asked.
        routers: Addresses of routers on the interface's segment that devices of the plan lie behind.

    Raises:
        ValueError: The interface's name is none.
    """
    if not _INTERFACE.fullmatch(interface):
        raise ValueError(f"no name of an interface: {interface!r}")
    targets = [(number, one) for number, one in enumerate(plan.targets) if one.device not in left_out]
    lines = [*_cleared(), f"table inet {TABLE} {{"]
    for number, _ in targets:
        lines += [f"  chain target{number} {{", "  }"]
    lines += [
        "  chain output {",
        "    type filter hook output priority filter; policy drop;",
        '    oifname "lo" accept',
    ]
    lines.append(f'    oifname != "{interface}" drop')
    for number, target in targets:
        lines += [
            f"    {_family(target)} daddr {target.ip} {each.question.transport} dport {each.port} jump target{number}"
            for each in target.questions
        ]
    # The answer to "who has our address", to those alone who may be asked, and to the routers before them: without it
    # they could not answer.
    asking = [*(target.ip for _, target in targets), *routers]
    six = [ip for ip in dict.fromkeys(asking) if ip_address(ip).version == 6]
    if six:
        lines.append(f"    icmpv6 type nd-neighbor-advert ip6 daddr {{ {', '.join(six)} }} accept")
    lines += ["  }", *_never_forwards(), "}"]
    four = [ip for ip in dict.fromkeys(asking) if ip_address(ip).version == 4]
    return "\n".join([*lines, *_arp(four), ""])


def opened(plan: Plan, target: Target) -> str:
    """The text that lets one target of ``ruleset`` be asked, within its budget; said once, after it was checked."""
    # A bucket that starts full and gets one more packet a day is a number of packets, not a rate.
    budget = f"limit rate 1/day burst {target.packets} packets quota until {target.bytes} bytes accept"
    return f"add rule inet {TABLE} target{plan.targets.index(target)} {budget}\n"


def closed() -> str:
    """The text that lets nothing out any more, also what the kernel still has to send for closed connections."""
    lines = [*_cleared(), f"table inet {TABLE} {{", "  chain output {"]
    lines += ["    type filter hook output priority filter; policy drop;", '    oifname "lo" accept', "  }"]
    return "\n".join([*lines, *_never_forwards(), "}", *_arp([]), ""])


def _cleared() -> list[str]:
    # Declared first, so that deleting it works where it was not there yet.
    return [
        line for family in ("inet", "arp") for line in (f"table {family} {TABLE}", f"delete table {family} {TABLE}")
    ]


def _never_forwards() -> list[str]:
    return ["  chain forward {", "    type filter hook forward priority filter; policy drop;", "  }"]


def _arp(addresses: Sequence[str]) -> list[str]:
    lines = [f"table arp {TABLE} {{", "  chain output {", "    type filter hook output priority filter; policy drop;"]
    if addresses:
        lines.append(f"    arp operation reply arp daddr ip {{ {', '.join(addresses)} }} accept")
    return [*lines, "  }", "}"]


def _family(target: Target) -> str:
    return "ip" if ip_address(target.ip).version == 4 else "ip6"
