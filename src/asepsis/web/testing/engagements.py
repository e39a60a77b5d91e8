"""Pages of penetration tests: scope and approval, findings, retest, and the report on paper."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_POST

from asepsis.exposure.engagement import FINDING_STEPS
from asepsis.kernel.errors import AsepsisError
from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.decide import may, visible
from asepsis.web.authorisation.routes import Refused, requires
from asepsis.web.devices.models import Device
from asepsis.web.facilities.reach import sites_of
from asepsis.web.ledger.record import record
from asepsis.web.people.models import Person
from asepsis.web.testing import engaging
from asepsis.web.testing.forms import EngagementForm, TestFindingForm
from asepsis.web.testing.models import Engagement, EngagementFinding

SHOWN: Final = 50
_WORST_FIRST: Final = {severity: place for place, severity in enumerate(EngagementFinding.Severity.values)}


def found(request: HttpRequest, engagement_id: Any) -> Engagement:
    """A test that this person may look at.

    Raises:
        Http404: There is none.
    """
    one = get_object_or_404(Engagement.objects.select_related("site", "proposer", "decided_by"), pk=engagement_id)
    if not may(request.user, Action.ENGAGEMENT_VIEW, one).allowed:
        raise Http404
    return one


def findings_of(one: Engagement) -> list[EngagementFinding]:
    """What it found, the worst first."""
    rows = one.findings.select_related("device", "changed_by")
    return sorted(rows, key=lambda row: (_WORST_FIRST[row.severity], row.pk))


def device_of(person: Person, device_id: str) -> Device | None:
    """The device of an id that this person may see; None for an empty id.

    Raises:
        AsepsisError: There is none.
    """
    if not device_id:
        return None
    device = visible(person, Action.DEVICE_VIEW, Device.objects.filter(pk=device_id)).first()
    if device is None:
        raise AsepsisError(f"no device has the id {device_id}", code="device-unknown", hint="It stands in its address.")
    return device


@requires(Action.ENGAGEMENT_VIEW)
def engagements(request: HttpRequest) -> HttpResponse:
    """Tests so far, and the way to a new one."""
    assert isinstance(request.user, Person)
    sites = sites_of(request.user, Action.ENGAGEMENT_PROPOSE)
    form = EngagementForm(sites, request.POST or None)
    if request.method == "POST" and sites and form.is_valid():
        given = dict(form.cleaned_data)
        try:
            made = engaging.propose(request, given.pop("site"), by=request.user, **given)
        except AsepsisError as error:
            form.add_error(None, error.message)
        else:
            return redirect("testing-engagement", made.pk)
    rows = visible(request.user, Action.ENGAGEMENT_VIEW, Engagement.objects.select_related("site", "proposer"))
    context = {"form": form if sites else None, "engagements": rows.prefetch_related("findings")[:SHOWN]}
    return render(request, "testing/engagements.html", context)


@requires(Action.ENGAGEMENT_VIEW)
def one_engagement(request: HttpRequest, engagement_id: str) -> HttpResponse:
    """One test: its scope, its approval, what it found and what the retest saw."""
    one = found(request, engagement_id)
    record(request, Action.ENGAGEMENT_VIEW, subject=f"engagement:{one.pk}", site=one.site.name)
    context = {
        "one": one,
        "findings": [(row, sorted(FINDING_STEPS[row.state])) for row in findings_of(one)],
        "mine": one.proposer_id == request.user.pk,
        "may_approve": may(request.user, Action.ENGAGEMENT_APPROVE, one).allowed,
        "may_work": may(request.user, Action.ENGAGEMENT_WORK, one).allowed,
        "form": TestFindingForm(),
    }
    return render(request, "testing/engagement.html", context)


@requires(Action.ENGAGEMENT_APPROVE)
@require_POST
def decide(request: HttpRequest, engagement_id: str) -> HttpResponse:
    """Approves or refuses the scope of a test."""
    one = found(request, engagement_id)
    assert isinstance(request.user, Person)
    allowed = may(request.user, Action.ENGAGEMENT_APPROVE, one)
    if not allowed.allowed:
        raise Refused(Action.ENGAGEMENT_APPROVE, allowed)
    try:
        engaging.decide(request, one, by=request.user, approve="approve" in request.POST)
    except AsepsisError as error:
        messages.error(request, error.message)
    return redirect("testing-engagement", one.pk)


@requires(Action.ENGAGEMENT_WORK)
@require_POST
def work(request: HttpRequest, engagement_id: str) -> HttpResponse:
    """Writes down a finding, what becomes of one, or closes the test."""
    one = found(request, engagement_id)
    assert isinstance(request.user, Person)
    allowed = may(request.user, Action.ENGAGEMENT_WORK, one)
    if not allowed.allowed:
        raise Refused(Action.ENGAGEMENT_WORK, allowed)
    try:
        if "close" in request.POST:
            engaging.close(request, one, summary=request.POST.get("summary", "")[:8000])
        elif "finding" in request.POST:
            row = get_object_or_404(one.findings, pk=request.POST["finding"])
            state, seen = request.POST.get("state", ""), request.POST.get("seen", "")[:4000]
            engaging.retest(request, row, by=request.user, state=state, seen=seen)
        else:
            form = TestFindingForm(request.POST)
            if form.is_valid():
                given = dict(form.cleaned_data)
                device = device_of(request.user, given.pop("device"))
                engaging.add_finding(request, one, by=request.user, device=device, **given)
            else:
                messages.error(request, "A finding needs a title, a severity and what shows it.")
    except AsepsisError as error:
        messages.error(request, f"{error.message}. {error.hint}".strip())
    except ValueError as error:
        raise Http404 from error
    return redirect("testing-engagement", one.pk)


def html_of(one: Engagement) -> str:
    """The report as a page for paper."""
    rows = findings_of(one)
    counted = {label: sum(row.severity == value for row in rows) for value, label in EngagementFinding.Severity.choices}
    context = {"one": one, "findings": rows, "counted": counted, "made": timezone.now()}
    return render_to_string("testing/print.html", context)


def pdf_of(one: Engagement) -> bytes:
    """The report on paper."""
    # Pango and its fonts take 60 MB; only who prints needs them.
    from weasyprint import HTML

    document: bytes = HTML(string=html_of(one), url_fetcher=_fetch_nothing).write_pdf()
    return document


@requires(Action.ENGAGEMENT_VIEW)
def engagement_report(request: HttpRequest, engagement_id: str, ending: str) -> HttpResponse:
    """The report, as a page (``html``) or on paper (``pdf``)."""
    one = found(request, engagement_id)
    if ending not in ("html", "pdf"):
        raise Http404
    record(request, Action.ENGAGEMENT_VIEW, subject=f"engagement:{one.pk}", what={"report": ending}, site=one.site.name)
    return report_answer(one, ending)


def report_answer(one: Engagement, ending: str) -> HttpResponse:
    """The file as an answer."""
    named = {"Content-Disposition": f'attachment; filename="penetration-test-{one.pk}.{ending}"'}
    if ending == "pdf":
        return HttpResponse(pdf_of(one), content_type="application/pdf", headers=named)
    return HttpResponse(html_of(one), content_type="text/html; charset=utf-8", headers=named)


def _fetch_nothing(url: str, *_: Any, **__: Any) -> dict[str, Any]:
    raise ValueError(f"a report has no outer parts: {url[:80]}")
