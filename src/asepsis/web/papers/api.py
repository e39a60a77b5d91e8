"""Papers by the API: what is held and missing, answers beside the traffic, components and what they mean."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Field, File, Form, Query, Router, Schema, Status
from ninja.files import UploadedFile
from pydantic import ConfigDict

from asepsis.exposure.feeds.sbom import Bill
from asepsis.exposure.mds2 import Mds2Error, difference
from asepsis.exposure.mds2.reading import FORM_LIMIT_BYTES
from asepsis.exposure.paper import PaperKind
from asepsis.kernel.errors import AsepsisError
from asepsis.pipeline.disclosure import form_of
from asepsis.pipeline.papers import Paper, Papers
from asepsis.pipeline.papers_reading import TEXT_LIMIT, subject
from asepsis.web.api.operations import clean, decided, operation
from asepsis.web.api.problems import ProblemError
from asepsis.web.authorisation.actions import Action
from asepsis.web.devices.views import found
from asepsis.web.ledger.record import record
from asepsis.web.papers import changes, shelf
from asepsis.web.papers.views import parts_of, shown_claim

router = Router(tags=["papers"])

# Of one answer; a hospital group has some hundred papers and some thousand products.
MOST: Final = 2000
VERDICTS_MOST: Final = 2000


class PaperOut(Schema):
    """A disclosure form or a list of components."""

    id: str
    kind: Literal["mds2", "sbom"]
    file: str
    sha256: str
    received: datetime
    maker: str | None
    model: str | None
    version: str | None = Field(description="Null: of every version.")
    edition: str
    made: str | None
    items: int = Field(description="Questions or components.")
    problems: list[dict[str, str]]


class MakerOut(Schema):
    """How the forms of one maker stand beside what devices do."""

    maker: str | None
    forms: int
    devices: int
    answers: dict[str, int]


class PapersOut(Schema):
    """What is held, and whose forms packets contradict."""

    items: list[PaperOut] = Field(description=f"The first {MOST}.")
    makers: list[MakerOut]
    behind: bool = Field(description="Something changed since answers were set beside the traffic.")


class ProductOut(Schema):
    """Devices of one maker and model, and the papers that speak of them."""

    maker: str
    model: str
    devices: int
    medical: bool
    forms: list[str]
    lists: list[str]


class DisclosureClaimOut(Schema):
    """One answer of a form beside what one device was seen doing."""

    device: str
    question: str
    answer: str
    text: str
    note: str | None
    standing: str
    about: str | None
    care: str | None = None
    evidence: dict[str, Any] | None


class HolderOut(Schema):
    """A device that a paper speaks of, and why."""

    device: str
    tie: str


class PartOut(Schema):
    """A component of a list."""

    name: str
    version: str
    maker: str
    purls: list[str]
    cpes: list[str]
    out_of_support: str = Field(description="Why it gets no updates any more; empty where it does or nobody says.")


class VerdictOut(Schema):
    """What one advisory says of one component."""

    component: str
    advisory: str
    answer: str
    vulnerabilities: list[str]
    words: str
    why: str
    tells: str
    silenced_by: str


class OnePaperOut(PaperOut):
    """A paper with what follows from it."""

    devices: list[HolderOut]
    claims: list[DisclosureClaimOut] = Field(description="Of a form: answers that traffic can test.")
    components: list[PartOut] = Field(description=f"Of a list, the first {MOST}.")
    verdicts: list[VerdictOut] = Field(description=f"Of a list, the first {VERDICTS_MOST}.")
    behind: bool


class FormChangeOut(Schema):
    """A question that two forms answer otherwise."""

    question: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    only_note: bool


class TieIn(Schema):
    """Whether a paper is a device's."""

    model_config = ConfigDict(extra="forbid")

    device: str = Field(max_length=40)
    tied: bool | None = Field(description="Null leaves it to maker, model and version again.")


class ProductIn(Schema):
    """Which product a paper speaks of."""

    model_config = ConfigDict(extra="forbid")

    maker: str = Field(min_length=1, max_length=TEXT_LIMIT)
    model: str = Field(min_length=1, max_length=TEXT_LIMIT)
    version: str = Field("", max_length=TEXT_LIMIT)


class TestedOut(Schema):
    """An answer and the packet behind it."""

    claim: dict[str, Any]
    paper: str
    device: str
    missing: str
    opened: bool
    octets: str


@operation(router, "GET", "/papers", Action.PAPER_VIEW, response=PapersOut)
def papers(request: HttpRequest) -> Any:
    """The papers that are held, and whose forms packets contradict."""
    with shelf.opened() as store:
        held = store.papers() if store is not None else []
        told = shelf.told(store, shelf.devices_for(request))
        behind = store is not None and shelf.is_behind(store)
    record(request, Action.PAPER_VIEW, what={"page": "papers"})
    makers = [
        {"maker": one.maker or None, "forms": one.forms, "devices": one.devices, "answers": dict(one.counts)}
        for one in told.makers
    ]
    return {"items": [paper.document() for paper in held[:MOST]], "makers": makers, "behind": behind}


@operation(router, "POST", "/papers", Action.PAPER_MANAGE, response=PaperOut, status=201)
def take(
    request: HttpRequest,
    file: File[UploadedFile],
    maker: Form[str] = "",
    model: Form[str] = "",
    version: Form[str] = "",
) -> Any:
    """Keep a disclosure form (XLSX, CSV) or a list of components (CycloneDX, SPDX)."""
    clean(maker, model, version, file.name or "")
    if (file.size or 0) > FORM_LIMIT_BYTES:
        raise ProblemError(413, f"at most {FORM_LIMIT_BYTES >> 20} MiB are read here")
    said = subject(maker, model, version) if maker or model or version else None
    try:
        paper, _ = changes.take(request, file, said)
    except AsepsisError as error:
        raise ProblemError(422, f"{error.message}. {error.hint}".strip()) from error
    return Status(201, paper.document())


@operation(router, "GET", "/papers/products", Action.PAPER_VIEW, response=list[ProductOut])
def products(request: HttpRequest) -> Any:
    """The products among your devices, and the papers that are there of each; medical ones that lack some first."""
    with shelf.opened() as store:
        listed = shelf.products(store, shelf.devices_for(request))
    record(request, Action.PAPER_VIEW, what={"page": "products"})
    return [
        {
            **{name: getattr(one, name) for name in ("maker", "model", "devices", "medical")},
            "forms": [paper.id for paper in one.forms],
            "lists": [paper.id for paper in one.lists],
        }
        for one in listed[:MOST]
    ]


@operation(router, "GET", "/papers/{paper_id}", Action.PAPER_VIEW, response=OnePaperOut)
def one_paper(request: HttpRequest, paper_id: str) -> Any:
    """One paper, the devices that it speaks of, and what follows from it."""
    clean(paper_id)
    with shelf.opened_paper(paper_id) as (store, paper):
        answer = _shown(request, store, paper)
    record(request, Action.PAPER_VIEW, subject=f"paper:{paper.id}")
    return answer


def _shown(request: HttpRequest, store: Papers, paper: Paper) -> dict[str, Any]:
    devices = shelf.devices_for(request)
    claims = shelf.seen_claims(store, devices, paper.id)
    parts: list[Any] = []
    if paper.kind is PaperKind.SBOM:
        try:
            read = store.read(paper).what
        except AsepsisError as error:
            raise ProblemError(409, f"what was kept can no longer be read: {error.message}") from error
        parts = parts_of(read, datetime.now(UTC).date()) if isinstance(read, Bill) else []
    return {
        **paper.document(),
        "devices": [{"device": device.pk, "tie": str(tie)} for device, tie in shelf.holders(store, paper, devices)],
        "claims": [{"device": device, **claim} for (_, device), of in claims.items() for claim in of],
        "components": [
            {
                **{name: getattr(part.component, name) for name in ("name", "version", "maker", "purls", "cpes")},
                "out_of_support": part.ended,
            }
            for part in parts[:MOST]
        ],
        "verdicts": [
            {**one, "advisory": one["advisory"].rpartition("\n")[2].upper()}
            for one in store.parts(paper.id)[:VERDICTS_MOST]
        ],
        "behind": shelf.is_behind(store),
    }


@operation(
    router,
    "GET",
    "/papers/{paper_id}/file",
    Action.PAPER_VIEW,
    response=None,
    media=["application/octet-stream"],
)
def file(request: HttpRequest, paper_id: str) -> Any:
    """The paper as it came."""
    clean(paper_id)
    with shelf.opened_paper(paper_id) as (store, paper):
        content = store.content(paper.id)
    record(request, Action.PAPER_VIEW, subject=f"paper:{paper.id}", what={"file": True})
    return HttpResponse(content, content_type="application/octet-stream")


@operation(router, "GET", "/papers/{paper_id}/difference", Action.PAPER_VIEW, response=list[FormChangeOut])
def compare(request: HttpRequest, paper_id: str, before: Query[str]) -> Any:
    """What a form answers otherwise than another, which is ``before``."""
    clean(paper_id, before)
    with shelf.opened_paper(paper_id) as (store, after), shelf.opened_paper(before) as (_, earlier):
        try:
            changed = difference(form_of(store, earlier), form_of(store, after))
        except (AsepsisError, Mds2Error) as error:
            raise ProblemError(422, error.message) from error
    record(request, Action.PAPER_VIEW, subject=f"paper:{after.id}", what={"compared": earlier.id})
    return [change.document() for change in changed]


@operation(
    router,
    "GET",
    "/papers/{paper_id}/claims/{device_id}/{question}",
    Action.DEVICE_EVIDENCE,
    response=TestedOut,
)
def claim(request: HttpRequest, paper_id: str, device_id: str, question: str, payload: bool = False) -> Any:
    """One answer beside its packet; with ``payload`` what the packet carries, where you may see that."""
    clean(paper_id, device_id, question)
    shown = shown_claim(request, paper_id, device_id, question, opened=payload)
    return {
        "claim": shown["claim"],
        "paper": shown["paper"].id,
        "device": shown["device"].pk,
        "missing": shown.get("missing", "" if "rows" in shown else "The packet is not shown to you, or there is none."),
        "opened": shown["opened"],
        "octets": " ".join(cell.hexadecimal for row in shown.get("rows", ()) for cell in row.cells),
    }


@operation(
    router,
    "POST",
    "/papers/{paper_id}/ties",
    Action.PAPER_MANAGE,
    response=OnePaperOut,
    example={"device": "d-pxg7nb6dh3", "tied": True},
)
def tie(request: HttpRequest, paper_id: str, wanted: TieIn) -> Any:
    """Say that a paper is a device's, or that it is not."""
    clean(paper_id, wanted.device)
    with shelf.opened_paper(paper_id) as (store, paper):
        device = found(request, wanted.device)
        decided(request, Action.DEVICE_EDIT, device)
        changes.say_tie(request, store, paper, device, is_tied=wanted.tied)
        return _shown(request, store, paper)


@operation(
    router,
    "PATCH",
    "/papers/{paper_id}",
    Action.PAPER_MANAGE,
    response=OnePaperOut,
    example={"maker": "Acme", "model": "Pump 3", "version": "< 9.3"},
)
def product(request: HttpRequest, paper_id: str, wanted: ProductIn) -> Any:
    """Say which product a paper speaks of."""
    clean(paper_id, wanted.maker, wanted.model, wanted.version)
    with shelf.opened_paper(paper_id) as (store, paper):
        changes.say_product(request, store, paper, subject(wanted.maker, wanted.model, wanted.version))
        return _shown(request, store, store.paper(paper.id))


@operation(router, "DELETE", "/papers/{paper_id}", Action.PAPER_MANAGE, response=None, status=204)
def remove(request: HttpRequest, paper_id: str) -> Any:
    """Forget a paper."""
    clean(paper_id)
    with shelf.opened_paper(paper_id) as (store, paper):
        changes.forget(request, store, paper)
    return Status(204, None)
