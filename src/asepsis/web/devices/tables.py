"""The list of devices as a table."""

from __future__ import annotations

import django_tables2 as tables

from asepsis.web.devices.columns import COLUMNS
from asepsis.web.devices.models import Device


def _cell(name: str, order_by: tuple[str, ...]) -> tables.TemplateColumn:
    return tables.TemplateColumn(
        template_name=f"devices/cell_{name}.html", verbose_name=COLUMNS[name].title, order_by=order_by
    )


def _record(name: str, order_by: str = "") -> tables.Column:
    return tables.Column(
        accessor=f"record__{name}",
        default="",
        verbose_name=COLUMNS[name].title,
        order_by=(order_by or f"record__{name}", "title"),
    )


def _number(name: str) -> tables.Column:
    return tables.Column(
        verbose_name=COLUMNS[name].title, attrs={"td": {"class": "number"}, "th": {"class": "number"}}, default=""
    )


def _plain(name: str) -> tables.Column:
    return tables.Column(verbose_name=COLUMNS[name].title, default="")


class DeviceTable(tables.Table):
    """One row a device. Which columns are shown is chosen by ``exclude``."""

    title = _cell("title", ("title", "id"))
    category = _cell("category", ("category", "title"))
    vendor = _plain("vendor")
    model = _plain("model")
    address = _plain("address")
    confidence = _cell("confidence", ("confidence",))
    status = _cell("status", ("status",))
    last_seen = _cell("last_seen", ("last_seen",))
    first_seen = _cell("first_seen", ("first_seen",))
    site = tables.Column(order_by=("site__name", "title"))
    department = _record("department", "record__department__name")
    criticality = tables.Column(
        accessor="record__get_criticality_display", default="", order_by=("record__criticality", "title")
    )
    owner = _record("owner", "record__owner__name")
    place = _record("place")
    asset_number = _record("asset_number")
    zone = _plain("zone")
    os = _plain("os")
    firmware = _plain("firmware")
    serial = _plain("serial")
    role = _cell("role", ("role", "title"))
    peers = _number("peers")
    conversations = _number("conversations")
    bytes = _cell("bytes", ("bytes",))
    patient_messages = _number("patient_messages")
    conflicts = _number("conflicts")

    class Meta:
        model = Device
        fields = tuple(COLUMNS)
        sequence = tuple(COLUMNS)
        order_by = ("title",)
        empty_text = "No device fits. Take a filter away, or search for less."
