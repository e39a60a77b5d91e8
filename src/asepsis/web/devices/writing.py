"""Writes what the projection found: only rows that differ, in transactions so short that nobody waits for them.

Pages and records of accesses write into the same database. A transaction over all devices of a hospital group would
hold them up for half a minute; one over a few hundred rows holds them up for as long as a page takes.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

from django.db import connection, transaction
from django.db.models import Model

from asepsis.web.devices.models import Change, Device, Link

DEVICES_AT_ONCE: Final = 200
LINKS_AT_ONCE: Final = 2_000
CHANGES_AT_ONCE: Final = 500
PARAMETERS_LIMIT: Final = 400
"""Keys in one question; SQLite takes 999 parameters by Django's count."""

Item = TypeVar("Item")
Prepared = tuple[Any, ...]
"""A row of links as the database takes it."""
_LINK_FIELDS: Final = tuple(field for field in Link._meta.concrete_fields if not field.primary_key)


def write_devices(rows: Iterable[Device]) -> set[str]:
    """Makes or changes the rows of devices that differ from what stands there; returns the ids of all of ``rows``."""
    names = [field.attname for field in Device._meta.concrete_fields]
    written = [field.name for field in Device._meta.concrete_fields if not field.primary_key]
    ids: set[str] = set()
    # So many are made and compared at a time: all rows of a hospital group at once take a quarter of a gigabyte.
    for some in batches(rows, PARAMETERS_LIMIT):
        wanted = [row.pk for row in some]
        ids.update(wanted)
        there = {row[0]: row for row in Device.objects.filter(pk__in=wanted).order_by().values_list(*names)}
        differing = [row for row in some if there.get(row.pk) != tuple(getattr(row, name) for name in names)]
        for few in batches(differing, DEVICES_AT_ONCE):
            with transaction.atomic():
                Device.objects.bulk_create(few, update_conflicts=True, unique_fields=["id"], update_fields=written)
    return ids


def write_changes(rows: Sequence[Change], told: Callable[[set[str]], None] = lambda _: None) -> None:
    """Adds the changes that are not there yet and removes those that are told no more.

    Args:
        rows: All changes.
        told: Called with the ids of the devices of which there is a new one, before it is written.
    """
    wanted = {_change_key(row): row for row in rows}
    there = {_change_key(row): row.pk for row in Change.objects.order_by().iterator(chunk_size=2_000)}
    told({row.device_id for key, row in wanted.items() if key not in there})
    for some in batches((row for key, row in wanted.items() if key not in there), CHANGES_AT_ONCE):
        with transaction.atomic():
            Change.objects.bulk_create(some)
    _delete(Change, [pk for key, pk in there.items() if key not in wanted])


def write_links(rows: Iterable[Link]) -> None:
    """Replaces all links, those of a few clients at a time: each client's are whole at every moment."""
    of_client: dict[tuple[str | None, str, int], list[Prepared]] = {}
    for row in rows:
        key = (row.client_id, "" if row.client_id else row.client_address, row.site_id)
        of_client.setdefault(key, []).append(_prepared(row))
    before = {
        (client, "" if client else address, site)
        for client, address, site in Link.objects.order_by().values_list("client", "client_address", "site").distinct()
    }
    for key in before - of_client.keys():
        of_client[key] = []
    some: list[tuple[str | None, str, int]] = []
    count = 0
    # Site by site: an address that is no device means something in its own site alone.
    for key in sorted(of_client, key=lambda key: key[2]):
        if some and (count >= LINKS_AT_ONCE or len(some) >= PARAMETERS_LIMIT or key[2] != some[0][2]):
            _replace(some, of_client)
            some, count = [], 0
        some.append(key)
        count += len(of_client[key])
    _replace(some, of_client)


def _replace(
    keys: Sequence[tuple[str | None, str, int]], of_client: Mapping[tuple[str | None, str, int], list[Prepared]]
) -> None:
    if not keys:
        return
    devices = [client for client, _, _ in keys if client]
    addresses = [address for client, address, _ in keys if not client]
    with transaction.atomic():
        Link.objects.filter(client__in=devices, site=keys[0][2]).delete()
        if addresses:
            Link.objects.filter(client=None, client_address__in=addresses, site=keys[0][2]).delete()
        _insert([link for key in keys for link in of_client[key]])


def _prepared(link: Link) -> Prepared:
    """The values of a row: of half a million links there is no room for the objects."""
    return tuple(field.get_db_prep_save(getattr(link, field.attname), connection) for field in _LINK_FIELDS)


def _insert(rows: Sequence[Prepared]) -> None:
    """As ``bulk_create`` would, at a tenth of its cost: half a million rows have no need of objects and signals."""
    if not rows:
        return
    names = ", ".join(connection.ops.quote_name(str(field.column)) for field in _LINK_FIELDS)
    places = ", ".join(["%s"] * len(_LINK_FIELDS))
    table = connection.ops.quote_name(Link._meta.db_table)
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({places})", rows)  # noqa: S608 - names of our own


def delete_devices(ids: Sequence[str]) -> None:
    """Removes the rows of devices that are no more."""
    _delete(Device, ids)


def _delete(model: type[Model], keys: Sequence[Any]) -> None:
    for some in batches(keys, PARAMETERS_LIMIT):
        with transaction.atomic():
            model._default_manager.filter(pk__in=some).delete()


def _change_key(row: Change) -> Hashable:
    return (row.device_id, row.at, row.attribute, row.before, row.after)


def batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """The items in lists of ``size``, the last one shorter."""
    batch: list[Item] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
