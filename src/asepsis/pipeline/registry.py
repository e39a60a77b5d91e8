"""The registry of devices: clues of all runs, the devices that follow, their ids, and what people know better.

One SQLite file in the workspace (WAL, ``synchronous=FULL``). Every change is one transaction, so that a process that
is killed leaves the state before or after it; several processes may write, one waits for the other. Devices are
folded from the clues when they are next asked for. The modules beside this one, ``registry_...``, read and write its
rows; opening the file, transactions and when to fold are here.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from asepsis.devices.compaction import compacted
from asepsis.devices.device import Device
from asepsis.devices.fold import fold
from asepsis.devices.ids import assign
from asepsis.devices.observed import Observed
from asepsis.devices.override import Override
from asepsis.exposure.identity import Identity
from asepsis.history.intervals import FOREVER_NS, AddressInterval
from asepsis.kernel.value import value
from asepsis.knowledge.table import OWN
from asepsis.pipeline.embedded import Store, connect
from asepsis.pipeline.registry_clues import read_observed, write_clues, write_ties
from asepsis.pipeline.registry_devices import earlier_devices, new_ids, read_device, write_devices
from asepsis.pipeline.registry_error import RegistryError, unusable
from asepsis.pipeline.registry_events import Event, read_event, write_events
from asepsis.pipeline.registry_overrides import OVERRIDABLE, check_override, overridden
from asepsis.pipeline.registry_schema import FORMAT_VERSION, prepare

__all__ = ["OVERRIDABLE", "CaptureRecord", "Registry", "RegistryError"]

# Attributes that matching goes by, and what it calls them.
_MATCHED: Final = {
    "vendor": "vendor",
    "model": "model",
    "firmware": "version",
    "os": "os",
    "serial": "serial",
    "udi": "udi",
}
# Redirects lead from merge to merge; a chain this long means a damaged file.
REDIRECTS_LIMIT: Final = 64


@value
class CaptureRecord:
    """A capture that was analysed."""

    digest: str
    path: str
    packets: int
    analyzed_ns: int


class Registry(Store):
    """The registry of one workspace; a context manager. Use it in one thread."""

    @classmethod
    def open(cls, path: Path) -> Registry:
        """Opens the file, or makes it.

        Raises:
            RegistryError: It cannot be opened, is no registry, or is of a newer format.
        """
        try:
            connection = connect(path)
        except sqlite3.Error as error:
            raise unusable(path, error) from error
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            version = prepare(connection)
        except sqlite3.Error as error:
            connection.close()
            raise unusable(path, error) from error
        if version != FORMAT_VERSION:
            connection.close()
            raise RegistryError(
                f"{path}: the registry has format {version}, this program reads {FORMAT_VERSION}",
                code="registry-format",
                hint="Use the version of Asepsis that wrote it, or a newer one.",
            )
        return cls(connection, path)

    # -- what was observed ----------------------------------------------------------------------------------------

    def merge(self, observed: Observed, records: Iterable[CaptureRecord] = ()) -> bool:
        """Adds what captures say. What they said before is not added again, unless other knowledge reads them.

        A capture that was merged when a site's own tables were others is read anew: its clues replace those that it was
        the first to give. When its addresses were seen hangs on no table, so its ties stay.

        Args:
            observed: Of captures of one site.
            records: The captures' paths and sizes, where they are known.

        Returns:
            False when every capture was merged before: nothing was changed.
        """
        known = {record.digest: record for record in records}
        with self._transaction() as cursor:
            held = dict(
                cursor.execute("SELECT digest, knowledge FROM captures WHERE site = ?", (observed.site,)).fetchall()
            )
            if observed.captures and held.keys() >= set(observed.captures):
                return self._merge_anew(cursor, observed, held)
            fresh = [digest for digest in observed.captures if digest not in held]
            cursor.executemany(
                "INSERT INTO captures (site, digest, path, analyzed_ns, packets, knowledge) VALUES (?, ?, ?, ?, ?, ?)",
                [(*_capture_row(observed.site, digest, known.get(digest)), OWN.digest) for digest in fresh],
            )
            write_clues(cursor, observed.site, observed.clues)
            write_ties(cursor, observed.site, observed.ties)
            cursor.execute("INSERT OR IGNORE INTO stale VALUES (?)", (observed.site,))
        return True

    def _merge_anew(self, cursor: sqlite3.Cursor, observed: Observed, held: dict[str, str]) -> bool:
        others = [digest for digest in observed.captures if held[digest] != OWN.digest]
        if not others:
            return False
        for digest in others:
            cursor.execute("DELETE FROM clues WHERE site = ? AND capture = ?", (observed.site, digest))
            cursor.execute(
                "UPDATE captures SET knowledge = ? WHERE site = ? AND digest = ?", (OWN.digest, observed.site, digest)
            )
        write_clues(cursor, observed.site, observed.clues)
        cursor.execute("INSERT OR IGNORE INTO stale VALUES (?)", (observed.site,))
        return True

    def captures(self, site: str | None = None) -> list[tuple[str, CaptureRecord]]:
        """(site, capture) of everything that was merged."""
        rows = self._select(
            "SELECT site, digest, path, packets, analyzed_ns FROM captures WHERE ?1 IS NULL OR site = ?1"
            " ORDER BY analyzed_ns, digest",
            site,
        )
        return [
            (where, CaptureRecord(digest=digest, path=path, packets=packets, analyzed_ns=analyzed_ns))
            for where, digest, path, packets, analyzed_ns in rows
        ]

    # -- devices --------------------------------------------------------------------------------------------------

    def devices(self, site: str | None = None) -> list[Device]:
        """All devices, or those of one site, by site and address, with what people set in its place."""
        self._refresh(site)
        rows = self._select(
            "SELECT id, site, first_seen_ns, last_seen_ns, document FROM devices WHERE ?1 IS NULL OR site = ?1"
            " ORDER BY site, place",
            site,
        )
        overrides = self._overrides()
        return [overridden(read_device(row), overrides.get(row[0], ())) for row in rows]

    def identities(self, site: str | None = None) -> list[tuple[str, Identity]]:
        """(id, who made it and what it is) of each of ``devices``, in their order: all that matching needs of them."""
        self._refresh(site)
        rows = self._select(
            "SELECT id, json_extract(document, '$.vendor', '$.model', '$.firmware', '$.os'),"
            " json_extract(document, '$.serial'), json_extract(document, '$.udi') FROM devices"
            " WHERE ?1 IS NULL OR site = ?1 ORDER BY site, place",
            site,
        )
        overrides = self._overrides()
        known: dict[str, Identity] = {}
        found = []
        for device, text, serial, udi in rows:
            identity = known.get(text)
            if identity is None:
                vendor, model, firmware, os = (word or "" for word in json.loads(text))
                identity = known[text] = Identity(vendor=vendor, model=model, version=firmware, os=os)
            if serial or udi:
                identity = replace(identity, serial=serial or "", udi=udi or "")
            said = {_MATCHED[name]: word for name, word, _ in overrides.get(device, ()) if name in _MATCHED}
            found.append((device, replace(identity, **said) if said else identity))
        return found

    def count(self, site: str | None = None) -> int:
        """How many devices; does not describe those of a site that changed, which is most of the work of folding."""
        sites = {where for (where,) in self._select("SELECT DISTINCT site FROM captures")}
        total = 0
        for where in sites if site is None else sites & {site}:
            if self._select(_STALE, where, OWN.digest):
                total += len(fold(read_observed(self._connection.cursor(), where)))
            else:
                total += int(self._select("SELECT count(*) FROM devices WHERE site = ?1", where)[0][0])
        return total

    def device(self, device_id: str) -> Device | None:
        """One device by its id or by one that leads to it; None when there is none."""
        self._refresh(None)
        device_id = self.current_id(device_id)
        rows = self._select(
            "SELECT id, site, first_seen_ns, last_seen_ns, document FROM devices WHERE id = ?1", device_id
        )
        if not rows:
            return None
        return overridden(read_device(rows[0]), self._overrides(device_id).get(device_id, ()))

    def current_id(self, device_id: str) -> str:
        """The id that an id leads to after merges; itself when it leads nowhere."""
        for _ in range(REDIRECTS_LIMIT):
            rows = self._select(
                "SELECT new FROM redirects WHERE old = ?1 AND change = 'merged'"
                " AND NOT EXISTS (SELECT 1 FROM devices WHERE id = ?1)",
                device_id,
            )
            if not rows:
                return device_id
            device_id = rows[0][0]
        return device_id

    def redirects(self) -> list[tuple[str, str, str]]:
        """(earlier id, id, ``merged`` or ``split``)."""
        return [(old, new, change) for old, new, change in self._select("SELECT * FROM redirects ORDER BY old, new")]

    def device_at(self, site: str, ip: str, time_ns: int) -> str | None:
        """The id of the device that held an address at a time; None where nobody of the site did."""
        (index,) = self.devices_at(site, [ip], np.array([time_ns], np.int64))
        return index

    def devices_at(self, site: str, ips: Sequence[str], times_ns: NDArray[np.int64]) -> list[str | None]:
        """As ``device_at``, for columns of addresses and times of equal length (a table of conversations)."""
        self._refresh(site)
        index = self._holdings(site)
        distinct, inverse = np.unique(np.asarray(ips, dtype=object).astype(str), return_inverse=True)
        result: list[str | None] = [None] * len(ips)
        order = np.argsort(inverse, kind="stable")
        bounds = np.searchsorted(inverse[order], np.arange(len(distinct) + 1))
        for place, ip in enumerate(distinct.tolist()):
            held = index.get(ip)
            if held is None:
                continue
            starts, devices = held
            rows = order[bounds[place] : bounds[place + 1]]
            # Before the first sighting nobody else is known to have held it.
            at = np.maximum(np.searchsorted(starts, times_ns[rows], side="right") - 1, 0)
            for row, which in zip(rows.tolist(), at.tolist(), strict=True):
                result[row] = devices[which]
        return result

    def intervals(self, site: str | None = None, ips: Iterable[str] | None = None) -> list[AddressInterval]:
        """Who held which address when, for joining whole tables of conversations with their devices.

        The first holder of an address is taken to have held it before, and the last to hold it still.

        Args:
            site: Of one site; None of all.
            ips: Of these addresses alone, where only few are asked for; None of all.
        """
        self._refresh(site)
        # What is not asked for is left out of the question, so that the rest of it finds its rows by their key.
        asked = ["site = ?1"] if site is not None else []
        asked += ["ip IN (SELECT value FROM json_each(?2))"] if ips is not None else []
        rows = self._select(
            "SELECT site, ip, first_ns, device FROM holdings"  # noqa: S608 - conditions of our own
            f" WHERE {' AND '.join([*asked, '?1 IS ?1', '?2 IS ?2'])} ORDER BY site, ip, first_ns",
            site,
            None if ips is None else json.dumps(sorted(set(ips))),
        )
        found = []
        for place, (where, ip, first_ns, device) in enumerate(rows):
            before = rows[place - 1] if place else None
            after = rows[place + 1] if place + 1 < len(rows) else None
            begins = first_ns if before is not None and before[:2] == (where, ip) else -FOREVER_NS
            ends = after[2] if after is not None and after[:2] == (where, ip) else FOREVER_NS
            found.append(AddressInterval(site=where, ip=ip, device=device, from_ns=begins, until_ns=ends))
        return found

    def revision(self) -> int:
        """Grows whenever anything changed that devices follow from; the same number means the same devices."""
        self._refresh(None)
        number: int = self._select("SELECT number FROM revision")[0][0]
        return number

    def events(self, site: str | None = None, device: str | None = None) -> list[Event]:
        """Changes of identity of all devices, of one site, or of one device, in time."""
        self._refresh(site)
        rows = self._select(
            "SELECT site, device, at_ns, attribute, earlier, later, protocol, capture, packet FROM events"
            " WHERE (?1 IS NULL OR site = ?1) AND (?2 IS NULL OR device = ?2) ORDER BY at_ns, site, device, attribute",
            site,
            device if device is None else self.current_id(device),
        )
        return [read_event(row) for row in rows]

    # -- what people know better ----------------------------------------------------------------------------------

    def override(
        self, device_id: str, attribute: str, text: str | None, by: str, *, note: str = "", at_ns: int | None = None
    ) -> None:
        """Sets an attribute of a device to what a person says; None takes it back.

        Args:
            device_id: The device, or an earlier id of it.
            attribute: One of ``OVERRIDABLE``.
            text: The value; a category or role must be of the closed list.
            by: Who says so.
            note: Why, in the person's own words.
            at_ns: When; now, when it is None.

        Raises:
            RegistryError: No such device or attribute, or a value that is not allowed.
        """
        device = self.device(device_id)
        if device is None:
            raise RegistryError(f"no device has the id {device_id}", code="device-unknown", hint="asepsis devices")
        self.check_override(attribute, text, by=by, note=note)
        when = time.time_ns() if at_ns is None else at_ns
        with self._transaction() as cursor:
            if text is None:
                cursor.execute("DELETE FROM overrides WHERE device = ? AND attribute = ?", (device.id, attribute))
            else:
                cursor.execute(
                    "INSERT OR REPLACE INTO overrides (device, attribute, value, by, at_ns, note)"
                    " VALUES (?, ?, ?, ?, ?, ?)",
                    (device.id, attribute, text, by, when, note),
                )

    def check_override(self, attribute: str, text: str | None, *, by: str = "", note: str = "") -> None:
        """Raises the ``RegistryError`` that ``override`` would raise for these words; changes nothing."""
        check_override(attribute, text, by=by, note=note)

    def overrides(self, device_id: str) -> tuple[Override, ...]:
        """What people have set of one device, by attribute."""
        rows = self._select(
            "SELECT attribute, value, by, at_ns, note FROM overrides WHERE device = ?1 ORDER BY attribute",
            self.current_id(device_id),
        )
        return tuple(
            Override(attribute=attribute, value=text, by=by, at_ns=at_ns, note=note)
            for attribute, text, by, at_ns, note in rows
        )

    def _overrides(self, device_id: str | None = None) -> dict[str, list[tuple[str, str, str]]]:
        found: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
        for device, attribute, text, by in self._select(
            "SELECT device, attribute, value, by FROM overrides WHERE ?1 IS NULL OR device = ?1 ORDER BY attribute",
            device_id,
        ):
            found[device].append((attribute, text, by))
        return found

    # -- folding --------------------------------------------------------------------------------------------------

    def _refresh(self, site: str | None) -> None:
        """Folds the sites whose clues, or whose own knowledge, have changed since, each in one transaction."""
        for (stale,) in self._select(_STALE, site, OWN.digest):
            with self._transaction() as cursor:
                # Another process may have folded it while we waited.
                if cursor.execute(_STALE, (stale, OWN.digest)).fetchone():
                    self._fold(cursor, stale)
                    cursor.execute("DELETE FROM stale WHERE site = ?", (stale,))
                    cursor.execute("INSERT OR REPLACE INTO folded VALUES (?, ?)", (stale, OWN.digest))

    def _fold(self, cursor: sqlite3.Cursor, site: str) -> None:
        observed = read_observed(cursor, site)
        fewer = compacted(observed.ties)
        if len(fewer) < len(observed.ties):
            cursor.execute("DELETE FROM ties WHERE site = ?", (site,))
            write_ties(cursor, site, fewer)
        folded = fold(Observed(site=site, captures=(), clues=observed.clues, ties=tuple(fewer)))
        earlier = earlier_devices(cursor, site)
        assignment = assign(folded.keys, earlier, new_ids(cursor))
        write_devices(cursor, site, folded, assignment)
        write_events(cursor, site, folded, assignment.ids)

    def _holdings(self, site: str) -> dict[str, tuple[NDArray[np.int64], list[str]]]:
        by_ip: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for ip, first_ns, device in self._select(
            "SELECT ip, first_ns, device FROM holdings WHERE site = ?1 ORDER BY ip, first_ns", site
        ):
            by_ip[ip].append((first_ns, device))
        return {
            ip: (np.array([first for first, _ in held], np.int64), [device for _, device in held])
            for ip, held in by_ip.items()
        }

    # -- the file -------------------------------------------------------------------------------------------------

    def _failed(self, error: sqlite3.Error) -> Exception:
        return unusable(self._path, error)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Cursor]:
        """One change, whole or not at all."""
        try:
            cursor = self._connection.cursor()
            cursor.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            raise unusable(self._path, error) from error
        before = self._connection.total_changes
        try:
            yield cursor
            if self._connection.total_changes > before:
                cursor.execute("UPDATE revision SET number = number + 1")
            cursor.execute("COMMIT")
        except BaseException as error:
            if self._connection.in_transaction:
                cursor.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error):
                raise unusable(self._path, error) from error
            raise


_STALE = """
SELECT site FROM (SELECT site FROM stale UNION SELECT site FROM folded WHERE knowledge != ?2)
WHERE ?1 IS NULL OR site = ?1
"""


def revision_of(path: Path) -> int | None:
    """The revision of a registry without opening it for writing or folding anything.

    Returns:
        None when there is no registry yet; 0, which is nobody's revision, when devices have to be folded first or the
        registry is of an older format.
    """
    if not path.exists():
        return None
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            if connection.execute("SELECT 1 FROM stale").fetchone() is not None:
                return 0
            row: tuple[int] = connection.execute("SELECT number FROM revision").fetchone()
            return row[0]
    except sqlite3.Error:
        return 0


def _capture_row(site: str, digest: str, record: CaptureRecord | None) -> tuple[str, str, str, int, int]:
    if record is None:
        return (site, digest, "", time.time_ns(), 0)
    return (site, digest, record.path, record.analyzed_ns, record.packets)
