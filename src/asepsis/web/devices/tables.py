"""The list of devices as a table."""

from __future__ import annotations

import django_tables2 as tables

from asepsis.web.devices.models import Device


class DeviceTable(tables.Table):
    """One row a device."""

    title = tables.TemplateColumn(template_name="devices/cell_title.html", verbose_name="Device", order_by=("title",))
    category = tables.TemplateColumn(template_name="devices/cell_category.html", verbose_name="Kind")
    vendor = tables.Column(default="")
    model = tables.Column(default="")
    address = tables.Column(default="")
    confidence = tables.TemplateColumn(template_name="devices/cell_confidence.html")
    status = tables.TemplateColumn(template_name="devices/cell_status.html")
    last_seen = tables.DateTimeColumn(format="Y-m-d H:i")

    class Meta:
        model = Device
        fields = ("title", "category", "vendor", "model", "address", "confidence", "status", "last_seen")
        order_by = ("title",)
