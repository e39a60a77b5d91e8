"""The truth of a week of attacks: what attackers ran is true of the hosts that they ran it on.

Comes in: a truth file, whose ``hosts`` tell of ordinary days and whose ``attacks`` tell what was run from where. Goes
out: hosts for ``measures``, and how right the answers about attackers' hosts are, apart from the others'.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from lab import measures
from lab.hospital.labels import program

PLAYS: Mapping[str, str] = {"nmap": "network_scanner"}
"""What a host is as well, in the words of the closed list, while such a program runs on it."""

Pairs = Sequence[tuple[Sequence[Mapping[str, Any]], Sequence[Mapping[str, Any]]]]


def hosts(truth: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The hosts of a truth file as they are in the week of attacks; ``attacks`` says whether one came from a host."""
    ran: dict[str, set[str]] = defaultdict(set)
    for label in truth["attacks"]:
        if label["happened"]:
            for deed in label["done"]:
                ran[deed["host"]].add(program(deed["argv"]))
    sources = {label["source"]["name"] for label in truth["attacks"] if label["happened"]}
    return [
        {
            **host,
            "attacks": host["name"] in sources,
            "programs": sorted({*host["programs"], *ran[host["name"]]}),
            "also_plays": sorted(
                {*host.get("also_plays", ()), *(PLAYS[one] for one in ran[host["name"]] & set(PLAYS))}
            ),
        }
        for host in truth["hosts"]
    ]


def apart(pairs: Pairs) -> dict[str, Any]:
    """How right the answers are on hosts that attacks came from and on all others: claims, wrong ones, hosts."""
    found = {}
    for name, wanted in (("hosts that attacks came from", True), ("all other hosts", False)):
        chosen = [(devices, [host for host in there if host["attacks"] is wanted]) for devices, there in pairs]
        score = measures.score(chosen)
        found[name] = {
            "hosts": sum(len(there) for _, there in chosen),
            "claims": score["claims"],
            "wrong": score["wrong"],
        }
    return found


def report(figures: Mapping[str, Any]) -> str:
    """The figures for a person."""
    return "\n".join(
        f"{name}: {len(one['wrong'])} wrong of {one['claims']} claims about {one['hosts']} hosts"
        for name, one in figures.items()
    )
