"""The list of devices by the API: what it can be narrowed by, as a file, and the views that people saved."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import Q
from django.http import Http404, HttpRequest, QueryDict
from ninja import Field, Query, Router, Schema, Status
from pydantic import ConfigDict

from asepsis.web.api.operations import asker, clean, operation
from asepsis.web.api.problems import ProblemError
from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.decide import visible
from asepsis.web.devices.api import Filters, readable_narrowing
from asepsis.web.devices.columns import COLUMNS
from asepsis.web.devices.filters import facets
from asepsis.web.devices.listing import ENDINGS, as_file, forget_view, keep_view
from asepsis.web.devices.models import Device, SavedView
from asepsis.web.devices.written_down import WRITTEN_DOWN, is_hidden_anywhere, readable_views

router = Router(tags=["devices"])

MOST: Final = 2**53
MEDIA: Final = ("text/csv", "application/json", "application/pdf")


class ChoiceOut(Schema):
    """One value and how many devices have it."""

    value: str
    words: str
    count: int


class FacetOut(Schema):
    """One way to narrow the list."""

    name: str
    title: str
    choices: list[ChoiceOut]


class ViewOut(Schema):
    """A list that somebody wants to come back to."""

    id: int
    name: str
    query: str = Field(description="As in the address of the page, behind the question mark.")
    shared: bool
    owner: str
    mine: bool


class ViewIn(Schema):
    """A list to come back to; one of your own that bears the name is replaced."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=80)
    query: str = Field("", max_length=1000)
    shared: bool = False


class File(Filters):
    """Which devices, in which columns and order."""

    columns: str = Field("", max_length=400, description=f"Of {', '.join(COLUMNS)}; with commas between.")
    sort: str = Field("", max_length=40, description="A column; with '-' before it, the last first.")


@operation(router, "GET", "/devices/choices", Action.DEVICE_LIST, response=list[FacetOut])
def choices(request: HttpRequest) -> Any:
    """What the list can be narrowed by, with counts."""
    rows = visible(request.user, Action.DEVICE_LIST, Device.objects.all())
    hidden = is_hidden_anywhere(request.user)
    return [
        {
            "name": facet.name,
            "title": facet.title,
            "choices": [{"value": one.value, "words": one.words, "count": one.count} for one in facet.choices],
        }
        for facet in facets(rows, QueryDict(), hidden=hidden)
    ]


@operation(router, "GET", "/devices/export.{ending}", Action.DEVICE_EXPORT, response=None, media=MEDIA)
def export(request: HttpRequest, ending: str, wanted: Query[File]) -> Any:
    """Everything that fits, as ``csv`` or ``json`` in one stream, or the first 500 as ``pdf``."""
    if ending not in ENDINGS:
        raise Http404
    clean(wanted.columns, wanted.sort)
    hidden = WRITTEN_DOWN if is_hidden_anywhere(request.user) else frozenset()
    if wanted.sort.removeprefix("-") not in {*COLUMNS, ""} - hidden:
        raise ProblemError(422, "there is no such column to sort by")
    asked = QueryDict(mutable=True)
    asked.update(readable_narrowing(request, wanted))
    for name in ("columns", "sort"):
        if given := getattr(wanted, name):
            asked[name] = given
    return as_file(request, asked, ending)


@operation(router, "GET", "/saved-views", Action.SAVED_VIEW_OWN, response=list[ViewOut])
def views(request: HttpRequest) -> Any:
    """Your saved views, and those that others share."""
    me = asker(request)
    rows = SavedView.objects.filter(Q(owner=me) | Q(shared=True)).select_related("owner")
    return [_shown(row, me.pk) for row in readable_views(me, rows)]


@operation(
    router,
    "POST",
    "/saved-views",
    Action.SAVED_VIEW_OWN,
    response=ViewOut,
    status=201,
    example={"name": "Pumps of the ICU", "query": "category=infusion_pump&department=3", "shared": False},
)
def save(request: HttpRequest, wanted: ViewIn) -> Any:
    """Save a view."""
    clean(wanted.name, wanted.query)
    if not wanted.name.strip() or not wanted.name.isprintable():
        raise ProblemError(422, "a view needs a name")
    kept = keep_view(request, wanted.name.strip(), wanted.query, shared=wanted.shared)
    if kept is None:
        raise ProblemError(409, "you have too many views; remove one first")
    return Status(201, _shown(kept, asker(request).pk))


@operation(router, "DELETE", "/saved-views/{view_id}", Action.SAVED_VIEW_OWN, response=None, status=204)
def forget(request: HttpRequest, view_id: int) -> Any:
    """Forget a view of your own."""
    if not 0 < view_id < MOST:
        raise Http404
    forget_view(request, view_id)
    return Status(204, None)


def _shown(view: SavedView, me: Any) -> dict[str, Any]:
    names = ("id", "name", "query", "shared")
    return {**{name: getattr(view, name) for name in names}, "owner": view.owner.username, "mine": view.owner_id == me}
