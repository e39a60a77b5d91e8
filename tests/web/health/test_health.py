from __future__ import annotations

from asepsis.pipeline.workspace import Workspace
from asepsis.web.jobs.models import Job
from tests.web.conftest import MakePerson, SignedIn


def test_coverage_is_summed_over_jobs_and_damage_is_named(
    make_person: MakePerson, signed_in: SignedIn, workspace: Workspace
) -> None:
    for packets, decoded, error in ((100, 90, None), (100, 60, "the file ends early")):
        capture = {"path": "/x/ward.pcap", "packets": packets, "decoded": decoded, "error": error}
        result = {"captures": [capture | {"undecoded": {"truncated": packets - decoded}}]}
        Job.objects.create(kind="analysis", title="ward", state="done", result=result)
    page = signed_in(make_person("nora", "network_engineer")).get("/health/")
    assert (page.context["packets"], page.context["share"]) == (200, 0.75)
    assert [reason.count for reason in page.context["reasons"]] == [50]
    assert "ward.pcap: the file ends early" in page.content.decode()


def test_without_anything_the_page_says_so(make_person: MakePerson, signed_in: SignedIn, workspace: Workspace) -> None:
    page = signed_in(make_person("nora", "network_engineer")).get("/health/").content.decode()
    assert "Nothing was analysed yet" in page
