"""What a list of devices can be narrowed by."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet

from asepsis.web.devices.models import Device, DeviceRecord

UNKNOWN = "unknown"
"""In an address: of no known kind."""


class DeviceFilter(django_filters.FilterSet):
    """Search in names, addresses and attributes, and single columns."""

    q = django_filters.CharFilter(method="search", label="Search")
    category = django_filters.CharFilter(method="of_category")
    vendor = django_filters.CharFilter(field_name="vendor", lookup_expr="icontains")
    site = django_filters.CharFilter(field_name="site__name")
    status = django_filters.CharFilter(field_name="status")
    medical = django_filters.BooleanFilter(field_name="medical")
    department = django_filters.NumberFilter(field_name="record__department")
    criticality = django_filters.ChoiceFilter(
        field_name="record__criticality", choices=DeviceRecord.Criticality.choices
    )

    zone = django_filters.CharFilter(field_name="zone")
    clear = django_filters.BooleanFilter(method="in_clear")
    conflicts = django_filters.BooleanFilter(method="disputed")

    class Meta:
        model = Device
        fields: tuple[str, ...] = ()

    def search(self, rows: QuerySet[Device], _: str, wanted: Any) -> QuerySet[Device]:
        """Rows that hold every word."""
        for word in str(wanted).lower().split():
            rows = rows.filter(search__contains=word)
        return rows

    def of_category(self, rows: QuerySet[Device], _: str, wanted: Any) -> QuerySet[Device]:
        """Rows of one kind, or of none."""
        return rows.filter(category="" if wanted == UNKNOWN else wanted)

    def in_clear(self, rows: QuerySet[Device], _: str, wanted: Any) -> QuerySet[Device]:
        """Rows with or without data of patients in clear."""
        return rows.filter(patient_messages__gt=0) if wanted else rows.filter(patient_messages=0)

    def disputed(self, rows: QuerySet[Device], _: str, wanted: Any) -> QuerySet[Device]:
        """Rows about which something is in conflict, or nothing."""
        return rows.filter(conflicts__gt=0) if wanted else rows.filter(conflicts=0)
