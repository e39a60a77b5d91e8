"""Pages of the assessment before a purchase: all of them, one with its questions, the decision, the PDF."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.text import slugify
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from asepsis.exposure.vendors.questionnaire import QUESTIONS, Assessed
from asepsis.kernel.errors import AsepsisError
from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.decide import may, visible
from asepsis.web.authorisation.routes import Refused, requires
from asepsis.web.facilities.models import Site
from asepsis.web.ledger.record import record
from asepsis.web.people.models import Person
from asepsis.web.vendors import assessing
from asepsis.web.vendors.forms import AnswersForm, BeginForm, DecisionForm, SendForm
from asepsis.web.vendors.models import Assessment

PER_PAGE: Final = 50


@require_http_methods(["GET", "POST"])
@requires(Action.ASSESSMENT_VIEW)
def assessments(request: HttpRequest) -> HttpResponse:
    """Assessments so far, and the way to a new one."""
    sites = [site for site in Site.objects.all() if may(request.user, Action.ASSESSMENT_PROPOSE, site).allowed]
    initial = {"vendor": request.GET.get("vendor", "")[:200], "model": request.GET.get("model", "")[:200]}
    form = BeginForm(sites, request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST":
        allowed = may(request.user, Action.ASSESSMENT_PROPOSE)
        if not allowed.allowed:
            raise Refused(Action.ASSESSMENT_PROPOSE, allowed)
        if form.is_valid():
            made = assessing.begin(request, by=_person(request), **form.cleaned_data)
            return redirect("assessment", made.pk)
    rows = visible(request.user, Action.ASSESSMENT_VIEW, Assessment.objects.select_related("site", "proposer"))
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "vendors/assessments.html", {"page": page, "form": form, "may_begin": bool(sites)})


@require_http_methods(["GET", "POST"])
@requires(Action.ASSESSMENT_VIEW)
def assessment(request: HttpRequest, assessment_id: str) -> HttpResponse:
    """One assessment: its questions, and what they amount to."""
    one = found(request, assessment_id)
    may_fill = one.is_open and may(request.user, Action.ASSESSMENT_PROPOSE, one.site).allowed
    held = {answer.question: answer for answer in one.answers.all()}
    form = AnswersForm(held, request.POST if request.method == "POST" else None)
    if request.method == "POST":
        _demand(request, one)
        if form.is_valid():
            try:
                changed = assessing.fill(request, one, form.answers(), by=_person(request))
            except AsepsisError as error:
                messages.error(request, f"{error.message}. {error.hint}")
            else:
                messages.success(request, f"Saved; answers changed: {changed}." if changed else "Nothing was changed.")
            return redirect("assessment", one.pk)
    against = assessing.contradicted(one, _person(request))
    context = {
        **shown(one, against),
        "form": form,
        "groups": _groups(form, held, against) if may_fill else None,
        "may_fill": may_fill,
        "may_withdraw": one.state == Assessment.State.PROPOSED
        and may(request.user, Action.ASSESSMENT_PROPOSE, one.site).allowed,
        "may_decide": one.state == Assessment.State.PROPOSED
        and may(request.user, Action.ASSESSMENT_APPROVE, one).allowed,
        "send_form": SendForm(),
    }
    context["decision_form"] = DecisionForm(initial={"conditions": _proposed_conditions(context["assessed"])})
    record(request, Action.ASSESSMENT_VIEW, subject=f"assessment:{one.pk}")
    return render(request, "vendors/assessment.html", context)


@require_POST
@requires(Action.ASSESSMENT_PROPOSE)
def act(request: HttpRequest, assessment_id: str) -> HttpResponse:
    """Notes that it was sent, hands it in, or takes it back."""
    one = found(request, assessment_id)
    _demand(request, one)
    try:
        if "send" in request.POST:
            form = SendForm(request.POST)
            if not form.is_valid():
                messages.error(request, "Say to whom it was sent.")
            else:
                assessing.send(request, one, form.cleaned_data["to"])
        elif "propose" in request.POST:
            assessing.propose(request, one, by=_person(request))
        elif "withdraw" in request.POST:
            assessing.withdraw(request, one)
    except AsepsisError as error:
        messages.error(request, f"{error.message}. {error.hint}")
    return redirect("assessment", one.pk)


@require_POST
@requires(Action.ASSESSMENT_APPROVE)
def decide(request: HttpRequest, assessment_id: str) -> HttpResponse:
    """Approves, approves with conditions, or refuses; never by who handed it in."""
    one = found(request, assessment_id)
    allowed = may(request.user, Action.ASSESSMENT_APPROVE, one)
    if not allowed.allowed:
        raise Refused(Action.ASSESSMENT_APPROVE, allowed)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        messages.error(request, "A decision needs its reason.")
        return redirect("assessment", one.pk)
    try:
        assessing.decide(request, one, by=_person(request), **form.cleaned_data)
    except AsepsisError as error:
        if error.code == "assessment-own":
            raise PermissionDenied(error.message) from error
        messages.error(request, f"{error.message}. {error.hint}")
    return redirect("assessment", one.pk)


@require_GET
@requires(Action.ASSESSMENT_VIEW)
def report(request: HttpRequest, assessment_id: str) -> HttpResponse:
    """The assessment on paper, for procurement or to be sent to the vendor."""
    one = found(request, assessment_id)
    record(request, Action.ASSESSMENT_VIEW, subject=f"assessment:{one.pk}", what={"report": "pdf"})
    return printed(one, _person(request))


def printed(one: Assessment, person: Person) -> HttpResponse:
    """The PDF of an assessment."""
    # Pango and its fonts take 60 MB; only who prints needs them.
    from weasyprint import HTML

    context = {**shown(one, assessing.contradicted(one, person)), "made": timezone.now()}
    html = render_to_string("vendors/report.html", context)
    name = f"assessment-{slugify(one.vendor_name)}-{slugify(one.model)}.pdf"
    return HttpResponse(
        HTML(string=html, url_fetcher=_fetch_nothing).write_pdf(),
        content_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def shown(one: Assessment, against: dict[str, str]) -> dict[str, Any]:
    """What a page and the PDF show."""
    held = {answer.question: answer for answer in one.answers.select_related("by")}
    assessed = assessing.assessed(one, against)
    rows = [(question, held.get(question.id), against.get(question.id, "")) for question in QUESTIONS.values()]
    return {
        "one": one,
        "assessed": assessed,
        "rows": rows,
        "against": against,
        "conditions": [(QUESTIONS[question].words, words) for question, words in assessed.conditions],
    }


def found(request: HttpRequest, assessment_id: str) -> Assessment:
    """One assessment that this person may see.

    Raises:
        Http404: There is none.
    """
    rows = Assessment.objects.select_related("site", "proposer", "decided_by")
    one = get_object_or_404(rows, pk=assessment_id)
    if not may(request.user, Action.ASSESSMENT_VIEW, one).allowed:
        raise Http404
    return one


def _proposed_conditions(assessed: Assessed) -> str:
    return "\n".join(f"- {words}" for _, words in assessed.conditions)


def _groups(form: AnswersForm, held: dict[str, Any], against: dict[str, str]) -> list[tuple[Any, list[Any]]]:
    groups: dict[str, tuple[Any, list[Any]]] = {}
    for question in QUESTIONS.values():
        fields = form[f"said-{question.id}"], form[f"evidence-{question.id}"]
        row = (question, *fields, held.get(question.id), against.get(question.id, ""))
        groups.setdefault(question.topic.id, (question.topic, []))[1].append(row)
    return list(groups.values())


def _demand(request: HttpRequest, one: Assessment) -> None:
    allowed = may(request.user, Action.ASSESSMENT_PROPOSE, one.site)
    if not allowed.allowed:
        raise Refused(Action.ASSESSMENT_PROPOSE, allowed)


def _fetch_nothing(url: str, *_: Any, **__: Any) -> dict[str, Any]:
    raise ValueError(f"a printed assessment has no outer parts: {url[:80]}")


def _person(request: HttpRequest) -> Person:
    assert isinstance(request.user, Person)
    return request.user
