"""Pages of scans: whom one would ask and whom not, approval, how it runs, and the receipt."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.text import capfirst
from django.views.decorators.http import require_POST

from asepsis.kernel.errors import AsepsisError
from asepsis.pipeline.scanning.folder import ScanFolder
from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.decide import may, visible
from asepsis.web.authorisation.routes import Refused, requires
from asepsis.web.facilities.reach import sites_of
from asepsis.web.ledger.record import record
from asepsis.web.partial import is_partial
from asepsis.web.settings import CONFIGURATION, WORKSPACE
from asepsis.web.testing import scanning
from asepsis.web.testing.forms import ApprovalForm, ScanForm
from asepsis.web.testing.models import Scan

SHOWN: Final = 50
FILES: Final = {"plan": "plan.json", "receipt": "receipt.json"}


def found(request: HttpRequest, scan_id: str) -> Scan:
    """A scan that this person may look at.

    Raises:
        Http404: There is none.
    """
    scan = get_object_or_404(Scan.objects.select_related("site", "proposer", "decided_by"), pk=scan_id)
    if not may(request.user, Action.SCAN_VIEW, scan).allowed:
        raise Http404
    return scan


@requires(Action.SCAN_VIEW)
def scans(request: HttpRequest) -> HttpResponse:
    """Scans so far, and the way to a new one."""
    assert request.user.is_authenticated
    sites = sites_of(request.user, Action.SCAN_PROPOSE)
    form = ScanForm(sites, request.POST or None)
    if request.method == "POST":
        if not sites:
            raise Refused(Action.SCAN_PROPOSE, may(request.user, Action.SCAN_PROPOSE))
        if form.is_valid():
            given = form.cleaned_data
            try:
                scan = scanning.propose(request, given["site"], form.asked(), reason=given["reason"], by=request.user)
            except AsepsisError as error:
                form.add_error(None, f"{capfirst(error.message)}. {error.hint}")
            else:
                return redirect("testing-scan", scan.pk)
    rows = visible(request.user, Action.SCAN_VIEW, Scan.objects.select_related("site", "proposer", "decided_by"))
    context = {
        "form": form if sites else None,
        "scans": [(scan, (*state_of(scan), sum(scan.left_out.values()))) for scan in rows[:SHOWN]],
        "ready": bool(CONFIGURATION.scanning.interface),
    }
    return render(request, "testing/scans.html", context)


@requires(Action.SCAN_VIEW)
def one_scan(request: HttpRequest, scan_id: str) -> HttpResponse:
    """One scan: whom it asks, whom not, its approval, its run and its receipt."""
    scan = found(request, scan_id)
    run = scanning.run_of(scan)
    state, words = state_of(scan, run)
    context: dict[str, Any] = {
        "scan": scan,
        "run": run,
        "state": state,
        "state_words": words,
        "moving": state == "running" or (state == "approved" and not run),
    }
    if is_partial(request):
        return render(request, "testing/run.html", context)
    record(request, Action.SCAN_VIEW, subject=f"scan:{scan.pk}", site=scan.site.name)
    context |= {
        "answers": _by_device(scan),
        "mine": scan.proposer_id == request.user.pk,
        "may_approve": may(request.user, Action.SCAN_APPROVE, scan).allowed,
        "may_stop": may(request.user, Action.SCAN_STOP, scan).allowed,
        "approval": ApprovalForm(),
        "ready": bool(CONFIGURATION.scanning.interface),
        "has_receipt": ScanFolder(WORKSPACE, scan.pk).receipt_path.exists(),
        "out": sum(scan.left_out.values()),
    }
    return render(request, "testing/scan.html", context)


@requires(Action.SCAN_STOP)
@require_POST
def decide(request: HttpRequest, scan_id: str) -> HttpResponse:
    """Approves, refuses or stops a scan; its proposer may only withdraw it."""
    scan = found(request, scan_id)
    assert request.user.is_authenticated
    action = Action.SCAN_APPROVE if "approve" in request.POST else Action.SCAN_STOP
    allowed = may(request.user, action, scan)
    if not allowed.allowed:
        raise Refused(action, allowed)
    try:
        if action is Action.SCAN_APPROVE:
            form = ApprovalForm(request.POST)
            if form.is_valid():
                scanning.approve(request, scan, by=request.user, hours=form.cleaned_data["hours"])
        else:
            scanning.stop(request, scan, by=request.user)
    except AsepsisError as error:
        messages.error(request, f"{capfirst(error.message)}. {error.hint}")
    return redirect("testing-scan", scan.pk)


@requires(Action.SCAN_VIEW)
def scan_file(request: HttpRequest, scan_id: str, name: str) -> HttpResponseBase:
    """The plan or the receipt, as ``asepsis verify receipt`` takes them."""
    scan = found(request, scan_id)
    folder = ScanFolder(WORKSPACE, scan.pk)
    path = folder.plan_path if name == "plan" else folder.receipt_path
    if name not in FILES or not path.exists():
        raise Http404
    record(request, Action.SCAN_VIEW, subject=f"scan:{scan.pk}", what={"file": name}, site=scan.site.name)
    return FileResponse(path.open("rb"), as_attachment=True, filename=f"{scan.pk}-{FILES[name]}")


STATES: Final = {
    "running": ("running", "Running"),
    "done": ("good", "Done: the receipt agrees with the plan"),
    "violated": ("bad", "The receipt does not agree with the plan"),
    "failed": ("bad", "Could not run"),
}


def state_of(scan: Scan, run: dict[str, Any] | None = None) -> tuple[str, str]:
    """How a scan stands: a word, and words for people. What the run has written says more than what people decided."""
    told = scanning.run_of(scan) if run is None else run
    word = str(told.get("state", ""))
    if word in STATES:
        return word, STATES[word][1]
    return scan.state, scan.get_state_display()


def _by_device(scan: Scan) -> list[dict[str, Any]]:
    """The plan's targets, each question with its answer."""
    answers = {(one["device"], one["question"], one["port"]): one["answer"] for one in scanning.answers_of(scan)}
    return [
        {
            **target,
            "asked": [
                {**each, "answer": answers.get((target["device"], each["question"], each["port"]))}
                for each in target["questions"]
            ],
        }
        for target in scan.targets
    ]
