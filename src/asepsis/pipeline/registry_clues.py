"""The clues and ties of the registry: what captures said, each row once however often it is said."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from asepsis.devices.clue import Clue, Endpoint, Tie
from asepsis.devices.observed import Observed

_MERGE_CLUE = """
INSERT INTO clues VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET
    weight = max(weight, excluded.weight),
    sightings = sightings + excluded.sightings,
    capture = CASE WHEN excluded.first_ns < first_ns THEN excluded.capture ELSE capture END,
    packet = CASE WHEN excluded.first_ns < first_ns THEN excluded.packet ELSE packet END,
    first_ns = min(first_ns, excluded.first_ns),
    last_ns = max(last_ns, excluded.last_ns)
"""
# Two ties of one capture that begin together come from messages and from conversations: they are one.
_MERGE_TIE = """
INSERT INTO ties (site, mac, ip, first_ns, last_ns, sent, direct, routed, claims, capture, packet)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET
    last_ns = max(last_ns, excluded.last_ns),
    sent = sent + excluded.sent,
    direct = direct + excluded.direct,
    routed = routed + excluded.routed,
    claims = claims | excluded.claims
"""


def write_clues(cursor: sqlite3.Cursor, site: str, clues: Iterable[Clue]) -> None:
    """Adds clues to those that the site has; the same clue again widens its times and counts its sightings."""
    cursor.executemany(_MERGE_CLUE, ((site, *clue.endpoint, *clue[1:]) for clue in clues))


def write_ties(cursor: sqlite3.Cursor, site: str, ties: Iterable[Tie]) -> None:
    """Adds ties to those that the site has."""
    cursor.executemany(_MERGE_TIE, ((site, *tie.endpoint, *tie[1:]) for tie in ties))


def read_observed(cursor: sqlite3.Cursor, site: str) -> Observed:
    """Everything that all captures of a site say."""
    clues = tuple(
        Clue(Endpoint(mac, ip), *rest)
        for mac, ip, *rest in cursor.execute(
            "SELECT mac, ip, attribute, value, protocol, weight, sightings, first_ns, last_ns, capture, packet"
            " FROM clues WHERE site = ?",
            (site,),
        )
    )
    ties = tuple(
        Tie(Endpoint(mac, ip), *rest)
        for mac, ip, *rest in cursor.execute(
            "SELECT mac, ip, first_ns, last_ns, sent, direct, routed, claims, capture, packet FROM ties WHERE site = ?",
            (site,),
        )
    )
    return Observed(site=site, captures=(), clues=clues, ties=ties)
