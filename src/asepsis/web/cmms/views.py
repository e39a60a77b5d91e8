"""Pages of the import: upload, map, preview, propose, approve; and the list beside what was seen."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from asepsis.devices.asset import AssetListError, read_assets
from asepsis.kernel.errors import AsepsisError
from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.decide import may, visible
from asepsis.web.authorisation.routes import Refused, requires
from asepsis.web.cmms.apply import compare, counts, read
from asepsis.web.cmms.forms import MappingForm, UploadForm
from asepsis.web.cmms.models import AssetImport
from asepsis.web.cmms.proposing import decide as decide_on
from asepsis.web.cmms.proposing import remap, take
from asepsis.web.cmms.sides import sides_of
from asepsis.web.facilities.models import Site
from asepsis.web.ledger.record import record
from asepsis.web.people.models import Person
from asepsis.web.remembered import seen_until

ERRORS_SHOWN: Final = 100
ROWS_SHOWN: Final = 20
PER_PAGE: Final = 50


def _sites(request: HttpRequest, action: Action) -> list[Site]:
    return [site for site in Site.objects.all() if may(request.user, action, site).allowed]


def _proposal(request: HttpRequest, import_id: str) -> AssetImport:
    found = get_object_or_404(AssetImport.objects.select_related("site", "proposer"), pk=import_id)
    if not may(request.user, Action.IMPORT_VIEW, found).allowed:
        raise Http404
    return found


@requires(Action.IMPORT_PROPOSE)
def imports(request: HttpRequest) -> HttpResponse:
    """Imports so far, and the way to a new one."""
    sites = _sites(request, Action.IMPORT_PROPOSE)
    assert request.user.is_authenticated
    form = UploadForm(sites, request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            proposal = take(request, file.read(), name=file.name, site=form.cleaned_data["site"], proposer=request.user)
        except AssetListError as error:
            form.add_error("file", f"{error.message}. {error.hint}")
        else:
            return redirect("cmms-import", proposal.pk)
    all_rows = AssetImport.objects.select_related("site", "proposer", "decided_by").defer("text")
    rows = visible(request.user, Action.IMPORT_VIEW, all_rows)
    return render(request, "cmms/imports.html", {"form": form, "imports": rows[:PER_PAGE]})


@requires(Action.IMPORT_VIEW)
def one_import(request: HttpRequest, import_id: str) -> HttpResponse:
    """One import: its mapping while it is a draft, and what it would do."""
    proposal = _proposal(request, import_id)
    headings = read_assets(proposal.text).headings
    given = request.POST if request.method == "POST" else None
    initial = {f"column{number}": proposal.mapping.get(heading, "") for number, heading in enumerate(headings)}
    form = MappingForm(headings, given, initial=initial)
    draft = proposal.state == AssetImport.State.DRAFT
    if given is not None:
        allowed = may(request.user, Action.IMPORT_PROPOSE, proposal.site)
        if not allowed.allowed or proposal.proposer_id != request.user.pk:
            raise Refused(Action.IMPORT_PROPOSE, allowed)
    if given is not None and draft and form.is_valid():
        remap(request, proposal, form.mapping(), propose="propose" in given)
        return redirect("cmms-import", proposal.pk)
    listed = read(proposal)
    found = compare(listed.assets, proposal.site)
    context = {
        "proposal": proposal,
        "form": form,
        "draft": draft,
        "listed": listed,
        "errors": listed.errors[:ERRORS_SHOWN],
        "matches": found.matches[:ROWS_SHOWN],
        "counts": counts(found),
        "mine": proposal.proposer_id == request.user.pk,
        "may_decide": may(request.user, Action.IMPORT_APPLY, proposal).allowed,
    }
    return render(request, "cmms/import.html", context)


@requires(Action.IMPORT_REFUSE)
@require_POST
def decide(request: HttpRequest, import_id: str) -> HttpResponse:
    """Approves or refuses an import; its proposer may only withdraw it."""
    proposal = _proposal(request, import_id)
    assert request.user.is_authenticated
    action = Action.IMPORT_APPLY if "apply" in request.POST else Action.IMPORT_REFUSE
    allowed = may(request.user, action, proposal)
    if not allowed.allowed:
        raise Refused(action, allowed)
    try:
        decide_on(request, proposal, by=request.user, apply_it=action is Action.IMPORT_APPLY)
    except AsepsisError as error:
        if error.code == "import-own":
            raise PermissionDenied(error.message) from error
        messages.error(request, f"{error.message}. {error.hint}")
        return redirect("cmms-import", proposal.pk)
    return redirect("reconciliation" if proposal.state == AssetImport.State.APPLIED else "cmms")


@requires(Action.DEVICE_LIST)
def reconciliation(request: HttpRequest) -> HttpResponse:
    """The list beside what was seen: listed and seen, listed only, seen only, contradicting."""
    assert isinstance(request.user, Person)
    sides = sides_of(request.user)
    shown = request.GET.get("show", "unseen")
    counted = sides.counts()
    if shown not in counted:
        raise Http404
    rows: QuerySet[Any] = sides.unlisted if shown == "unlisted" else sides.listed(shown)
    pages = Paginator(rows, PER_PAGE)
    pages.count = counted[shown]  # known already
    page = pages.get_page(request.GET.get("page"))
    record(request, Action.DEVICE_LIST, what={"page": "reconciliation", "show": shown})
    context = {
        "counts": counted,
        "shown": shown,
        "page": page,
        "listed_at": sides.listed_at(),
        "seen_until": seen_until(sides.devices),
    }
    return render(request, "cmms/reconciliation.html", context)
