"""Pages of reports that other scanners wrote: bring one in, and see which devices its hosts are."""

from __future__ import annotations

from typing import Any, Final

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from asepsis.exposure.reported.report import ReportError, Tool
from asepsis.kernel.errors import AsepsisError
from asepsis.kernel.time import SECOND_NS
from asepsis.pipeline.reported import Kept, Reports, tied
from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.routes import requires
from asepsis.web.devices.models import Device
from asepsis.web.facilities.models import Site
from asepsis.web.facilities.reach import sites_of
from asepsis.web.jobs.upload import shown_name
from asepsis.web.ledger.record import record
from asepsis.web.people.models import Person
from asepsis.web.settings import WORKSPACE
from asepsis.web.testing.forms import ReportForm
from asepsis.web.testing.limits import REPORT_FILE_LIMIT

HOSTS_SHOWN: Final = 200
_DAY_NS: Final = 86_400 * SECOND_NS


def kept_for(person: Person) -> list[Kept]:
    """The reports of the sites whose reports this person may see, the newest first."""
    names = {site.name for site in sites_of(person, Action.REPORT_VIEW)}
    if not WORKSPACE.reports_path.exists():
        return []
    with Reports.open(WORKSPACE) as reports:
        return [one for one in reports.kept() if one.site in names]


def take(request: HttpRequest, file: UploadedFile[bytes], tool: Tool, site: Site) -> Kept:
    """Reads a report and keeps it.

    Raises:
        ReportError: It is none, or too large.
    """
    if (file.size or 0) > REPORT_FILE_LIMIT:
        raise ReportError(f"at most {REPORT_FILE_LIMIT >> 20} MiB are read from a browser", code="report-large")
    name = shown_name(file.name or "")
    with Reports.open(WORKSPACE.create()) as reports:
        digest = reports.take(file.read(), tool, name=name, site=site.name)[2]
        kept = next(one for one in reports.kept() if one.digest == digest)
    with transaction.atomic():
        what = {"sha256": digest, "tool": str(tool), "hosts": kept.hosts, "claims": kept.claims}
        record(request, Action.REPORT_IMPORT, subject=f"report:{digest[:32]}", what=what, site=site.name)
    return kept


def hosts_of(person: Person, digest: str) -> tuple[Kept, list[dict[str, Any]], tuple[str, ...]] | None:
    """One report's hosts with the devices that they are; None where there is none that this person may see."""
    if digest not in {one.digest for one in kept_for(person)}:
        return None
    found = tied(WORKSPACE, digest)
    if found is None:
        return None
    kept, report, hosts = found
    titles = dict(Device.objects.filter(site__name=kept.site).values_list("pk", "title"))
    shown = [
        {
            "address": ", ".join((*one.host.ips, *one.host.names))[:200],
            "device": one.device if one.device in titles else "",
            "title": titles.get(one.device, ""),
            "by": one.by,
            "services": [f"{each.transport} {each.port} {each.product or each.name}" for each in one.host.services],
            "claims": [
                {"title": each.title, "severity": str(each.severity), "port": each.port, "number": each.number}
                for each in one.host.claims
            ],
            "contradictions": list(one.contradictions),
        }
        for one in hosts
    ]
    return kept, sorted(shown, key=lambda one: (not one["claims"], not one["device"])), report.problems


def age_days(kept: Kept) -> int | None:
    """How old what it says is; None where nobody knows."""
    return int((timezone.now().timestamp() * SECOND_NS - kept.began_ns) // _DAY_NS) if kept.began_ns else None


@requires(Action.REPORT_VIEW)
def reports(request: HttpRequest) -> HttpResponse:
    """Reports so far, and the way to bring one in."""
    assert isinstance(request.user, Person)
    sites = sites_of(request.user, Action.REPORT_IMPORT)
    form = ReportForm(sites, request.POST or None, request.FILES or None)
    if request.method == "POST" and sites and form.is_valid():
        given = form.cleaned_data
        try:
            kept = take(request, given["file"], Tool(given["tool"]), given["site"])
        except AsepsisError as error:
            form.add_error("file", f"{error.message}. {error.hint}")
        else:
            return redirect("testing-report", kept.digest)
    context = {"form": form if sites else None, "reports": [(one, age_days(one)) for one in kept_for(request.user)]}
    return render(request, "testing/reports.html", context)


@requires(Action.REPORT_VIEW)
def one_report(request: HttpRequest, digest: str) -> HttpResponse:
    """One report: its hosts, the devices that they are, and where traffic says otherwise."""
    assert isinstance(request.user, Person)
    found = hosts_of(request.user, digest)
    if found is None:
        raise Http404
    kept, hosts, problems = found
    record(request, Action.REPORT_VIEW, subject=f"report:{digest[:32]}", site=kept.site)
    context = {
        "report": kept,
        "days": age_days(kept),
        "hosts": hosts[:HOSTS_SHOWN],
        "count": len(hosts),
        "known": sum(bool(one["device"]) for one in hosts),
        "against": sum(bool(one["contradictions"]) for one in hosts),
        "problems": problems,
    }
    return render(request, "testing/report.html", context)
