"""Pages about vendors: all of them, and one with what is known and agreed."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from asepsis.exposure.paper import PaperKind
from asepsis.exposure.weaknesses import KINDS
from asepsis.kernel.value import value
from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.decide import may, visible
from asepsis.web.authorisation.routes import requires
from asepsis.web.exposure.models import Advisory, Finding
from asepsis.web.ledger.record import record
from asepsis.web.people.models import Person
from asepsis.web.vendors import contracts
from asepsis.web.vendors.forms import ContractForm, SupportForm
from asepsis.web.vendors.gathered import REMOTE, contradictions, kept, open_advisories, papers, seen_by
from asepsis.web.vendors.makers import maker
from asepsis.web.vendors.models import Assessment, Contract
from asepsis.web.vendors.standing import MODELS_SHOWN, Standing, in_force, models_of, standings

ADVISORIES_SHOWN: Final = 20
DEVICES_SHOWN: Final = 20
ASSESSMENTS_SHOWN: Final = 20


@value
class Open:
    """An advisory that affects devices of a vendor."""

    advisory: str
    number: str
    devices: int
    exploited: int
    """Findings of it that are exploited somewhere."""
    fixes: int
    """Findings of it for which there is a fix."""


@require_GET
@requires(Action.VENDOR_VIEW)
def vendors(request: HttpRequest) -> HttpResponse:
    """Every vendor whose devices this person sees, the lowest score first."""
    found = standings(_person(request))
    record(request, Action.VENDOR_VIEW, what={"vendors": len(found)})
    totals = {
        "devices": sum(one.facts.devices for one in found),
        "open": sum(one.facts.open_findings for one in found),
        "without_papers": sum(not (one.facts.models_with_form or one.facts.models_with_list) for one in found),
        "without_agreement": sum(not one.facts.has_agreement for one in found),
    }
    seen = max((one.seen_until for one in found if one.seen_until), default=None)
    return render(request, "vendors/vendors.html", {"vendors": found, "totals": totals, "seen_until": seen})


@require_GET
@requires(Action.VENDOR_VIEW)
def vendor(request: HttpRequest, key: str) -> HttpResponse:
    """One vendor."""
    return _page(request, key, ContractForm(), SupportForm())


@require_POST
@requires(Action.VENDOR_EDIT)
def add_contract(request: HttpRequest, key: str) -> HttpResponse:
    """Records an agreement."""
    _standing(request, key)
    form = ContractForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, key, form, SupportForm())
    contracts.add(request, key, dict(form.cleaned_data), by=_person(request))
    messages.success(request, "The agreement is recorded.")
    return redirect("vendor", key)


@require_POST
@requires(Action.VENDOR_EDIT)
def end_contract(request: HttpRequest, contract_id: str) -> HttpResponse:
    """Ends an agreement today."""
    contract = get_object_or_404(Contract, pk=contract_id)
    contracts.end(request, contract, timezone.now().date())
    messages.success(request, "The agreement ends today.")
    return redirect("vendor", contract.vendor)


@require_GET
@requires(Action.VENDOR_VIEW)
def document(request: HttpRequest, contract_id: str) -> HttpResponseBase:
    """The file of an agreement."""
    return contracts.document(request, get_object_or_404(Contract, pk=contract_id))


@require_POST
@requires(Action.VENDOR_EDIT)
def add_support(request: HttpRequest, key: str) -> HttpResponse:
    """Records when the support of a model ends."""
    _standing(request, key)
    form = SupportForm(request.POST)
    if not form.is_valid():
        return _page(request, key, ContractForm(), form)
    contracts.say_support(request, key, by=_person(request), **form.cleaned_data)
    messages.success(request, "Kept.")
    return redirect("vendor", key)


def of_vendor(person: Person, vendor: Standing) -> dict[str, Any]:
    """What a person may see of one vendor beside its score: advisories, remote access, papers, agreements."""
    seen = seen_by(person)
    texts = set(vendor.texts)
    told: dict[str, Open] = {}
    for text, advisory, number, _, devices, exploited, fixes in open_advisories(seen):
        if text in texts:
            # A device has one vendor, so those of several spellings add up.
            so_far = told.get(advisory, Open(advisory=advisory, number=number, devices=0, exploited=0, fixes=0))
            told[advisory] = Open(
                advisory=advisory,
                number=number,
                devices=so_far.devices + devices,
                exploited=so_far.exploited + exploited,
                fixes=so_far.fixes + fixes,
            )
    first = sorted(told.values(), key=lambda one: (-one.exploited, -one.devices, one.number))[:ADVISORIES_SHOWN]
    documents = Advisory.objects.only("title", "released").in_bulk([one.advisory for one in first])
    reaching = seen.findings.filter(
        ended=None, source=Finding.Source.WEAKNESS, weakness__in=REMOTE, device__vendor__in=vendor.texts
    ).order_by("weakness", "device__title", "device_id")
    denied = contradictions(seen)
    own = [paper for paper in papers() if maker(paper.subject.maker)[0] == vendor.key]
    agreed = list(Contract.objects.filter(vendor=vendor.key).select_related("recorded_by"))
    today = timezone.now().date()
    return {
        "advisories": [(one, documents[one.advisory]) for one in first if one.advisory in documents],
        "advisories_count": len(told),
        "reaching": [
            (KINDS[kind].title, device, title)
            for device, title, kind in kept(
                reaching.values_list("device_id", "device__title", "weakness")[:DEVICES_SHOWN], seen
            )
        ],
        "papers": [(paper, sorted(denied.get(paper.id, ()))) for paper in own],
        "contracts": [(one, in_force(one, today)) for one in agreed],
        "assessments": list(
            visible(person, Action.ASSESSMENT_VIEW, Assessment.objects.filter(vendor=vendor.key)).select_related(
                "site"
            )[:ASSESSMENTS_SHOWN]
        ),
    }


def _page(request: HttpRequest, key: str, contract: BaseForm, support: BaseForm) -> HttpResponse:
    shown = _standing(request, key)
    if request.method == "GET":
        record(request, Action.VENDOR_VIEW, subject=f"vendor:{key}")
    pages = max(1, -(-shown.models_count // MODELS_SHOWN))
    page = min(max(1, int(asked) if (asked := request.GET.get("page", "")[:6]).isdecimal() else 1), pages)
    context = {
        "vendor": shown,
        "models": models_of(_person(request), shown, page=page),
        "page": page,
        "pages": pages,
        **of_vendor(_person(request), shown),
        "contract_form": contract,
        "support_form": support,
        "may_edit": may(request.user, Action.VENDOR_EDIT).allowed,
        "may_assess": may(request.user, Action.ASSESSMENT_PROPOSE).allowed,
        "MDS2": PaperKind.MDS2,
    }
    return render(request, "vendors/vendor.html", context)


def _standing(request: HttpRequest, key: str) -> Standing:
    found = standings(_person(request), only=key)
    if not found:
        raise Http404("no vendor of a device that you see")
    return found[0]


def _person(request: HttpRequest) -> Person:
    assert isinstance(request.user, Person)
    return request.user
