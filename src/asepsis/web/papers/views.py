"""Pages about papers: what is held and missing, one form with its ledger, one list of components, two side by side."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from typing import Any, Final

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from asepsis.devices.device import Evidence
from asepsis.exposure.feeds.sbom import Bill, Component
from asepsis.exposure.mds2 import Mds2Error, Standing, difference
from asepsis.exposure.paper import PaperKind
from asepsis.exposure.support import out_of_support
from asepsis.kernel.errors import AsepsisError
from asepsis.kernel.time import SECOND_NS
from asepsis.kernel.value import value
from asepsis.pipeline.disclosure import form_of
from asepsis.pipeline.papers import Paper, Papers
from asepsis.pipeline.papers_error import PapersError
from asepsis.pipeline.registry import Registry
from asepsis.web.authorisation.actions import Action, Obligation
from asepsis.web.authorisation.decide import may
from asepsis.web.authorisation.routes import Refused, requires
from asepsis.web.charts import Counted
from asepsis.web.devices.evidence import shown_packet
from asepsis.web.devices.views import found
from asepsis.web.exposure.models import Advisory
from asepsis.web.exposure.rows import advisory_id
from asepsis.web.ledger.record import record
from asepsis.web.papers import changes, shelf
from asepsis.web.papers.forms import ProductForm, TieForm, UploadForm
from asepsis.web.settings import WORKSPACE

PER_PAGE: Final = 50
COMPONENTS_SHOWN: Final = 2000
VERDICTS_SHOWN: Final = 300
_ANSWERS: Final = ("affected", "cannot tell", "not affected")


@requires(Action.PAPER_VIEW)
def papers(request: HttpRequest) -> HttpResponse:
    """What is held, what is missing, whose forms are contradicted, and the way to a new paper."""
    may_manage = may(request.user, Action.PAPER_MANAGE).allowed
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST":
        if not may_manage:
            raise Refused(Action.PAPER_MANAGE, may(request.user, Action.PAPER_MANAGE))
        if form.is_valid():
            try:
                taken, is_new = changes.take(request, form.cleaned_data["file"], form.subject())
            except AsepsisError as error:
                form.add_error("file", f"{error.message}. {error.hint}".rstrip(". ") + ".")
            else:
                messages.success(request, "It is kept." if is_new else "The same file was held already.")
                return redirect("paper", taken.id)
    devices = shelf.devices_for(request)
    with shelf.opened() as store:
        held = store.papers() if store is not None else []
        told = shelf.told(store, devices)
        behind = store is not None and shelf.is_behind(store)
        listed = shelf.products(store, devices)
    # What was sent and refused comes back to this page, and a record of such a request stands in a transaction.
    with transaction.atomic():
        record(request, Action.PAPER_VIEW, what={"page": "papers"})
    page = Paginator(listed, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "may_manage": may_manage,
        "page": page,
        "products": len(listed),
        "medical": listed.medical,
        "without_form": listed.without_form,
        "without_list": listed.without_list,
        "held": [(paper, told.counts.get(paper.id, Counter())) for paper in held],
        "forms_held": sum(paper.kind is PaperKind.MDS2 for paper in held),
        "comparable": [paper for paper in held if paper.kind is PaperKind.MDS2],
        "contradicted": sum(one[Standing.CONTRADICTED] for one in told.counts.values()),
        "makers": [
            Counted(words=one.maker or "No maker named", count=one.contradicted, tone="bad")
            for one in told.makers
            if one.contradicted
        ],
        "behind": behind,
    }
    return render(request, "papers/papers.html", context)


@requires(Action.PAPER_VIEW)
def paper(request: HttpRequest, paper_id: str) -> HttpResponse:
    """One paper: a form with its ledger, or a list with what its components mean."""
    devices = shelf.devices_for(request)
    with shelf.opened_paper(paper_id) as (store, held):
        of = shelf.holders(store, held, devices)
        context: dict[str, Any] = {
            "paper": held,
            "received": datetime.fromtimestamp(held.received_ns // SECOND_NS, UTC),
            "holders": of[: shelf.DEVICES_SHOWN],
            "holders_count": len(of),
            "behind": shelf.is_behind(store),
            "may_manage": may(request.user, Action.PAPER_MANAGE).allowed,
            "product_form": ProductForm(
                initial={
                    "maker": held.subject.maker,
                    "model": held.subject.model,
                    "version": held.subject.version,
                }
            ),
            "tie_form": TieForm(),
        }
        record(request, Action.PAPER_VIEW, subject=f"paper:{held.id}")
        try:
            if held.kind is PaperKind.MDS2:
                context |= _form(store, held, shelf.seen_claims(store, devices, held.id), of)
                return render(request, "papers/form.html", context)
            context |= _bill(store, held)
            return render(request, "papers/bill.html", context)
        except (PapersError, Mds2Error) as error:
            return render(request, "papers/unreadable.html", {**context, "error": error})


def _form(store: Papers, held: Paper, claims: shelf.Claims, of: list[Any]) -> dict[str, Any]:
    form = form_of(store, held)
    listed = shelf.questions(claims, {device.pk: device for device, _ in of})
    counts = Counter(one.standing for one in listed)
    return {
        "questions": [one for one in listed if one.standing in (Standing.CONTRADICTED, Standing.QUESTIONED)],
        "confirmed": [one for one in listed if one.standing == Standing.CONFIRMED],
        "unseen": [one for one in listed if one.standing == Standing.UNSEEN],
        "counts": {standing.name.lower(): counts[standing] for standing in Standing},
        "answers": form.answers,
        "others": [one for one in store.papers(PaperKind.MDS2) if one.id != held.id and one.edition == held.edition],
    }


@value
class Part:
    """One component as the page shows it."""

    component: Component
    ended: str


def parts_of(bill: Bill, today: date) -> list[Part]:
    """The components of a list, those out of support first."""
    listed = [Part(component=one, ended=out_of_support(one, today)) for one in bill.components]
    return sorted(listed, key=lambda one: (not one.ended, one.component.name.casefold()))


def _bill(store: Papers, held: Paper) -> dict[str, Any]:
    read = store.read(held).what
    assert isinstance(read, Bill)
    verdicts = store.parts(held.id)
    counts = Counter(one["answer"] for one in verdicts)
    known = _advisories(one["advisory"] for one in verdicts)
    by_answer = {
        answer: [
            {
                **one,
                "number": one["advisory"].rpartition("\n")[2].upper(),
                "row": known.get(advisory_id(one["advisory"])),
            }
            for one in verdicts
            if one["answer"] == answer
        ][:VERDICTS_SHOWN]
        for answer in _ANSWERS
    }
    parts = parts_of(read, datetime.now(UTC).date())
    return {
        "parts": parts[:COMPONENTS_SHOWN],
        "parts_left": max(0, len(parts) - COMPONENTS_SHOWN),
        "ended": [one for one in parts if one.ended],
        "affected": by_answer["affected"],
        "untold": by_answer["cannot tell"],
        "silenced": by_answer["not affected"],
        "counts": {answer.replace(" ", "_"): counts[answer] for answer in _ANSWERS},
    }


def _advisories(keys: Any) -> dict[str, Advisory]:
    ids = sorted({advisory_id(key) for key in keys})[:500]
    return Advisory.objects.in_bulk(ids)


@requires(Action.PAPER_VIEW)
def compare(request: HttpRequest) -> HttpResponse:
    """Two forms side by side: what is answered otherwise."""
    wanted = [request.GET.get("before", ""), request.GET.get("after", "")]
    if not all(wanted):
        return redirect("papers")
    with shelf.opened_paper(wanted[0]) as (store, before), shelf.opened_paper(wanted[1]) as (_, after):
        context: dict[str, Any] = {"before": before, "after": after}
        try:
            context["changes"] = difference(form_of(store, before), form_of(store, after))
        except (PapersError, Mds2Error) as error:
            context["error"] = error
    record(request, Action.PAPER_VIEW, subject=f"paper:{before.id}", what={"compared": after.id})
    return render(request, "papers/compare.html", context)


@requires(Action.PAPER_VIEW)
def file(request: HttpRequest, paper_id: str) -> HttpResponse:
    """The paper as it came, to be saved and not shown: what people bring in runs nowhere under our name."""
    with shelf.opened_paper(paper_id) as (store, held):
        content = store.content(held.id)
    record(request, Action.PAPER_VIEW, subject=f"paper:{held.id}", what={"file": True})
    return HttpResponse(
        content,
        content_type="application/octet-stream",
        headers={
            "Content-Disposition": f'attachment; filename="{held.kind}-{held.id[:12]}{_ending(held.name)}"',
            "Content-Security-Policy": "default-src 'none'; sandbox",
        },
    )


def _ending(name: str) -> str:
    _, dot, ending = name.rpartition(".")
    return f".{ending.lower()}" if dot and ending.isalnum() and ending.isascii() and len(ending) <= 5 else ""


@requires(Action.DEVICE_EVIDENCE)
def claim(request: HttpRequest, paper_id: str, device_id: str, question: str) -> HttpResponse:
    """One answer of a form, beside the packet that confirms or contradicts it."""
    opened = request.GET.get("payload") == "shown"
    return render(request, "papers/claim.html", shown_claim(request, paper_id, device_id, question, opened=opened))


def shown_claim(request: HttpRequest, paper_id: str, device_id: str, question: str, *, opened: bool) -> dict[str, Any]:
    """A claim and its packet, for the page and the API; that it was shown is recorded.

    Raises:
        Http404: There is no such claim, or none for this person.
    """
    if not may(request.user, Action.PAPER_VIEW).allowed:
        raise Http404
    device = found(request, device_id, Action.DEVICE_EVIDENCE, fulfils=[Obligation.HIDE_NOTES])
    with shelf.opened_paper(paper_id) as (store, held):
        of = store.claims(held.id, device.pk).get((held.id, device.pk), [])
    said = next((one for one in of if one["question"] == question and one["evidence"]), None)
    if said is None:
        raise Http404
    seen = said["evidence"]
    clue = Evidence(
        attribute=question,
        value=seen["what"],
        protocol=seen["protocol"],
        weight=1.0,
        capture=seen["capture"],
        packet=seen["packet"],
    )
    with Registry.open(WORKSPACE.registry_path) as registry:
        captures = {entry.digest: entry for _, entry in registry.captures(device.site.name)}
    return shown_packet(request, device, clue, captures, opened=opened) | {
        "paper": held,
        "claim": said,
        "back": reverse("paper", args=[held.id]),
    }


__all__ = ["claim", "compare", "file", "paper", "papers", "parts_of", "shown_claim"]
