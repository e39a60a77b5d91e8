"""How each vendor stands: devices, findings, papers and agreements -> facts and a score, of what a person may see."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from statistics import median
from typing import Any, Final

from django.db.models import Count, F, Max, Q
from django.utils import timezone

from asepsis.exposure.identity import Identity
from asepsis.exposure.paper import PaperKind, tie
from asepsis.exposure.vendors import Facts, Share, score
from asepsis.kernel.value import value
from asepsis.pipeline.papers import Paper, Papers
from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.decide import visible
from asepsis.web.devices.models import Device
from asepsis.web.exposure.models import Finding
from asepsis.web.people.models import Person
from asepsis.web.settings import WORKSPACE
from asepsis.web.vendors.makers import maker
from asepsis.web.vendors.models import Contract, SupportEnd

REMOTE: Final = ("internet-contact", "management-from-internet")
"""Weaknesses by which a vendor's devices reach out or are reached."""
# Findings that have ended, of which the time to fix is the median: the newest tell more than the old ones.
ENDED_MOST: Final = 20_000


@value
class Model:
    """One model of a vendor in one site."""

    name: str
    site: str
    devices: int
    has_form: bool
    has_list: bool
    support_ends: date | None
    is_past_support: bool


@value
class Standing:
    """One vendor."""

    key: str
    name: str
    models: tuple[Model, ...]
    facts: Facts
    shares: tuple[Share, ...]
    seen_until: Any
    """The newest data of its devices, a moment."""

    @property
    def score(self) -> float:
        """0 to 100, higher is better."""
        return sum(share.points for share in self.shares)

    @property
    def sites(self) -> tuple[str, ...]:
        """Where its devices stand."""
        return tuple(sorted({model.site for model in self.models}))

    @property
    def tone(self) -> str:
        """How a badge shows the score."""
        return "good" if self.score >= 70 else "warn" if self.score >= 40 else "bad"


def standings(person: Person, *, only: str = "") -> list[Standing]:
    """The vendors of the devices that a person sees, the lowest score first.

    Args:
        person: Who looks.
        only: The key of one vendor; all where it is empty.
    """
    devices = visible(person, Action.FINDING_VIEW, Device.objects.exclude(vendor=""))
    spelt: dict[str, list[str]] = defaultdict(list)
    for text in devices.order_by().values_list("vendor", flat=True).distinct():
        spelt[maker(text)[0]].append(text)
    if only:
        spelt = defaultdict(list, {only: spelt[only]} if only in spelt else {})
    gathered = _Gathered(person, devices.filter(vendor__in=[text for every in spelt.values() for text in every]))
    found = [gathered.standing(key, texts) for key, texts in spelt.items()]
    return sorted(found, key=lambda one: (one.score, one.name))


def in_force(contract: Contract, today: date) -> bool:
    """Signed, begun and not ended."""
    return bool(contract.signed_by) and contract.begins <= today and (contract.ends is None or contract.ends >= today)


def papers() -> list[Paper]:
    """The papers that are on file."""
    if not WORKSPACE.papers_path.exists():
        return []
    with Papers.open(WORKSPACE.papers_path) as store:
        return store.papers()


def contradictions() -> Mapping[str, frozenset[str]]:
    """Paper to the questions of it that traffic contradicts on any device."""
    if not WORKSPACE.papers_path.exists():
        return {}
    found: dict[str, set[str]] = defaultdict(set)
    with Papers.open(WORKSPACE.papers_path) as store:
        for (paper, _), claims in store.claims().items():
            found[paper].update(str(one["question"]) for one in claims if one.get("standing") == "contradicted")
    return {paper: frozenset(questions) for paper, questions in found.items()}


def speaks_of(paper: Paper, vendor: str, model: str) -> bool:
    """Whether a paper is of a model, in whichever version."""
    if not model or not paper.subject.model:
        return False
    return tie(paper.subject, Identity(vendor=vendor, model=model, version="")) is not None


class _Gathered:
    """Everything of all vendors in a handful of questions to the database."""

    def __init__(self, person: Person, devices: Any) -> None:
        self.today = timezone.now().date()
        ordered = devices.order_by("vendor", "model", "site__name")
        self.rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in ordered.values("vendor", "model", "site__name", "site__title").annotate(
            devices=Count("id"), seen_until=Max("last_seen")
        ):
            self.rows[row["vendor"]].append(row)
        findings = Finding.objects.filter(device__in=devices.order_by().values("pk"))
        standing = findings.filter(ended=None)
        of_advisories = standing.filter(advisory__isnull=False, answer=Finding.Answer.AFFECTED)
        self.open = {
            row["device__vendor"]: row
            for row in of_advisories.order_by()
            .values("device__vendor")
            .annotate(count=Count("id"), exploited=Count("id", filter=Q(exploited=True)))
        }
        self.days: dict[str, list[float]] = defaultdict(list)
        ended = findings.filter(ended__isnull=False, advisory__released__isnull=False).order_by("-ended")
        for vendor, days in ended.annotate(took=F("ended") - F("advisory__released")).values_list(
            "device__vendor", "took"
        )[:ENDED_MOST]:
            self.days[vendor].append(max(days.total_seconds() / 86400, 0.0))
        seen = standing.filter(source=Finding.Source.WEAKNESS).order_by()
        self.weak: Counter[tuple[str, str]] = Counter()
        for vendor, kind, count in seen.values_list("device__vendor", "weakness").annotate(
            count=Count("device", distinct=True)
        ):
            self.weak[vendor, kind] += count
        self.papers: dict[str, list[Paper]] = defaultdict(list)
        for paper in papers():
            self.papers[maker(paper.subject.maker)[0]].append(paper)
        self.contradicted = contradictions()
        self.support: dict[str, dict[str, date]] = defaultdict(dict)
        for row in SupportEnd.objects.all():
            self.support[row.vendor][row.model] = row.ends
        self.contracts: dict[str, list[Contract]] = defaultdict(list)
        for contract in Contract.objects.all():
            self.contracts[contract.vendor].append(contract)

    def standing(self, key: str, texts: Iterable[str]) -> Standing:
        every = [row for text in texts for row in self.rows[text]]
        spelt = {row["vendor"] for row in every}
        models = tuple(self._model(key, row) for row in every)
        named = {model.name: model for model in models if model.name}
        days = [one for text in spelt for one in self.days[text]]
        held = [one for one in self.contracts[key] if in_force(one, self.today)]
        forms = {paper.id for paper in self.papers[key] if paper.kind is PaperKind.MDS2}
        past = sum(model.devices for model in models if model.is_past_support)
        unsupported = sum(self.weak[text, "os-out-of-support"] for text in spelt)
        facts = Facts(
            devices=sum(model.devices for model in models),
            models=len(named),
            open_findings=sum(self.open[text]["count"] for text in spelt if text in self.open),
            exploited_findings=sum(self.open[text]["exploited"] for text in spelt if text in self.open),
            days_to_fix=median(days) if days else None,
            models_with_form=sum(model.has_form for model in named.values()),
            models_with_list=sum(model.has_list for model in named.values()),
            contradictions=sum(len(self.contradicted.get(paper, ())) for paper in forms),
            unsupported_devices=max(past, unsupported),
            has_support_words=any(model.support_ends is not None for model in models),
            has_agreement=bool(held),
            reaches_out=any(self.weak[text, kind] for text in spelt for kind in REMOTE),
            has_remote_agreement=any(one.kind == Contract.Kind.REMOTE_ACCESS for one in held),
        )
        return Standing(
            key=key,
            name=maker(next(iter(spelt)))[1] if spelt else key,
            models=models,
            facts=facts,
            shares=score(facts),
            seen_until=max((row["seen_until"] for row in every), default=None),
        )

    def _model(self, key: str, row: dict[str, Any]) -> Model:
        ends = self.support[key].get(row["model"])
        held = {paper.kind for paper in self.papers[key] if speaks_of(paper, row["vendor"], row["model"])}
        return Model(
            name=row["model"],
            site=row["site__title"] or row["site__name"],
            devices=row["devices"],
            has_form=PaperKind.MDS2 in held,
            has_list=PaperKind.SBOM in held,
            support_ends=ends,
            is_past_support=ends is not None and ends < self.today,
        )
