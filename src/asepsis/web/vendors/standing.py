"""How each vendor stands: what is counted and what people recorded -> facts and a score, of what a person may see."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, datetime
from typing import Final

from django.db.models import Count
from django.utils import timezone

from asepsis.exposure.paper import PaperKind
from asepsis.exposure.vendors import Facts, Share, score
from asepsis.kernel.value import value
from asepsis.web.people.models import Person
from asepsis.web.vendors.gathered import Counts, Seen, counts, kept, papers, seen_by, speaks_of
from asepsis.web.vendors.makers import maker
from asepsis.web.vendors.models import Contract, SupportEnd

MODELS_SHOWN: Final = 50


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
    texts: tuple[str, ...]
    """How its devices spell it."""
    sites: tuple[str, ...]
    """Where its devices stand."""
    facts: Facts
    shares: tuple[Share, ...]
    seen_until: datetime
    """The newest data of its devices."""
    models_count: int
    """Models and sites that they stand in."""
    reaching: int
    """Findings by which its devices reach out or are reached."""

    @property
    def score(self) -> float:
        """0 to 100, higher is better."""
        return sum(share.points for share in self.shares)

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
    seen = seen_by(person)
    recorded = _Recorded(seen, timezone.now().date())
    found = [recorded.standing(one) for one in counts(seen) if not only or one.key == only]
    return sorted(found, key=lambda one: (one.score, one.name))


def in_force(contract: Contract, today: date) -> bool:
    """Signed, begun and not ended."""
    return bool(contract.signed_by) and contract.begins <= today and (contract.ends is None or contract.ends >= today)


def models_of(person: Person, vendor: Standing, *, page: int = 1) -> list[Model]:
    """One page of a vendor's models in the sites that a person sees, those with most devices first."""
    seen = seen_by(person)
    today = timezone.now().date()
    asked = (
        seen.devices.filter(vendor__in=vendor.texts)
        .values_list("vendor", "model", "site__title", "site__name")
        .annotate(count=Count("pk"))
        .order_by("-count", "model", "site__name", "vendor")
    )
    first = (page - 1) * MODELS_SHOWN
    own = [paper for paper in papers() if maker(paper.subject.maker)[0] == vendor.key]
    ends = dict(SupportEnd.objects.filter(vendor=vendor.key).values_list("model", "ends"))
    found = []
    for text, name, title, site, devices in kept(asked[first : first + MODELS_SHOWN], seen):
        held = {paper.kind for paper in own if speaks_of(paper, text, name)}
        until = ends.get(name)
        found.append(
            Model(
                name=name,
                site=title or site,
                devices=devices,
                has_form=PaperKind.MDS2 in held,
                has_list=PaperKind.SBOM in held,
                support_ends=until,
                is_past_support=until is not None and until < today,
            )
        )
    return found


class _Recorded:
    """What people recorded of vendors: agreements and ends of support."""

    def __init__(self, seen: Seen, today: date) -> None:
        self.contracts: dict[str, list[Contract]] = defaultdict(list)
        for contract in Contract.objects.all():
            if in_force(contract, today):
                self.contracts[contract.vendor].append(contract)
        ends = {(row.vendor, row.model): row.ends for row in SupportEnd.objects.all()}
        self.past: Counter[str] = Counter()
        self.told: set[str] = set()
        if ends:
            named = sorted({model for _, model in ends})
            asked = seen.devices.filter(model__in=named).values_list("vendor", "model").annotate(count=Count("pk"))
            for text, model, devices in kept(asked, seen):
                key = maker(text)[0]
                until = ends.get((key, model))
                if until is not None:
                    self.told.add(key)
                    self.past[key] += devices if until < today else 0

    def standing(self, one: Counts) -> Standing:
        held = self.contracts[one.key]
        facts = Facts(
            devices=one.devices,
            models=one.models,
            open_findings=one.open_findings,
            exploited_findings=one.exploited_findings,
            days_to_fix=one.days_to_fix,
            models_with_form=one.models_with_form,
            models_with_list=one.models_with_list,
            contradictions=one.contradictions,
            unsupported_devices=max(self.past[one.key], one.unsupported),
            has_support_words=one.key in self.told,
            has_agreement=bool(held),
            reaches_out=one.reaching > 0,
            has_remote_agreement=any(each.kind == Contract.Kind.REMOTE_ACCESS for each in held),
        )
        return Standing(
            key=one.key,
            name=one.name,
            texts=one.texts,
            sites=one.sites,
            facts=facts,
            shares=score(facts),
            seen_until=datetime.fromisoformat(one.seen_until),
            models_count=one.rows,
            reaching=one.reaching,
        )
