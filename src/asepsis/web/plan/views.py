"""Pages of the plan: what to do first, one piece of work, its tickets, and risks that people live with."""

from __future__ import annotations

from typing import Any, Final
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from asepsis.exposure.plan.tickets import Progress, TicketsError, read_states
from asepsis.kernel.errors import AsepsisError
from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.decide import may, visible
from asepsis.web.authorisation.routes import Refused, requires
from asepsis.web.devices.models import Device
from asepsis.web.keyed import part
from asepsis.web.ledger.record import record
from asepsis.web.people.models import Person
from asepsis.web.plan.deciding import decide as decide_on
from asepsis.web.plan.deciding import propose, say, take_states
from asepsis.web.plan.exporting import FORMS, as_file
from asepsis.web.plan.forms import AcceptForm, JiraForm, StateForm, StatesForm
from asepsis.web.plan.models import Acceptance, PlanItem
from asepsis.web.plan.reading import (
    SHOWS,
    devices_seen,
    idle_of,
    items_seen,
    narrowed,
    order_of,
    risk_of,
    sums,
    teams,
    version,
)
from asepsis.web.settings import CONFIGURATION

PER_PAGE: Final = 30
DEVICES_SHOWN: Final = 200
"""Of one piece of work; the export has all of them."""
WORDS_OF_SHOW: Final = (
    ("todo", "To do"),
    ("progress", "Under way"),
    ("done", "Done"),
    ("accepted", "Accepted"),
    ("all", "All"),
)


@requires(Action.PLAN_VIEW)
def plan(request: HttpRequest) -> HttpResponse:
    """What to do first, with what it comes to."""
    assert isinstance(request.user, Person)
    show = request.GET.get("show", "todo")
    if show not in SHOWS:
        raise Http404
    who = request.GET.get("who", "")
    seen = items_seen(request.user)
    planned = risk_of()
    of = version(planned)
    rows = narrowed(seen, show=show, who=who).defer("words", "remedies", "work__devices")
    record(request, Action.PLAN_VIEW, what={"show": show, "who": who})
    waiting = visible(request.user, Action.ACCEPTANCE_APPROVE, Acceptance.objects.filter(state="proposed"))
    context = {
        "page": part(rows, order_of(show), request.GET, per_page=PER_PAGE),
        "planned": planned,
        "sums": sums(narrowed(seen, show="todo", who=who), planned, of),
        "show": show,
        "shows": WORDS_OF_SHOW,
        "who": who,
        "teams": teams(seen, of),
        "waiting": waiting.select_related("item", "proposer")[:PER_PAGE],
        "may_export": may(request.user, Action.PLAN_EXPORT).allowed,
        "may_edit": may(request.user, Action.PLAN_EDIT).allowed,
        "states_form": StatesForm(),
        "jira_form": JiraForm(),
        "times": None if planned is None or planned.share <= 0 else 1 / planned.share,
    }
    return render(request, "plan/plan.html", context)


def _item(request: HttpRequest, item_id: str) -> PlanItem:
    assert isinstance(request.user, Person)
    return get_object_or_404(items_seen(request.user), pk=item_id)


@requires(Action.PLAN_VIEW)
def item(request: HttpRequest, item_id: str) -> HttpResponse:
    """One piece of work: why, how, by whom, on what, and how far it is."""
    return _render_item(request, _item(request, item_id))


def _render_item(request: HttpRequest, found: PlanItem, **forms: Any) -> HttpResponse:
    assert isinstance(request.user, Person)
    seen = devices_seen(request.user)
    promised = found.devices.filter(device__in=seen) if seen.query.where else found.devices.all()
    shown = promised.select_related("device__record__owner", "device__record__department").defer(
        "device__search", "device__names", "device__macs", "device__ips", "device__confidences", "device__rhythm"
    )
    acceptances = found.acceptances.select_related("proposer", "approver")
    current = acceptances.filter(state__in=("proposed", "standing")).first()
    with transaction.atomic():  # a form that was refused is answered here too
        record(request, Action.PLAN_VIEW, subject=f"plan:{found.pk}", site=found.site.name)
    work = getattr(found, "work", None)
    initial = {}
    if work is not None:
        initial = {"state": Progress.DONE.value if work.done else work.state, "ticket": work.ticket}
    context = {
        "item": found,
        "work": work,
        "devices": list(shown[:DEVICES_SHOWN]),
        "count": promised.count(),
        "hidden": found.devices_count - promised.count(),
        "current": current,
        "mine": current is not None and current.proposer_id == request.user.pk,
        "past": acceptances.exclude(state__in=("proposed", "standing")),
        "may_edit": may(request.user, Action.PLAN_EDIT, found.site).allowed,
        "may_propose": may(request.user, Action.ACCEPTANCE_PROPOSE, found.site).allowed,
        "may_approve": current is not None and may(request.user, Action.ACCEPTANCE_APPROVE, current).allowed,
        "may_refuse": current is not None and may(request.user, Action.ACCEPTANCE_REFUSE, current).allowed,
        "state_form": StateForm(initial=initial),
        "accept_form": AcceptForm(),
        **forms,
    }
    return render(request, "plan/item.html", context)


@requires(Action.PLAN_EDIT)
@require_POST
def state(request: HttpRequest, item_id: str) -> HttpResponse:
    """Somebody says how far a piece of work is."""
    assert isinstance(request.user, Person)
    found = _item(request, item_id)
    allowed = may(request.user, Action.PLAN_EDIT, found.site)
    if not allowed.allowed:
        raise Refused(Action.PLAN_EDIT, allowed)
    form = StateForm(request.POST)
    if not form.is_valid():
        return _render_item(request, found, state_form=form)
    told = Progress(form.cleaned_data["state"])
    say(request, found, told, ticket=form.cleaned_data["ticket"], by=request.user)
    return redirect("plan-item", found.pk)


@requires(Action.ACCEPTANCE_PROPOSE)
@require_POST
def accept(request: HttpRequest, item_id: str) -> HttpResponse:
    """Somebody would live with the risk; a second person has to approve."""
    assert isinstance(request.user, Person)
    found = _item(request, item_id)
    allowed = may(request.user, Action.ACCEPTANCE_PROPOSE, found.site)
    if not allowed.allowed:
        raise Refused(Action.ACCEPTANCE_PROPOSE, allowed)
    form = AcceptForm(request.POST)
    if form.is_valid():
        given = form.cleaned_data
        try:
            propose(request, found, reason=given["reason"], until=given["until"], by=request.user)
        except AsepsisError as error:
            form.add_error(None, f"{error.message[0].upper()}{error.message[1:]}. {error.hint}")
        else:
            return redirect("plan-item", found.pk)
    return _render_item(request, found, accept_form=form)


@requires(Action.ACCEPTANCE_REFUSE)
@require_POST
def decide(request: HttpRequest, acceptance_id: str) -> HttpResponse:
    """A second person approves, or somebody rejects or withdraws."""
    assert isinstance(request.user, Person)
    rows = Acceptance.objects.select_related("item__site")
    found = get_object_or_404(rows, pk=acceptance_id, item__in=items_seen(request.user))
    action = Action.ACCEPTANCE_APPROVE if "approve" in request.POST else Action.ACCEPTANCE_REFUSE
    allowed = may(request.user, action, found)
    if not allowed.allowed:
        raise Refused(action, allowed)
    try:
        decide_on(request, found, approve=action is Action.ACCEPTANCE_APPROVE, by=request.user)
    except AsepsisError as error:
        messages.error(request, f"{error.message}. {error.hint}")
    return redirect("plan-item", found.item_id)


@requires(Action.PLAN_EXPORT)
def export(request: HttpRequest, form: str) -> HttpResponseBase:
    """The work that is to be done, for a spreadsheet or a ticket system."""
    assert isinstance(request.user, Person)
    if form not in FORMS:
        raise Http404
    jira = JiraForm(request.GET)
    if form == "jira" and not jira.is_valid():
        messages.error(request, "Name the key of the project, such as MED.")
        return redirect("plan")
    return as_file(request, request.user, form, who=request.GET.get("who", ""), project=jira["project"].value() or "")


@requires(Action.PLAN_EDIT)
@require_POST
def states(request: HttpRequest) -> HttpResponse:
    """The states of a ticket system, from its file."""
    assert isinstance(request.user, Person)
    form = StatesForm(request.POST, request.FILES)
    if not form.is_valid():
        messages.error(request, " ".join(map(str, form.errors.get("file", ["Choose a file."]))))
        return redirect("plan")
    file = form.cleaned_data["file"]
    try:
        taken = take_states(request, read_states("the file", file.read()), by=request.user)
    except TicketsError as error:
        messages.error(request, error.message)
    else:
        messages.success(
            request,
            f"{taken.changed} changed, {taken.unchanged} as before, {taken.unknown} no work here that you may change.",
        )
    return redirect("plan")


@requires(Action.PLAN_VIEW)
def windows(request: HttpRequest, device_id: str) -> HttpResponse:
    """When one device is idle."""
    assert isinstance(request.user, Person)
    device = get_object_or_404(visible(request.user, Action.PLAN_VIEW, Device.objects.all()), pk=device_id)
    hours = _hours(request.GET.get("hours", "2"))
    found = idle_of(device, hours, ZoneInfo(CONFIGURATION.plan.timezone))
    record(request, Action.PLAN_VIEW, subject=f"device:{device.pk}", what={"idle_hours": hours})
    context = {"device": device, "idle": found, "hours": hours, "zone": CONFIGURATION.plan.timezone}
    return render(request, "plan/windows.html", context)


def _hours(text: str) -> int:
    if not text.isdecimal() or not 1 <= len(text) <= 2 or not 1 <= int(text) <= 12:
        raise Http404
    return int(text)
