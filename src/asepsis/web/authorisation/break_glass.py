"""Pages of break-glass: open one device for an hour with a reason, end it, review it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.asking import forget
from asepsis.web.authorisation.decide import may, visible
from asepsis.web.authorisation.forms import BreakGlassForm, ReviewForm
from asepsis.web.authorisation.models import BREAK_GLASS_LASTS, BreakGlassUse
from asepsis.web.authorisation.routes import Refused, requires
from asepsis.web.devices.models import Device
from asepsis.web.ledger.record import record
from asepsis.web.people.models import Person
from asepsis.web.webhooks.announcing import announce
from asepsis.web.webhooks.models import Event

PER_PAGE = 50


@requires(Action.BREAK_GLASS_VIEW)
def uses(request: HttpRequest) -> HttpResponse:
    """The uses that this person may see, those that wait for a review first."""
    rows = BreakGlassUse.objects.select_related("person", "device", "site", "reviewed_by")
    seen = visible(request.user, Action.BREAK_GLASS_VIEW, rows).order_by("reviewed", "-opened")
    page = Paginator(seen, PER_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "may_request": may(request.user, Action.BREAK_GLASS).allowed}
    return render(request, "authorisation/break_glass.html", context)


@requires(Action.BREAK_GLASS)
def request_(request: HttpRequest) -> HttpResponse:
    """Opens one device for an hour, tells the privacy office, and leads to the device."""
    form = BreakGlassForm(request.POST or None, initial={"device": request.GET.get("device", "")})
    if request.method != "POST" or not form.is_valid():
        status = 400 if request.method == "POST" else 200
        return render(request, "authorisation/break_glass_request.html", {"form": form}, status=status)
    use = open_glass(request, form)
    messages.success(request, f"Open until {use.until:%H:%M} UTC. The privacy office was told.")
    return redirect("device", use.device_id)


def open_glass(request: HttpRequest, form: BreakGlassForm) -> BreakGlassUse:
    """Opens the device that a valid form names, with its record in one transaction.

    Raises:
        Refused: The policies do not allow it.
    """
    device = form.cleaned_data["device"]
    decision = may(request.user, Action.BREAK_GLASS, device)
    if not decision.allowed:
        raise Refused(Action.BREAK_GLASS, decision)
    assert isinstance(request.user, Person)
    now = timezone.now()
    patient: str = form.cleaned_data["patient"]
    with transaction.atomic():
        _end_for_others(request, device, patient, now)
        use = BreakGlassUse.objects.create(
            person=request.user,
            device=device,
            site=device.site,
            reason=form.cleaned_data["reason"],
            explanation=form.cleaned_data["explanation"],
            patient=patient,
            opened=now,
            until=now + BREAK_GLASS_LASTS,
        )
        record(
            request,
            Action.BREAK_GLASS,
            subject=f"device:{device.pk}",
            what={"use": str(use.pk), "reason": use.reason, "until": use.until.isoformat()},
            reason=use.explanation,
            purpose="BTG",
            patient=patient,
            site=device.site.name,
            policies=tuple(policy.id for policy in decision.policies),
        )
        told = {"use": str(use.pk), "device": device.pk, "site": device.site.name, "until": use.until.isoformat()}
        announce(Event.BREAK_GLASS_USED, told)
    forget(request.user)
    return use


def _end_for_others(request: HttpRequest, device: Device, patient: str, now: datetime) -> None:
    """Ends what the person opened on the device for somebody else: each record under it names one patient."""
    others = BreakGlassUse.objects.select_for_update().filter(
        person=request.user.pk, device=device, ended=None, until__gt=now
    )
    for other in others.exclude(patient=patient):
        BreakGlassUse.objects.filter(pk=other.pk).update(ended=now)
        record(
            request,
            Action.BREAK_GLASS_END,
            subject=f"break_glass:{other.pk}",
            patient=other.patient,
            what={"opened_for_another": True},
        )


@requires(Action.BREAK_GLASS_VIEW)
def use(request: HttpRequest, use_id: str) -> HttpResponse:
    """One use, with what can be done about it."""
    return _page(request, reach(request, use_id), ReviewForm())


@require_POST
@requires(Action.BREAK_GLASS_END)
def end(request: HttpRequest, use_id: str) -> HttpResponse:
    """Ends a use before its hour is over."""
    found = reach(request, use_id)
    close_glass(request, found)
    return redirect("break-glass-use", found.pk)


def close_glass(request: HttpRequest, found: BreakGlassUse) -> None:
    """Ends a use now, if it has not ended.

    Raises:
        Refused: The policies do not allow it.
    """
    decision = may(request.user, Action.BREAK_GLASS_END, found)
    if not decision.allowed:
        raise Refused(Action.BREAK_GLASS_END, decision)
    with transaction.atomic():
        if BreakGlassUse.objects.filter(pk=found.pk, ended=None).update(ended=timezone.now()):
            record(request, Action.BREAK_GLASS_END, subject=f"break_glass:{found.pk}", patient=found.patient)


@require_POST
@requires(Action.BREAK_GLASS_REVIEW)
def review(request: HttpRequest, use_id: str) -> HttpResponse:
    """Closes a use with a finding; never by the person whose use it was."""
    found = reach(request, use_id)
    decision = may(request.user, Action.BREAK_GLASS_REVIEW, found)
    if not decision.allowed:
        raise Refused(Action.BREAK_GLASS_REVIEW, decision)
    form = ReviewForm(request.POST)
    if not form.is_valid():
        return _page(request, found, form)
    if found.is_open():
        form.add_error(None, "It is still open: end it first, or wait until its hour is over.")
        return _page(request, found, form)
    if not close_review(request, found, form):
        messages.error(request, "Somebody reviewed it before.")
    return redirect("break-glass-use", found.pk)


def close_review(request: HttpRequest, found: BreakGlassUse, form: ReviewForm) -> bool:
    """Writes what a valid form says was found of a use that has ended; False where somebody was quicker."""
    with transaction.atomic():
        done = BreakGlassUse.objects.filter(pk=found.pk, reviewed=None).update(
            reviewed=timezone.now(),
            reviewed_by=request.user,
            finding=form.cleaned_data["finding"],
            remark=form.cleaned_data["remark"],
        )
        if done:
            record(
                request,
                Action.BREAK_GLASS_REVIEW,
                subject=f"break_glass:{found.pk}",
                what={"finding": form.cleaned_data["finding"]},
                patient=found.patient,
            )
    return bool(done)


def waiting(person: Person) -> int:
    """How many uses wait for this person's review: the notice that the privacy office gets on every page."""
    if not may(person, Action.BREAK_GLASS_REVIEW).allowed:
        return 0
    return visible(person, Action.BREAK_GLASS_REVIEW, BreakGlassUse.objects.filter(reviewed=None)).count()


def reach(request: HttpRequest, use_id: UUID | str) -> BreakGlassUse:
    """The use, when this person may look at it.

    Raises:
        Http404: There is none, or none for this person.
    """
    rows = BreakGlassUse.objects.select_related("person", "device", "site", "reviewed_by")
    found = get_object_or_404(rows, pk=use_id)
    if not may(request.user, Action.BREAK_GLASS_VIEW, found).allowed:
        raise Http404
    return found


def _page(request: HttpRequest, found: BreakGlassUse, form: ReviewForm) -> HttpResponse:
    context = {
        "use": found,
        "form": form,
        "may_end": found.is_open() and may(request.user, Action.BREAK_GLASS_END, found).allowed,
        "may_review": found.reviewed is None and may(request.user, Action.BREAK_GLASS_REVIEW, found).allowed,
    }
    return render(request, "authorisation/break_glass_use.html", context, status=400 if form.errors else 200)
