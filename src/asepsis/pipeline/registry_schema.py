"""The tables of the registry: one SQLite file, made and brought up to date here."""

from __future__ import annotations

import sqlite3
from typing import Final

FORMAT_VERSION: Final = 5

# Changes of identity: what a device was until some moment and is no longer.
_EVENTS: Final = """
CREATE TABLE events (
    site TEXT NOT NULL, device TEXT NOT NULL, at_ns INTEGER NOT NULL, attribute TEXT NOT NULL,
    earlier TEXT NOT NULL, later TEXT NOT NULL, protocol TEXT NOT NULL, capture TEXT NOT NULL,
    packet INTEGER NOT NULL, PRIMARY KEY (site, device, at_ns, attribute, earlier, later)
) STRICT, WITHOUT ROWID
"""

# Counts transactions that changed something, so that who shows devices elsewhere knows when to look again.
_REVISION: Final = (
    "CREATE TABLE revision (number INTEGER NOT NULL) STRICT",
    "INSERT INTO revision (number) VALUES (1)",
)

# STRICT tables refuse what is of the wrong type; WITHOUT ROWID keeps a row where its key is. The columns of the key
# come first: SQLite 3.40 and before complain in their integrity check of tables where they do not.
TABLES: Final = """
CREATE TABLE clues (
    site TEXT NOT NULL, mac TEXT NOT NULL, ip TEXT NOT NULL,
    attribute TEXT NOT NULL, value TEXT NOT NULL, protocol TEXT NOT NULL,
    weight REAL NOT NULL, sightings INTEGER NOT NULL, first_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL,
    capture TEXT NOT NULL, packet INTEGER NOT NULL,
    PRIMARY KEY (site, mac, ip, attribute, value, protocol)
) STRICT, WITHOUT ROWID;

-- Address pairs by stretch of time: the intervals during which an endpoint bore both addresses.
CREATE TABLE ties (
    site TEXT NOT NULL, mac TEXT NOT NULL, ip TEXT NOT NULL,
    first_ns INTEGER NOT NULL, capture TEXT NOT NULL, last_ns INTEGER NOT NULL, sent INTEGER NOT NULL,
    direct INTEGER NOT NULL, routed INTEGER NOT NULL, claims INTEGER NOT NULL, packet INTEGER NOT NULL,
    PRIMARY KEY (site, mac, ip, first_ns, capture)
) STRICT, WITHOUT ROWID;

CREATE TABLE devices (
    id TEXT PRIMARY KEY, site TEXT NOT NULL, place INTEGER NOT NULL,
    first_seen_ns INTEGER NOT NULL, last_seen_ns INTEGER NOT NULL, document TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX devices_by_site ON devices (site, place);

CREATE TABLE device_keys (
    site TEXT NOT NULL, device TEXT NOT NULL, key TEXT NOT NULL, PRIMARY KEY (site, device, key)
) STRICT, WITHOUT ROWID;

-- Who held which network address from when on.
CREATE TABLE holdings (
    site TEXT NOT NULL, ip TEXT NOT NULL, first_ns INTEGER NOT NULL, device TEXT NOT NULL, last_ns INTEGER NOT NULL,
    PRIMARY KEY (site, ip, first_ns, device)
) STRICT, WITHOUT ROWID;

CREATE TABLE redirects (
    old TEXT NOT NULL, new TEXT NOT NULL, change TEXT NOT NULL, PRIMARY KEY (old, new)
) STRICT, WITHOUT ROWID;

CREATE TABLE captures (
    site TEXT NOT NULL, digest TEXT NOT NULL, path TEXT NOT NULL, analyzed_ns INTEGER NOT NULL,
    packets INTEGER NOT NULL, knowledge TEXT NOT NULL DEFAULT '', PRIMARY KEY (site, digest)
) STRICT, WITHOUT ROWID;

CREATE TABLE overrides (
    device TEXT NOT NULL, attribute TEXT NOT NULL, value TEXT NOT NULL, by TEXT NOT NULL, at_ns INTEGER NOT NULL,
    note TEXT NOT NULL DEFAULT '', PRIMARY KEY (device, attribute)
) STRICT, WITHOUT ROWID;

-- A site whose clues changed since its devices were folded.
CREATE TABLE stale (site TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;

-- By which tables of a site's own knowledge its devices were folded.
CREATE TABLE folded (site TEXT PRIMARY KEY, knowledge TEXT NOT NULL) STRICT, WITHOUT ROWID;
"""

# From one version to the next; the devices are folded anew after each, because what is kept of them may have changed.
STEPS: Final[dict[int, tuple[str, ...]]] = {
    1: ("ALTER TABLE overrides ADD COLUMN note TEXT NOT NULL DEFAULT ''",),
    2: (
        "ALTER TABLE captures ADD COLUMN knowledge TEXT NOT NULL DEFAULT ''",
        "CREATE TABLE folded (site TEXT PRIMARY KEY, knowledge TEXT NOT NULL) STRICT, WITHOUT ROWID",
    ),
    3: (_EVENTS,),
    4: _REVISION,
}


def prepare(connection: sqlite3.Connection) -> int:
    """Makes the tables in an empty file, brings an older one up to date; returns the version of the file's format."""
    version = _version(connection)
    if version >= FORMAT_VERSION:
        return version
    connection.execute("BEGIN IMMEDIATE")
    # Another process may have been here while we waited for the lock.
    version = _version(connection)
    if version == 0:
        for statement in TABLES.split(";"):
            if statement.strip():
                connection.execute(statement)
        for statement in (_EVENTS, *_REVISION):
            connection.execute(statement)
    elif version < FORMAT_VERSION:
        for step in range(version, FORMAT_VERSION):
            for statement in STEPS[step]:
                connection.execute(statement)
        connection.execute("INSERT OR IGNORE INTO stale SELECT DISTINCT site FROM captures")
    if version < FORMAT_VERSION:
        version = FORMAT_VERSION
        connection.execute(f"PRAGMA user_version = {FORMAT_VERSION}")
    connection.execute("COMMIT")
    return version


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
