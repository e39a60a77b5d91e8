"""Vendors, agreements and assessments before a purchase by the API."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Final
from uuid import UUID

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from ninja import Field, File, Form, Query, Router, Schema, Status
from ninja.files import UploadedFile
from pydantic import ConfigDict, WithJsonSchema

from asepsis.exposure.vendors.questionnaire import QUESTIONS, Said
from asepsis.exposure.vendors.questionnaire import document as question_document
from asepsis.kernel.errors import AsepsisError
from asepsis.web.api.operations import asker, checked, choices_of, clean, decided, operation
from asepsis.web.api.paging import LIMIT, LIMIT_MOST, Column, page
from asepsis.web.api.problems import ProblemError
from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.decide import visible
from asepsis.web.facilities.models import Site
from asepsis.web.ledger.record import record
from asepsis.web.vendors import assessing, contracts
from asepsis.web.vendors.forms import ContractForm, DecisionForm, SendForm, SupportForm
from asepsis.web.vendors.models import Assessment, Contract
from asepsis.web.vendors.purchases import found, printed, shown
from asepsis.web.vendors.standing import MODELS_SHOWN, Standing, in_force, models_of, standings
from asepsis.web.vendors.views import of_vendor

Kind = Annotated[Contract.Kind, WithJsonSchema(choices_of(Contract.Kind))]
State = Annotated[Assessment.State, WithJsonSchema(choices_of(Assessment.State))]
SaidIn = Annotated[str, WithJsonSchema({"type": "string", "enum": [one.value for one in Said]})]

router = Router(tags=["vendors"])

ORDER: Final = (Column(name="created", descending=True, is_time=True), Column(name="id", descending=True))


class ShareOut(Schema):
    """One part of a score."""

    share: str
    points: float
    of: float
    why: str


class ModelOut(Schema):
    """One model of a vendor in one site."""

    model: str
    site: str
    devices: int
    disclosure_form: bool
    component_list: bool
    support_ends: date | None


class VendorOut(Schema):
    """How a vendor stands, within what the caller sees."""

    key: str
    name: str
    score: float = Field(description="0 to 100, the sum of the shares; higher is better.")
    shares: list[ShareOut]
    devices: int
    open_findings: int
    exploited_findings: int
    days_to_fix: float | None
    contradictions: int
    models_count: int = Field(description="Models, counted in each site.")
    seen_until: datetime | None


class ContractOut(Schema):
    """One agreement."""

    id: UUID
    kind: Kind
    begins: date
    ends: date | None
    contact: str
    signed_by: str
    note: str
    file_name: str
    sha256: str
    in_force: bool


class VendorDetailOut(VendorOut):
    """A vendor with its agreements, its open advisories and what reaches out."""

    models: list[ModelOut] = Field(description=f"{MODELS_SHOWN} of a page, those with most devices first.")
    contracts: list[ContractOut]
    advisories: list[dict[str, Any]]
    advisories_count: int
    remote_access: list[dict[str, str]]
    papers: list[dict[str, Any]]


class ContractIn(Schema):
    """An agreement to record; the file comes beside it."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    begins: date
    ends: date | None = None
    contact: str = Field("", max_length=200)
    signed_by: str = Field("", max_length=200)
    note: str = Field("", max_length=500)


class SupportIn(Schema):
    """When the support of a model ends."""

    model_config = ConfigDict(extra="forbid")

    model: str = Field(min_length=1, max_length=200)
    ends: date
    source: str = Field(min_length=1, max_length=300)


class AssessmentAnswerOut(Schema):
    """One answer."""

    question: str
    said: str
    evidence: str
    source: str
    traffic: str = Field(description="What traffic shows against it; empty where nothing does.")


class AssessmentOut(Schema):
    """One assessment before a purchase."""

    id: UUID
    site: str
    vendor: str
    vendor_name: str
    model: str
    purpose: str
    state: State
    sent_to: str
    sent: datetime | None
    proposer: str
    created: datetime
    decided_by: str | None
    decided: datetime | None
    conditions: str
    reason: str


class AssessmentDetailOut(AssessmentOut):
    """An assessment with its answers and what they amount to."""

    percent: float
    answered: int
    contradicted: list[str]
    proposed_conditions: list[str]
    answers: list[AssessmentAnswerOut]


class AssessmentPage(Schema):
    """A part of the assessments, newest first."""

    items: list[AssessmentOut]
    next: str | None = None


class AssessmentIn(Schema):
    """What is to be bought."""

    model_config = ConfigDict(extra="forbid")

    site: str = Field(max_length=100)
    vendor: str = Field(min_length=1, max_length=200)
    model: str = Field(min_length=1, max_length=200)
    purpose: str = Field("", max_length=300)


class AnswerIn(Schema):
    """One answer with what it rests on."""

    model_config = ConfigDict(extra="forbid")

    question: str = Field(max_length=40)
    said: SaidIn
    evidence: str = Field("", max_length=500)


class AnswersIn(Schema):
    """Answers to keep; questions that are not named stay as they are."""

    model_config = ConfigDict(extra="forbid")

    answers: list[AnswerIn] = Field(min_length=1, max_length=len(QUESTIONS))


class StepIn(Schema):
    """What becomes of an assessment: ``sent`` (with ``to``), ``proposed``, or ``draft`` to take it back."""

    model_config = ConfigDict(extra="forbid")

    state: Annotated[str, WithJsonSchema({"type": "string", "enum": ["sent", "proposed", "draft"]})]
    to: str = Field("", max_length=200)


class PurchaseDecisionIn(Schema):
    """A decision with its reason."""

    model_config = ConfigDict(extra="forbid")

    state: Annotated[str, WithJsonSchema({"type": "string", "enum": ["approved", "conditional", "refused"]})]
    reason: str = Field(min_length=1, max_length=500)
    conditions: str = Field("", max_length=8000)


class ModelsWanted(Schema):
    """Which of a vendor's models."""

    page: int = Field(1, ge=1, le=100_000)


class Wanted(Schema):
    """Which assessments."""

    state: State | None = None
    cursor: str = ""
    limit: int = Field(LIMIT, ge=1, le=LIMIT_MOST)


@operation(router, "GET", "/vendors", Action.VENDOR_VIEW, response=list[VendorOut])
def vendors(request: HttpRequest) -> Any:
    """The vendors of the devices that you see, the lowest score first."""
    found_ones = standings(asker(request))
    record(request, Action.VENDOR_VIEW, what={"vendors": len(found_ones)})
    return [_vendor(one) for one in found_ones]


@operation(router, "GET", "/vendors/{key}", Action.VENDOR_VIEW, response=VendorDetailOut)
def vendor(request: HttpRequest, key: str, wanted: Query[ModelsWanted]) -> Any:
    """One vendor with its models, agreements, open advisories and remote access."""
    one = _standing(request, key)
    more = of_vendor(asker(request), one)
    record(request, Action.VENDOR_VIEW, subject=f"vendor:{key}")
    return {
        **_vendor(one),
        "models": [
            {
                "model": model.name,
                "site": model.site,
                "devices": model.devices,
                "disclosure_form": model.has_form,
                "component_list": model.has_list,
                "support_ends": model.support_ends,
            }
            for model in models_of(asker(request), one, page=wanted.page)
        ],
        "contracts": [_contract(each, valid=valid) for each, valid in more["contracts"]],
        "advisories": [
            {
                "id": told.advisory,
                "number": told.number,
                "title": document.title,
                "released": document.released,
                "devices": told.devices,
                "exploited": bool(told.exploited),
                "has_fix": bool(told.fixes),
            }
            for told, document in more["advisories"]
        ],
        "advisories_count": more["advisories_count"],
        "remote_access": [{"device": device, "what": kind} for kind, device, _ in more["reaching"]],
        "papers": [
            {"id": paper.id, "kind": str(paper.kind), "product": paper.subject.words, "contradicted": denied}
            for paper, denied in more["papers"]
        ],
    }


@operation(router, "POST", "/vendors/{key}/contracts", Action.VENDOR_EDIT, response=ContractOut, status=201)
def add_contract(
    request: HttpRequest, key: str, wanted: Form[ContractIn], file: File[UploadedFile | None] = None
) -> Any:
    """Record an agreement, with its file where there is one."""
    _standing(request, key)
    given = {name: "" if said is None else str(said) for name, said in wanted.model_dump(mode="json").items()}
    sent: MultiValueDict[str, Any] = MultiValueDict({} if file is None else {"file": [file]})
    form = ContractForm(given, sent)
    made = contracts.add(request, key, dict(checked(form).cleaned_data), by=asker(request))
    return Status(201, _contract(made, valid=in_force(made, timezone.now().date())))


@operation(router, "POST", "/contracts/{contract_id}/end", Action.VENDOR_EDIT, response=ContractOut)
def end_contract(request: HttpRequest, contract_id: UUID) -> Any:
    """End an agreement today."""
    contract = get_object_or_404(Contract, pk=contract_id)
    contracts.end(request, contract, timezone.now().date())
    return _contract(contract, valid=in_force(contract, timezone.now().date()))


@operation(
    router,
    "GET",
    "/contracts/{contract_id}/document",
    Action.VENDOR_VIEW,
    response=None,
    media=("application/octet-stream",),
)
def document(request: HttpRequest, contract_id: UUID) -> Any:
    """The file of an agreement."""
    return contracts.document(request, get_object_or_404(Contract, pk=contract_id))


@operation(
    router,
    "POST",
    "/vendors/{key}/support-ends",
    Action.VENDOR_EDIT,
    response=SupportIn,
    status=201,
    example={"model": "Pump A", "ends": "2029-12-31", "source": "Letter of the vendor"},
)
def add_support(request: HttpRequest, key: str, wanted: SupportIn) -> Any:
    """Record when the support of a model ends; a later word replaces an earlier one."""
    _standing(request, key)
    form = checked(SupportForm(wanted.model_dump(mode="json")))
    made = contracts.say_support(request, key, by=asker(request), **form.cleaned_data)
    return Status(201, {"model": made.model, "ends": made.ends, "source": made.source})


@operation(router, "GET", "/questionnaire", Action.ASSESSMENT_VIEW, response=list[dict[str, Any]])
def questionnaire(request: HttpRequest) -> Any:
    """The questions before a purchase, with topics and sources."""
    return [question_document(question) for question in QUESTIONS.values()]


@operation(router, "GET", "/assessments", Action.ASSESSMENT_VIEW, response=AssessmentPage)
def assessments(request: HttpRequest, wanted: Query[Wanted]) -> Any:
    """Assessments before a purchase."""
    rows = visible(asker(request), Action.ASSESSMENT_VIEW, Assessment.objects.select_related("site", "proposer"))
    if wanted.state is not None:
        rows = rows.filter(state=wanted.state)
    return page(rows, ORDER, cursor=wanted.cursor, limit=wanted.limit, shown=_assessment)


@operation(
    router,
    "POST",
    "/assessments",
    Action.ASSESSMENT_PROPOSE,
    response=AssessmentDetailOut,
    status=201,
    example={"site": "main", "vendor": "Test Maker", "model": "Pump A", "purpose": "Intensive care"},
)
def begin(request: HttpRequest, wanted: AssessmentIn) -> Any:
    """Begin an assessment; papers on file answer what they can."""
    clean(wanted.site, wanted.vendor, wanted.model, wanted.purpose)
    site = Site.objects.filter(name=wanted.site).first()
    if site is None:
        raise ProblemError(422, f"there is no site {wanted.site!r}")
    decided(request, Action.ASSESSMENT_PROPOSE, site)
    made = assessing.begin(
        request, site=site, vendor=wanted.vendor, model=wanted.model, purpose=wanted.purpose, by=asker(request)
    )
    return Status(201, _detail(request, made))


@operation(router, "GET", "/assessments/{assessment_id}", Action.ASSESSMENT_VIEW, response=AssessmentDetailOut)
def assessment(request: HttpRequest, assessment_id: UUID) -> Any:
    """One assessment with its answers and what they amount to."""
    one = found(request, str(assessment_id))
    record(request, Action.ASSESSMENT_VIEW, subject=f"assessment:{one.pk}")
    return _detail(request, one)


@operation(
    router,
    "PATCH",
    "/assessments/{assessment_id}",
    Action.ASSESSMENT_PROPOSE,
    response=AssessmentDetailOut,
    example={"answers": [{"question": "sbom", "said": "yes", "evidence": "CycloneDX with each release"}]},
)
def answer(request: HttpRequest, assessment_id: UUID, wanted: AnswersIn) -> Any:
    """Answer questions of an open assessment."""
    one = found(request, str(assessment_id))
    decided(request, Action.ASSESSMENT_PROPOSE, one.site)
    for each in wanted.answers:
        clean(each.evidence)
        if each.question not in QUESTIONS or each.said not in {said.value for said in Said}:
            raise ProblemError(422, f"there is no question {each.question!r} with the answer {each.said!r}")
    given = {each.question: (each.said, each.evidence) for each in wanted.answers}
    _step(lambda: assessing.fill(request, one, given, by=asker(request)))
    return _detail(request, one)


@operation(
    router,
    "POST",
    "/assessments/{assessment_id}/state",
    Action.ASSESSMENT_PROPOSE,
    response=AssessmentDetailOut,
    example={"state": "proposed"},
)
def step(request: HttpRequest, assessment_id: UUID, wanted: StepIn) -> Any:
    """Note that it was sent, hand it in, or take it back."""
    one = found(request, str(assessment_id))
    decided(request, Action.ASSESSMENT_PROPOSE, one.site)
    if wanted.state == "sent":
        to = checked(SendForm({"to": wanted.to})).cleaned_data["to"]
        _step(lambda: assessing.send(request, one, to))
    elif wanted.state == "proposed":
        _step(lambda: assessing.propose(request, one, by=asker(request)))
    elif wanted.state == "draft":
        _step(lambda: assessing.withdraw(request, one))
    else:
        raise ProblemError(422, f"there is no state {wanted.state[:20]!r}")
    return _detail(request, one)


@operation(
    router,
    "POST",
    "/assessments/{assessment_id}/decision",
    Action.ASSESSMENT_APPROVE,
    response=AssessmentDetailOut,
    example={"state": "approved", "reason": "All answers are good", "conditions": ""},
)
def decide(request: HttpRequest, assessment_id: UUID, wanted: PurchaseDecisionIn) -> Any:
    """Decide on an assessment that another person handed in."""
    one = found(request, str(assessment_id))
    decided(request, Action.ASSESSMENT_APPROVE, one)
    given = checked(DecisionForm(wanted.model_dump())).cleaned_data
    _step(lambda: assessing.decide(request, one, by=asker(request), **given))
    return _detail(request, one)


@operation(
    router,
    "GET",
    "/assessments/{assessment_id}/report",
    Action.ASSESSMENT_VIEW,
    response=None,
    media=("application/pdf",),
)
def report(request: HttpRequest, assessment_id: UUID) -> Any:
    """The assessment as a PDF."""
    one = found(request, str(assessment_id))
    record(request, Action.ASSESSMENT_VIEW, subject=f"assessment:{one.pk}", what={"report": "pdf"})
    return printed(one, asker(request))


def _step(act: Any) -> None:
    try:
        act()
    except AsepsisError as error:
        status = 422 if error.code == "assessment-conditions" else 409
        raise ProblemError(status, f"{error.message}. {error.hint}".strip()) from error


def _standing(request: HttpRequest, key: str) -> Standing:
    every = standings(asker(request), only=key)
    if not every:
        raise Http404
    return every[0]


def _vendor(one: Standing) -> dict[str, Any]:
    facts = one.facts
    return {
        "key": one.key,
        "name": one.name,
        "score": round(one.score, 1),
        "shares": [share.document() for share in one.shares],
        "devices": facts.devices,
        "open_findings": facts.open_findings,
        "exploited_findings": facts.exploited_findings,
        "days_to_fix": facts.days_to_fix,
        "contradictions": facts.contradictions,
        "models_count": one.models_count,
        "seen_until": one.seen_until,
    }


def _contract(one: Contract, *, valid: bool) -> dict[str, Any]:
    names = ("id", "kind", "begins", "ends", "contact", "signed_by", "note", "file_name", "sha256")
    return {**{name: getattr(one, name) for name in names}, "in_force": valid}


def _assessment(one: Assessment) -> dict[str, Any]:
    names = ("id", "vendor", "vendor_name", "model", "purpose", "state", "sent_to", "sent", "created", "decided")
    return {
        **{name: getattr(one, name) for name in (*names, "conditions", "reason")},
        "site": one.site.name,
        "proposer": one.proposer.get_username(),
        "decided_by": None if one.decided_by is None else one.decided_by.get_username(),
    }


def _detail(request: HttpRequest, one: Assessment) -> dict[str, Any]:
    against = assessing.contradicted(one, asker(request))
    parts = shown(one, against)
    return {
        **_assessment(one),
        "percent": round(parts["assessed"].percent, 1),
        "answered": parts["assessed"].answered,
        "contradicted": list(parts["assessed"].contradicted),
        "proposed_conditions": [words for _, words in parts["conditions"]],
        "answers": [
            {
                "question": question.id,
                "said": "" if held is None else held.said,
                "evidence": "" if held is None else held.evidence,
                "source": "" if held is None else held.source,
                "traffic": denied,
            }
            for question, held, denied in parts["rows"]
        ],
    }
