"""The list of devices as a table: which columns it has, how each is sorted, and its page of rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import django_tables2 as tables
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.utils.functional import cached_property
from django.utils.safestring import SafeString

from asepsis.web.devices import cells
from asepsis.web.devices.columns import COLUMNS
from asepsis.web.devices.models import Device
from asepsis.web.remembered import counted

_ORDERS: Final[dict[str, tuple[str, ...]]] = {
    "title": ("title", "id"),
    "category": ("category", "title"),
    "site": ("site__name", "title"),
    "department": ("record__department__name", "title"),
    "criticality": ("record__criticality", "title"),
    "owner": ("record__owner__name", "title"),
    "place": ("record__place", "title"),
    "asset_number": ("record__asset_number", "title"),
    "role": ("role", "title"),
}
"""What a click on a column's head sorts by, where that is more than the column."""


class KnownPaginator(Paginator[Any]):
    """Pages whose number is counted once until devices change."""

    @cached_property
    def count(self) -> int:
        """How many devices there are on all pages."""
        shown: Any = self.object_list  # django-tables2's rows
        return counted(shown.data.data, shown.table.version)


class DeviceTable(tables.Table):
    """One row a device. What the cells hold is written by ``cells``; here columns are but headed and sorted by."""

    class Meta:
        model = Device
        fields: tuple[str, ...] = ()
        order_by = ("title",)
        empty_text = "No device fits. Take a filter away, or search for less."

    def __init__(
        self,
        rows: QuerySet[Device],
        *,
        shown: Iterable[str] = tuple(COLUMNS),
        version: str | None = None,
        **options: Any,
    ) -> None:
        self.version = version
        columns = [
            (name, tables.Column(verbose_name=COLUMNS[name].title, order_by=_ORDERS.get(name, (name,))))
            for name in shown
        ]
        super().__init__(rows, extra_columns=columns, **options)

    @cached_property
    def body(self) -> SafeString:
        """The rows of this page."""
        shown = [column.name for column in self.columns]
        return cells.rows((row.record for row in self.paginated_rows), shown)
