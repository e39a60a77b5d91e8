"""The columns that a list of devices can show, the same for the page, CSV, JSON and PDF."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from asepsis.kernel.value import value
from asepsis.web.devices.models import Device


@value
class Column:
    """One column: its word in addresses and files, its title, and what it holds of a device."""

    name: str
    title: str
    of: Callable[[Device], Any]


def _record(name: str) -> Callable[[Device], Any]:
    def read(device: Device) -> Any:
        record = getattr(device, "record", None)
        held = getattr(record, name, None)
        return "" if held is None else str(held)

    return read


def _plain(name: str) -> Callable[[Device], Any]:
    return lambda device: getattr(device, name)


def _moment(name: str) -> Callable[[Device], Any]:
    return lambda device: getattr(device, name).isoformat()


COLUMNS: Final[dict[str, Column]] = {
    column.name: column
    for column in (
        Column(name="title", title="Device", of=_plain("title")),
        Column(name="category", title="Kind", of=_plain("category")),
        Column(name="vendor", title="Vendor", of=_plain("vendor")),
        Column(name="model", title="Model", of=_plain("model")),
        Column(name="address", title="Address", of=_plain("address")),
        Column(name="confidence", title="Sure", of=lambda device: round(device.confidence, 3)),
        Column(name="status", title="Status", of=_plain("status")),
        Column(name="last_seen", title="Last seen", of=_moment("last_seen")),
        Column(name="first_seen", title="First seen", of=_moment("first_seen")),
        Column(name="site", title="Site", of=lambda device: device.site.name),
        Column(name="department", title="Department", of=_record("department")),
        Column(name="criticality", title="Criticality", of=_record("criticality")),
        Column(name="owner", title="Owner", of=_record("owner")),
        Column(name="place", title="Place", of=_record("place")),
        Column(name="asset_number", title="Asset number", of=_record("asset_number")),
        Column(name="zone", title="Network", of=_plain("zone")),
        Column(name="os", title="System", of=_plain("os")),
        Column(name="firmware", title="Firmware", of=_plain("firmware")),
        Column(name="serial", title="Serial number", of=_plain("serial")),
        Column(name="role", title="Role", of=_plain("role")),
        Column(name="peers", title="Peers", of=_plain("peers")),
        Column(name="conversations", title="Conversations", of=_plain("conversations")),
        Column(name="bytes", title="Volume", of=_plain("bytes")),
        Column(name="patient_messages", title="Patient data in clear", of=_plain("patient_messages")),
        Column(name="conflicts", title="In dispute", of=_plain("conflicts")),
    )
}
USUAL: Final = ("title", "category", "vendor", "model", "address", "confidence", "status", "last_seen")
"""Shown where nobody chose."""


def chosen(names: Iterable[str], *, among: Iterable[str] = COLUMNS) -> tuple[str, ...]:
    """The columns that were asked for and are offered, in our order; the usual ones where none was."""
    wanted = {part for name in names for part in name.split(",")}
    found = tuple(name for name in among if name in wanted)
    if not found:
        return USUAL
    return found if "title" in found else ("title", *found)
