"""The list of devices: filtered, sorted, in the columns that somebody chose, as a page or a file."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib import messages
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_POST
from django_tables2 import RequestConfig

from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.decide import may, visible
from asepsis.web.authorisation.routes import requires
from asepsis.web.devices import export
from asepsis.web.devices.columns import COLUMNS, chosen
from asepsis.web.devices.filters import (
    FLAGS,
    NARROWING,
    DeviceFilter,
    Facet,
    facets,
    filters_recorded,
    narrowed_by,
    said,
)
from asepsis.web.devices.models import Device, SavedView
from asepsis.web.devices.tables import DeviceTable, KnownPaginator
from asepsis.web.devices.written_down import WRITTEN_DOWN, is_hidden_anywhere, readable, readable_views
from asepsis.web.ledger.record import record
from asepsis.web.partial import is_partial
from asepsis.web.remembered import seen_until, version

PER_PAGE: Final = 50
VIEWS_LIMIT: Final = 50
"""Of one person; more would not be found again."""
CHOICES_KEPT: Final = 128
"""Of people with different scopes, and of what they chose last; some twenty kilobytes each."""
_LEFT_OUT: Final = ("page", "export")


@requires(Action.DEVICE_LIST)
def devices(request: HttpRequest) -> HttpResponse:
    """The devices that this person may list."""
    of = version()
    hidden, asked = is_hidden_anywhere(request.user), readable(request.user, request.GET)
    offered = [name for name in COLUMNS if not (hidden and name in WRITTEN_DOWN)]
    columns = chosen(asked.getlist("columns"), among=offered)
    rows = visible(request.user, Action.DEVICE_LIST, _with(columns))
    filtered = DeviceFilter(asked, queryset=rows)
    table = DeviceTable(filtered.qs, shown=columns, version=of)
    RequestConfig(request, paginate={"per_page": PER_PAGE, "paginator_class": KnownPaginator}).configure(table)
    record(request, Action.DEVICE_LIST, what={"filters": _recorded(asked)})
    context: dict[str, Any] = {"table": table, "count": table.paginator.count}
    shown = facets(visible(request.user, Action.DEVICE_LIST, Device.objects.all()), asked, of, hidden=hidden)
    context["narrowed"] = narrowed_by(asked, shown, NARROWING, said)
    context["until"] = seen_until(rows, of)
    context["query"] = _query(asked)
    context["may_export"] = may(request.user, Action.DEVICE_EXPORT).allowed
    if is_partial(request):
        return render(request, "devices/table.html", context)
    context |= {
        "facets": shown,
        "choices": _choices(tuple(shown)),
        "flags": [(name, words, asked.get(name, "") == "true") for name, words in FLAGS.items()],
        "columns": [(COLUMNS[name], name in columns) for name in offered],
        "hidden": [(name, given) for name in ("sort", "zone") for given in asked.getlist(name)],
        "views": readable_views(
            request.user,
            SavedView.objects.filter(Q(owner=request.user.pk) | Q(shared=True)).select_related("owner"),
        ),
    }
    return render(request, "devices/devices.html", context)


@requires(Action.DEVICE_EXPORT)
def exported(request: HttpRequest, ending: str) -> HttpResponseBase:
    """The same list as a file: everything that fits, not one page of it."""
    if ending not in ENDINGS:
        raise Http404
    return as_file(request, request.GET, ending)


ENDINGS: Final = ("csv", "json", "pdf")


def as_file(request: HttpRequest, asked: QueryDict, ending: str) -> HttpResponseBase:
    """The devices that the filters of ``asked`` leave, as a file of one of the ``ENDINGS``; recorded."""
    hidden, asked = is_hidden_anywhere(request.user), readable(request.user, asked)
    offered = [name for name in COLUMNS if not (hidden and name in WRITTEN_DOWN)]
    rows = visible(request.user, Action.DEVICE_EXPORT, _with(offered))
    filtered = DeviceFilter(asked, queryset=rows)
    found: QuerySet[Device] = filtered.qs
    columns = chosen(asked.getlist("columns"), among=offered)
    ordering = DeviceTable(found, shown=offered, order_by=asked.getlist("sort"))
    found = ordering.data.data if asked.get("sort") else found
    record(request, Action.DEVICE_EXPORT, what={"filters": _recorded(asked), "as": ending})
    if ending == "csv":
        return export.as_csv(request, found, columns)
    if ending == "json":
        return export.as_json(request, found, columns)
    until = seen_until(rows)
    told = [one.words for one in narrowed_by(asked, facets(rows, asked, hidden=hidden), NARROWING, said)]
    return export.as_pdf(found, columns, until=until, filters=told)


@requires(Action.SAVED_VIEW_OWN)
@require_POST
def save_view(request: HttpRequest) -> HttpResponse:
    """Keeps the filters, the order and the columns under a name."""
    name = request.POST.get("name", "").strip()[:80]
    query = _query(QueryDict(request.POST.get("query", "")[:1000]))
    address = f"{reverse('devices')}?{query}"
    if not name or not name.isprintable():
        messages.error(request, "A view needs a name.")
        return HttpResponseRedirect(address)
    if keep_view(request, name, query, shared=request.POST.get("shared") == "on") is None:
        messages.error(request, f"You have {VIEWS_LIMIT} views; remove one first.")
    else:
        messages.success(request, f"The view “{name}” is saved.")
    return HttpResponseRedirect(address)


def keep_view(request: HttpRequest, name: str, query: str, *, shared: bool) -> SavedView | None:
    """Keeps a view under a name of one's own, instead of one that bore it; None where there are too many."""
    with transaction.atomic():
        own = SavedView.objects.filter(owner=request.user.pk)
        if own.count() >= VIEWS_LIMIT and not own.filter(name=name).exists():
            return None
        kept, _ = SavedView.objects.update_or_create(
            owner_id=request.user.pk, name=name, defaults={"query": query, "shared": shared}
        )
        record(request, Action.SAVED_VIEW_OWN, subject=f"view:{name}", what={"query": query, "shared": shared})
    return kept


@requires(Action.SAVED_VIEW_OWN)
@require_POST
def remove_view(request: HttpRequest, view_id: int) -> HttpResponse:
    """Forgets a view of one's own."""
    view = forget_view(request, view_id)
    messages.success(request, f"The view “{view.name}” is removed.")
    return HttpResponseRedirect(reverse("devices"))


def forget_view(request: HttpRequest, view_id: int) -> SavedView:
    """Removes a view of one's own, and records it.

    Raises:
        Http404: There is no such view of this person.
    """
    view = get_object_or_404(SavedView, pk=view_id, owner=request.user.pk)
    with transaction.atomic():
        record(request, Action.SAVED_VIEW_OWN, subject=f"view:{view.name}", what={"removed": True})
        view.delete()
    return view


@lru_cache(maxsize=CHOICES_KEPT)
def _choices(shown: tuple[Facet, ...]) -> SafeString:
    """A hundred boxes to tick, which are the same until devices change or another is ticked."""
    return mark_safe(render_to_string("devices/facets.html", {"facets": shown}))  # noqa: S308 - a template


def _with(columns: Iterable[str]) -> QuerySet[Device]:
    """Devices with what these columns show. What lists do not show stays on the disk: it is most of a row."""
    beside = {"site": "site", "department": "record__department", "owner": "record__owner"}
    beside |= dict.fromkeys(("criticality", "place", "asset_number"), "record")
    joined = sorted({beside[name] for name in columns if name in beside})
    rows = Device.objects.defer("search", "names", "macs", "ips", "confidences", "rhythm")
    return rows.select_related(*joined) if joined else rows


def _query(asked: QueryDict) -> str:
    """The address's query without what belongs to one page of it, and without what says nothing."""
    pairs = [(name, one) for name in asked for one in asked.getlist(name) if one and name not in _LEFT_OUT]
    return urlencode([(name, one) for name, one in pairs if name != "csrfmiddlewaretoken"])


def _recorded(asked: QueryDict) -> dict[str, Any]:
    return filters_recorded({name: asked.getlist(name) for name in sorted(asked)})
