"""What a list of devices can be narrowed by."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet

from asepsis.web.devices.models import Device, DeviceRecord


class DeviceFilter(django_filters.FilterSet):
    """Search in names, addresses and attributes, and single columns."""

    q = django_filters.CharFilter(method="search", label="Search")
    category = django_filters.CharFilter(field_name="category")
    vendor = django_filters.CharFilter(field_name="vendor", lookup_expr="icontains")
    site = django_filters.CharFilter(field_name="site__name")
    status = django_filters.CharFilter(field_name="status")
    medical = django_filters.BooleanFilter(field_name="medical")
    department = django_filters.NumberFilter(field_name="record__department")
    criticality = django_filters.ChoiceFilter(
        field_name="record__criticality", choices=DeviceRecord.Criticality.choices
    )

    class Meta:
        model = Device
        fields: tuple[str, ...] = ()

    def search(self, rows: QuerySet[Device], _: str, wanted: Any) -> QuerySet[Device]:
        """Rows that hold every word."""
        for word in str(wanted).lower().split():
            rows = rows.filter(search__contains=word)
        return rows
