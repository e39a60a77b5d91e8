"""What the store of papers says, as far as one person may see the devices that papers speak of."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, lru_cache
from typing import Any, Final, overload

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest

from asepsis.exposure.identity import Identity
from asepsis.exposure.mds2 import Standing
from asepsis.exposure.paper import PaperKind, Tie, tie
from asepsis.kernel.value import value
from asepsis.pipeline.disclosure import Tally, stamp_of, standings, tallies
from asepsis.pipeline.papers import Paper, Papers
from asepsis.pipeline.papers_error import PapersError
from asepsis.pipeline.registry import Registry
from asepsis.web.authorisation.actions import Action, Obligation
from asepsis.web.authorisation.decide import visible
from asepsis.web.devices.models import Device
from asepsis.web.people.models import Person
from asepsis.web.remembered import remembered_text, version_for
from asepsis.web.settings import WORKSPACE

# Devices that a page names; nobody reads on beyond them.
DEVICES_SHOWN: Final = 100
SCOPES_KEPT: Final = 4
"""Lists of products that are at hand as values, of people who see different devices; a megabyte each in a group."""

Claims = Mapping[tuple[str, str], list[Any]]


@value
class Product:
    """Devices of one maker and model, and the papers that speak of them."""

    maker: str
    model: str
    devices: int
    medical: bool
    forms: tuple[Paper, ...]
    lists: tuple[Paper, ...]


@contextmanager
def opened() -> Iterator[Papers | None]:
    """The store; None where nothing was ever kept."""
    if not WORKSPACE.papers_path.exists():
        yield None
        return
    with Papers.open(WORKSPACE.papers_path) as papers:
        yield papers


@contextmanager
def opened_paper(paper_id: str) -> Iterator[tuple[Papers, Paper]]:
    """The store and one paper of it.

    Raises:
        Http404: There is no such paper.
    """
    with opened() as papers:
        if papers is None:
            raise Http404
        try:
            found = papers.paper(paper_id)
        except PapersError as error:
            raise Http404 from error
        yield papers, found


def devices_for(request: HttpRequest) -> QuerySet[Device]:
    """The devices that who asks may look at; no note of the hospital's is shown here."""
    return devices_of(request.user)


def devices_of(person: Person | AnonymousUser) -> QuerySet[Device]:
    """The devices that a person may look at."""
    rows = Device.objects.select_related("site")
    return visible(person, Action.DEVICE_VIEW, rows, fulfils=[Obligation.HIDE_NOTES])


def is_behind(papers: Papers) -> bool:
    """Whether devices or papers changed since forms were set beside what devices do."""
    return papers.stamp() != stamp_of(WORKSPACE)


def seen_claims(
    papers: Papers, devices: QuerySet[Device], paper_id: str | None = None
) -> dict[tuple[str, str], list[Any]]:
    """The claims on devices that who asks may see."""
    claims = papers.claims(paper_id)
    allowed = _among(devices, {device for _, device in claims})
    return {(paper, device): of for (paper, device), of in claims.items() if device in allowed}


def _among(devices: QuerySet[Device], wanted: set[str]) -> set[str]:
    # A database binds so many values at once.
    ordered = sorted(wanted)
    found: set[str] = set()
    for begin in range(0, len(ordered), 500):
        found.update(devices.filter(pk__in=ordered[begin : begin + 500]).values_list("pk", flat=True))
    return found


@value
class Told:
    """What the ledgers of all forms come to, on devices that who asks may see."""

    counts: Mapping[str, Counter[str]]
    """Paper -> how its answers stand -> how many."""
    makers: tuple[Tally, ...]


def told(papers: Papers | None, devices: QuerySet[Device]) -> Told:
    """Sums up the claims of all forms: once until papers, claims or devices change."""
    if papers is None:
        return Told(counts={}, makers=())
    words = ["claims told", papers.revision(), papers.stamp()]
    of = version_for(devices)
    kept = json.loads(remembered_text([devices.order_by()], words, lambda: json.dumps(_told(papers, devices)), of))
    return Told(
        counts={paper: Counter(counts) for paper, counts in kept["counts"].items()},
        makers=tuple(Tally(**one) for one in kept["makers"]),
    )


def _told(papers: Papers, devices: QuerySet[Device]) -> dict[str, Any]:
    claims = seen_claims(papers, devices)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for (paper, _), standing in standings(claims).items():
        counts[paper][standing] += 1
    names = ("maker", "forms", "devices", "counts")
    makers = [{name: getattr(one, name) for name in names} for one in tallies(papers.papers(), claims)]
    return {"counts": counts, "makers": makers}


class Products(Sequence[Product]):
    """The products of a hospital, each made when it is looked at: a page shows fifty of some thousand."""

    def __init__(self, kept: Sequence[Any], held: Iterable[Paper]) -> None:
        self._kept = kept
        self._held = {paper.id: paper for paper in held}
        medical = [(forms, lists) for _, _, _, is_medical, forms, lists in kept if is_medical]
        self.medical = len(medical)
        self.without_form = sum(not forms for forms, _ in medical)
        self.without_list = sum(not lists for _, lists in medical)

    def __len__(self) -> int:
        return len(self._kept)

    @overload
    def __getitem__(self, at: int) -> Product: ...

    @overload
    def __getitem__(self, at: slice) -> list[Product]: ...

    def __getitem__(self, at: int | slice) -> Product | list[Product]:
        return [self._made(one) for one in self._kept[at]] if isinstance(at, slice) else self._made(self._kept[at])

    def _made(self, one: Any) -> Product:
        maker, model, devices, medical, forms, lists = one
        return Product(
            maker=maker,
            model=model,
            devices=devices,
            medical=medical > 0,
            forms=tuple(self._held[paper] for paper in forms if paper in self._held),
            lists=tuple(self._held[paper] for paper in lists if paper in self._held),
        )


def products(papers: Papers | None, devices: QuerySet[Device]) -> Products:
    """The products among these devices, those of medical devices without papers first.

    A hospital group has as many versions as devices, so that they are gone through once until papers or devices change.
    """
    # The revision is asked before the papers: what is kept under it may be newer, and is never older.
    words = ["products and their papers", "" if papers is None else papers.revision()]
    of = version_for(devices)
    text = remembered_text([devices.order_by()], words, lambda: json.dumps(_products(papers, devices)), of)
    return Products(_parsed(text), papers.papers() if papers is not None else [])


@lru_cache(maxsize=SCOPES_KEPT)
def _parsed(text: str) -> Sequence[Any]:
    found: list[Any] = json.loads(text)
    return tuple(found)


def _products(papers: Papers | None, devices: QuerySet[Device]) -> list[Any]:
    """Maker, model, devices, those of them that are medical, and ids of forms and lists; in the order of the page."""
    held = papers.papers() if papers is not None else []
    found: dict[tuple[str, str], dict[str, Any]] = {}
    identities = (
        devices.exclude(vendor="")
        .exclude(model="")
        .order_by()
        .values("vendor", "model", "firmware")
        .annotate(devices=Count("pk"), medical=Count("pk", filter=Q(medical=True)))
    )
    for row in identities:
        product = found.setdefault((row["vendor"], row["model"]), {"devices": 0, "medical": 0, "papers": {}})
        product["devices"] += row["devices"]
        product["medical"] += row["medical"]
        identity = Identity(vendor=row["vendor"], model=row["model"], version=row["firmware"])
        product["papers"] |= {paper.id: None for paper in held if tie(paper.subject, identity) is not None}
    if papers is not None:
        known = {paper.id for paper in held}
        for (paper_id, _), device in _tied_by_hand(papers, devices).items():
            product_of = found.get((device.vendor, device.model))
            if product_of is not None and paper_id in known:
                product_of["papers"][paper_id] = None
    kinds = {paper.id: paper.kind for paper in held}
    listed = [
        (
            maker,
            model,
            one["devices"],
            one["medical"],
            [paper for paper in one["papers"] if kinds[paper] is PaperKind.MDS2],
            [paper for paper in one["papers"] if kinds[paper] is PaperKind.SBOM],
        )
        for (maker, model), one in found.items()
    ]
    return sorted(listed, key=lambda one: (not one[3], -((not one[4]) + (not one[5])), -one[2], one[0], one[1]))


def _tied_by_hand(papers: Papers, devices: QuerySet[Device]) -> dict[tuple[str, str], Device]:
    ties = {pair for pair, is_tied in _ties(papers).items() if is_tied}
    allowed = {one.pk: one for one in devices.filter(pk__in=sorted({device for _, device in ties})[:500])}
    return {pair: allowed[pair[1]] for pair in ties if pair[1] in allowed}


def _ties(papers: Papers) -> dict[tuple[str, str], bool]:
    """What people tied and untied, by the ids that devices have today."""
    if not WORKSPACE.registry_path.exists():
        return papers.ties()
    with Registry.open(WORKSPACE.registry_path) as registry:
        return papers.ties(registry.current_id)


def holders(papers: Papers, paper: Paper, devices: QuerySet[Device]) -> list[tuple[Device, Tie]]:
    """The devices that a paper speaks of, by their names."""
    said = {device: is_tied for (one, device), is_tied in _ties(papers).items() if one == paper.id}

    @cache
    def by_name(vendor: str, model: str, firmware: str) -> Tie | None:
        return tie(paper.subject, Identity(vendor=vendor, model=model, version=firmware)) if vendor and model else None

    ties: dict[str, Tie] = {}
    named = devices.order_by().values_list("pk", "vendor", "model", "firmware")
    for device, *names in named.iterator():
        held = (Tie.PERSON if said[device] else None) if device in said else by_name(*names)
        if held is not None:
            ties[device] = held
    # By their ids: a question that names each version is one that a database refuses.
    found = devices.in_bulk(list(ties))
    return sorted(((one, ties[pk]) for pk, one in found.items()), key=lambda pair: (pair[0].title, pair[0].pk))


@value
class Question:
    """One answer of a form, and what was seen of all its devices."""

    question: str
    answer: str
    note: str
    about: str
    care: str
    standing: str
    """The worst."""
    shown: tuple[tuple[Device, Mapping[str, Any]], ...]
    """Devices with what was seen of them, the first some."""
    devices: int


_ORDER: Final = (Standing.CONTRADICTED, Standing.QUESTIONED, Standing.CONFIRMED, Standing.UNSEEN)
SEEN_SHOWN: Final = 5


def questions(claims: Claims, devices: Mapping[str, Device]) -> list[Question]:
    """Claims by question: contradicted ones first."""
    by_question: dict[str, list[tuple[str, Any]]] = defaultdict(list)
    for (_, device), of in claims.items():
        for claim in of:
            by_question[claim["question"]].append((device, claim))
    found = []
    for question, said in by_question.items():
        said.sort(key=lambda one: _ORDER.index(one[1]["standing"]))
        worst = said[0][1]["standing"]
        with_it = [
            (devices[device], claim) for device, claim in said if claim["standing"] == worst and device in devices
        ]
        first = said[0][1]
        found.append(
            Question(
                question=question,
                answer=first["text"] or first["answer"],
                note=first["note"] or "",
                about=first["about"] or "",
                care=first.get("care") or "",
                standing=worst,
                shown=tuple(with_it[:SEEN_SHOWN]),
                devices=len(with_it),
            )
        )
    return sorted(found, key=lambda one: (_ORDER.index(Standing(one.standing)), one.question))
