"""Pages of the import: upload, map, preview, propose, approve; and the list beside what was seen."""

from __future__ import annotations

import hashlib
from typing import Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Max, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from asepsis.devices.asset import AssetListError, decoded, read_assets
from asepsis.kernel.errors import AsepsisError
from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.decide import may, visible
from asepsis.web.authorisation.routes import Refused, requires
from asepsis.web.cmms.apply import apply, compare, counts, read
from asepsis.web.cmms.forms import MappingForm, UploadForm
from asepsis.web.cmms.models import AssetImport, ListedAsset
from asepsis.web.devices.models import Device
from asepsis.web.facilities.models import Site
from asepsis.web.ledger.record import record

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
        content = file.read()
        try:
            text = decoded(content)
            listed = read_assets(text)
        except AssetListError as error:
            form.add_error("file", f"{error.message}. {error.hint}")
        else:
            with transaction.atomic():
                proposal = AssetImport.objects.create(
                    site=form.cleaned_data["site"],
                    file_name=file.name[:200],
                    digest=hashlib.sha256(content).hexdigest(),
                    text=text,
                    mapping={heading: field.value for heading, field in listed.mapping.items()},
                    rows=len(listed.assets),
                    proposer=request.user,
                )
                record(
                    request,
                    Action.IMPORT_PROPOSE,
                    subject=f"import:{proposal.pk}",
                    what={"sha256": proposal.digest, "site": proposal.site.name, "step": "upload"},
                )
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
        with transaction.atomic():
            proposal.mapping = form.mapping()
            proposal.rows = len(read(proposal).assets)
            if "propose" in given:
                proposal.state = AssetImport.State.PROPOSED
            proposal.save(update_fields=["mapping", "rows", "state"])
            record(
                request,
                Action.IMPORT_PROPOSE,
                subject=f"import:{proposal.pk}",
                what={"mapping": proposal.mapping, "state": proposal.state},
            )
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
        with transaction.atomic():
            done = apply(proposal, request.user) if "apply" in request.POST else _refuse(request, proposal)
            record(request, action, subject=f"import:{proposal.pk}", what={"state": proposal.state, **done})
    except AsepsisError as error:
        if error.code == "import-own":
            raise PermissionDenied(error.message) from error
        messages.error(request, f"{error.message}. {error.hint}")
        return redirect("cmms-import", proposal.pk)
    return redirect("reconciliation" if proposal.state == AssetImport.State.APPLIED else "cmms")


def _refuse(request: HttpRequest, proposal: AssetImport) -> dict[str, int]:
    assert request.user.is_authenticated
    fresh = AssetImport.objects.filter(pk=proposal.pk, state=AssetImport.State.PROPOSED).update(
        state=AssetImport.State.REFUSED, decided_by=request.user, decided=timezone.now()
    )
    if not fresh:
        raise AsepsisError("this import does not wait for approval", code="import-state")
    proposal.refresh_from_db()
    return {}


@requires(Action.DEVICE_LIST)
def reconciliation(request: HttpRequest) -> HttpResponse:
    """The list beside what was seen: listed and seen, listed only, seen only, contradicting."""
    devices = visible(request.user, Action.DEVICE_LIST, Device.objects.select_related("site"))
    sites = _sites(request, Action.DEVICE_LIST)
    listed = ListedAsset.objects.filter(Q(device__in=devices) | Q(device=None, site__in=sites))
    groups = {
        "unseen": listed.filter(device=None),
        "unlisted": devices.filter(listed=None, site__in=listed.values("site")),
        "contradicting": listed.exclude(contradictions=[]),
        "tied": listed.exclude(device=None),
    }
    shown = request.GET.get("show", "unseen")
    if shown not in groups:
        raise Http404
    page = Paginator(groups[shown], PER_PAGE).get_page(request.GET.get("page"))
    record(request, Action.DEVICE_LIST, what={"page": "reconciliation", "show": shown})
    context = {
        "counts": {name: rows.count() for name, rows in groups.items()},
        "shown": shown,
        "page": page,
        "listed_at": AssetImport.objects.filter(state=AssetImport.State.APPLIED, site__in=sites).aggregate(
            at=Max("decided")
        )["at"],
        "seen_until": devices.aggregate(until=Max("last_seen"))["until"],
    }
    return render(request, "cmms/reconciliation.html", context)
