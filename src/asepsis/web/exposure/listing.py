"""Findings of the whole fleet on one page: each with its device, or grouped by what was found; and as a file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from typing import Any, Final
from urllib.parse import urlencode

import django_tables2 as tables
from django.core.paginator import Page, Paginator
from django.db.models import Count, Max, Min, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.safestring import SafeString
from django_tables2 import RequestConfig

from asepsis.exposure.weaknesses import KINDS
from asepsis.kernel.text import spreadsheet_cell
from asepsis.web.api.operations import asker
from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.decide import may
from asepsis.web.authorisation.routes import requires
from asepsis.web.devices.tables import KnownPaginator
from asepsis.web.devices.written_down import is_hidden_anywhere
from asepsis.web.exposure import cells
from asepsis.web.exposure.filters import FLAGS, WRITTEN_DOWN, facets, holding, narrowed, recorded
from asepsis.web.exposure.models import Advisory, Finding
from asepsis.web.exposure.scope import examined, findings_of, version
from asepsis.web.ledger.record import record
from asepsis.web.partial import is_partial
from asepsis.web.remembered import remembered
from asepsis.web.streaming import streamed

PER_PAGE: Final = 50
SEARCHED_LIMIT: Final = 2000
"""Findings that a search tells, those of the riskiest devices: a word may stand in a hundred thousand, and nobody reads
more than forty pages. Files and the API give all."""
BATCH: Final = 500
"""Rows of a file that are written at once."""
ENDINGS: Final = ("csv", "json")
_ORDERS: Final[dict[str, tuple[str, ...]]] = {
    "device": ("-score", "device_id", "source", "key"),
    "title": ("title", "pk"),
    "epss": ("epss", "pk"),
    "first_found": ("first_found", "pk"),
}
RECORDED: Final = ("device__record__department", "device__record__owner")
KEPT: Final = ("sort", "by", "weakness", "advisory", "device")
"""Of an address, what no field of the form shows."""
_LEFT_OUT: Final = ("page", "csrfmiddlewaretoken")
BESIDE_UNREAD: Final = (
    *("advisory__products", "advisory__details", "advisory__remedies", "advisory__search", "advisory__vulnerabilities"),
    *("device__search", "device__names", "device__macs", "device__ips", "device__confidences", "device__rhythm"),
    *("device__risk__factors", "device__risk__advice"),
)
"""Of what stands beside a finding, what neither lists nor files show; it is most of a row, and stays on the disk."""
_NOT_LISTED: Final = (*("words", "why", "note", "evidence", "product", "versions", "paper", "digest"), *BESIDE_UNREAD)


class SearchedPaginator(KnownPaginator):
    """Pages of what a search found, which is looked for once: no index knows which findings hold a word."""

    @cached_property
    def ids(self) -> list[int]:
        """Of the findings on all pages, and of one more where there are more."""
        shown: Any = self.object_list  # django-tables2's rows, ordered by now
        rows = shown.data.data.values_list("pk")[: SEARCHED_LIMIT + 1]
        return [pk for (pk,) in remembered(rows, shown.table.version)]

    @cached_property
    def count(self) -> int:
        """How many findings there are on all pages."""
        return min(len(self.ids), SEARCHED_LIMIT)

    @property
    def has_more(self) -> bool:
        """Whether more were found than there are pages for."""
        return len(self.ids) > SEARCHED_LIMIT

    def page(self, number: int | str) -> Page[Any]:
        """A page of ids, of which nothing more is asked: its template looks whether it is empty."""
        number = self.validate_number(number)
        first = (number - 1) * self.per_page
        return Page(self.ids[: self.count][first : first + self.per_page], number, self)


class FindingTable(tables.Table):
    """One row a finding; ``cells`` writes the rows."""

    class Meta:
        model = Finding
        fields: tuple[str, ...] = ()
        empty_text = "No finding fits. Take a filter away, or search for less."

    def __init__(
        self,
        rows: QuerySet[Finding],
        *,
        full: QuerySet[Finding],
        shown: Iterable[str],
        version: str,
        **options: Any,
    ) -> None:
        """A page of ``rows``; of them the database tells the ids alone, and then the ``full`` rows of the page."""
        self.version = version
        self.full = full
        columns = [
            (
                name,
                tables.Column(
                    verbose_name=cells.COLUMNS[name][0], order_by=_ORDERS.get(name), orderable=name in _ORDERS
                ),
            )
            for name in shown
        ]
        super().__init__(rows.only("pk"), extra_columns=columns, **options)

    @cached_property
    def body(self) -> SafeString:
        """The rows of this page."""
        shown = [column.name for column in self.columns]
        if isinstance(self.paginator, SearchedPaginator):
            ids = list(self.page.object_list)
        else:
            ids = [row.record.pk for row in self.paginated_rows]
        found = self.full.in_bulk(ids)
        # What ended since the ids were told is left out.
        return cells.rows((found[one] for one in ids if one in found), shown)


def readable(request: HttpRequest) -> tuple[QueryDict, bool]:
    """What is asked without what this person must not ask for, and whether that is so."""
    hidden = is_hidden_anywhere(request.user)
    asked = request.GET.copy()
    if hidden:
        for name in WRITTEN_DOWN & set(asked):
            asked.pop(name)
    return asked, hidden


@requires(Action.FINDING_VIEW)
def findings(request: HttpRequest) -> HttpResponse:
    """What could hurt somebody, the riskiest devices first."""
    known = examined()
    of = version(known)
    asked, hidden = readable(request)
    mine = findings_of(request.user)
    shown = facets(mine, asked, of, hidden=hidden)
    fitting = narrowed(mine, asked, asker(request))
    record(request, Action.FINDING_VIEW, what={"filters": recorded(asked)})
    by_finding = asked.get("by") == "finding"
    context: dict[str, Any] = {
        "examined": known,
        "narrowed": holding(asked, shown),
        "query": _query(asked),
        "by_finding": by_finding,
        "other_view": _query(asked, by="" if by_finding else "finding"),
        "may_export": may(request.user, Action.FINDING_EXPORT).allowed,
    }
    if by_finding:
        context |= _grouped(fitting, of, asked)
    else:
        columns = [name for name in cells.COLUMNS if not (hidden and name == "where")]
        # Asked of what this person may see at this moment, wherever the ids come from.
        full = mine.select_related(
            *("site", "advisory", "device__risk"),
            *(() if hidden else ("device__record__department", "device__record__owner")),
        ).defer(*_NOT_LISTED)
        table = FindingTable(fitting, full=full, shown=columns, version=of)
        pages = SearchedPaginator if asked.get("q") else KnownPaginator
        RequestConfig(request, paginate={"per_page": PER_PAGE, "paginator_class": pages}).configure(table)
        context |= {
            "table": table,
            "count": table.paginator.count,
            "has_more": isinstance(table.paginator, SearchedPaginator) and table.paginator.has_more,
        }
    if is_partial(request):
        return render(request, "exposure/findings_table.html", context)
    context |= {
        "facets": shown,
        "flags": [
            (name, words, asked.get(name, "") == "true")
            for name, words in FLAGS.items()
            if not (hidden and name in WRITTEN_DOWN)
        ],
        "kept": [
            (name, given) for name in ("sort", "by", "weakness", "advisory", "device") for given in asked.getlist(name)
        ],
        "q": asked.get("q", ""),
    }
    return render(request, "exposure/findings.html", context)


GROUPS: Final = ("source", "advisory", "weakness", "component")


def groups(rows: QuerySet[Finding], of: str) -> list[dict[str, Any]]:
    """What was found, each once, with how many devices it was found at: the most harmful first."""
    asked = (
        rows.order_by()
        .values_list(*GROUPS)
        .annotate(
            top=Max("score"),
            devices=Count("device", distinct=True),
            sure=Count("device", distinct=True, filter=Q(answer=Finding.Answer.AFFECTED)),
            medical=Count("device", distinct=True, filter=Q(device__medical=True)),
            title=Min("title"),
            care=Max("care"),
            epss=Max("epss"),
            base=Max("base"),
            exploited=Count("pk", filter=Q(exploited=True)),
            has_fix=Count("pk", filter=Q(has_fix=True)),
        )
    )
    names = (*GROUPS, "top", "devices", "sure", "medical", "title", "care", "epss", "base", "exploited", "has_fix")
    found = [dict(zip(names, row, strict=True)) for row in remembered(asked, of)]
    return sorted(found, key=lambda one: (-one["exploited"], -one["top"], -one["devices"], one["title"]))


def _grouped(rows: QuerySet[Finding], of: str, asked: QueryDict) -> dict[str, Any]:
    found = groups(rows, of)
    page = Paginator(found, PER_PAGE).get_page(asked.get("page"))
    numbers = dict(
        Advisory.objects.filter(pk__in=[one["advisory"] for one in page if one["advisory"]]).values_list("pk", "number")
    )
    for one in page:
        one["number"] = numbers.get(one["advisory"], "")
        one["kind"] = KINDS.get(one["weakness"])
        narrowing = {"advisory": one["advisory"]} if one["advisory"] else {"weakness": one["weakness"]}
        one["address"] = f"{reverse('findings')}?{urlencode({'source': one['source'], **narrowing})}"
    return {"groups": page, "count": len(found)}


@requires(Action.FINDING_EXPORT)
def exported(request: HttpRequest, ending: str) -> HttpResponseBase:
    """The same findings as a file: everything that fits, not one page of it."""
    if ending not in ENDINGS:
        raise Http404
    asked, hidden = readable(request)
    return as_file(request, asked, ending, hidden=hidden)


def as_file(request: HttpRequest, asked: QueryDict, ending: str, *, hidden: bool) -> HttpResponseBase:
    """The findings that the filters of ``asked`` leave, as a file of one of the ``ENDINGS``; recorded."""
    rows = narrowed(findings_of(request.user, Action.FINDING_EXPORT), asked, asker(request))
    rows = rows.select_related(
        "site", "advisory", "device__risk", "device__record__department", "device__record__owner"
    ).defer(*BESIDE_UNREAD)
    record(request, Action.FINDING_EXPORT, what={"filters": recorded(asked), "as": ending})
    name = f"findings-{timezone.now():%Y-%m-%d}.{ending}"
    if ending == "csv":
        return streamed(request, _csv(rows, hidden=hidden), "text/csv; charset=utf-8", name)
    return streamed(request, _json(rows, hidden=hidden), "application/json", name)


def document(finding: Finding, *, hidden: bool) -> dict[str, Any]:
    """One finding for a program; without what the hospital wrote down where that is ``hidden``."""
    device = finding.device
    risk = getattr(device, "risk", None)
    told: dict[str, Any] = {
        "device": device.pk,
        "title": device.title,
        "site": finding.site.name,
        "category": device.category or None,
        "address": device.address or None,
        "tier": None if risk is None else risk.tier,
        "score": None if risk is None else risk.score,
        "finding": finding.title,
        "source": finding.source,
        "advisory": finding.advisory.number if finding.advisory else None,
        "weakness": finding.weakness or None,
        "component": finding.component or None,
        "answer": finding.answer,
        "care": finding.care,
        "action": finding.action or None,
        "why": finding.why,
        "words": finding.words or None,
        "tells": finding.tells or None,
        "vulnerabilities": finding.vulnerabilities,
        "base": finding.base,
        "epss": finding.epss,
        "exploited": finding.exploited,
        "has_fix": finding.has_fix,
        "first_found": finding.first_found.isoformat(),
        "last_found": finding.last_found.isoformat(),
    }
    if not hidden:
        kept = getattr(device, "record", None)
        told |= {
            "owner": str(kept.owner) if kept is not None and kept.owner else None,
            "department": str(kept.department) if kept is not None and kept.department else None,
            "place": kept.place or None if kept is not None else None,
        }
    return told


def _csv(rows: QuerySet[Finding], *, hidden: bool) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    begun = False
    for number, finding in enumerate(rows.iterator(chunk_size=BATCH), start=1):
        told = document(finding, hidden=hidden)
        if not begun:
            writer.writerow(told)
            begun = True
        told["vulnerabilities"] = " ".join(told["vulnerabilities"])
        writer.writerow([spreadsheet_cell(cell) if isinstance(cell, str) else cell for cell in told.values()])
        if number % BATCH == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _json(rows: QuerySet[Finding], *, hidden: bool) -> Iterator[str]:
    parts: list[str] = []
    begun = False
    for number, finding in enumerate(rows.iterator(chunk_size=BATCH), start=1):
        parts.append(("," if begun else "[") + "\n" + json.dumps(document(finding, hidden=hidden), ensure_ascii=False))
        begun = True
        if number % BATCH == 0:
            yield "".join(parts)
            parts.clear()
    yield "".join(parts) + ("\n]\n" if begun else "[]\n")


def _query(asked: QueryDict, **others: str) -> str:
    pairs = [(name, one) for name in asked for one in asked.getlist(name) if one and name not in (*_LEFT_OUT, *others)]
    return urlencode([*pairs, *((name, one) for name, one in others.items() if one)])
