"""What findings can be narrowed by, and how many each choice would leave."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any, Final

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.http import QueryDict

from asepsis.exposure.risk.score import TIER_FROM, Tier
from asepsis.exposure.weaknesses import KINDS
from asepsis.web.devices.filters import NONE, UNKNOWN, WORDS_LIMIT, Choice, Facet, Narrowed, narrowed_by
from asepsis.web.devices.models import Device
from asepsis.web.exposure.models import Advisory, Finding, Risk
from asepsis.web.facilities.models import Department, Site
from asepsis.web.overview.templatetags.words import words
from asepsis.web.people.models import Person
from asepsis.web.remembered import remembered

FIELDS: Final[dict[str, str]] = {
    "answer": "answer",
    "source": "source",
    "tier": "device__risk__tier",
    "category": "device__category",
    "site": "site__name",
    "weakness": "weakness",
    "advisory": "advisory",
    "device": "device",
    "department": "device__record__department",
}
"""Names in an address to columns; each may stand there several times."""
FLAGS: Final[dict[str, str]] = {
    "exploited": "Attackers use it already",
    "has_fix": "The maker has a fix",
    "medical": "Takes part in care",
    "mine": "My devices",
}
TITLES: Final = {
    "answer": "Answer",
    "source": "Found by",
    "tier": "Risk of the device",
    "category": "Kind of device",
    "site": "Site",
    "department": "Department",
}
WRITTEN_DOWN: Final = frozenset({"department", "mine", "owner", "place"})
"""Filters and columns that tell what the hospital wrote down."""
SCORE_LOSS: Final = 0.001
"""Scores are kept with three digits behind the point."""
_YES: Final = frozenset({"true", "on", "1"})


def narrowed(rows: QuerySet[Finding], asked: QueryDict, person: Person) -> QuerySet[Finding]:
    """The findings that every filter of an address leaves; what it does not know it passes over."""
    for name, field in FIELDS.items():
        given = [one for one in asked.getlist(name) if one]
        if not given:
            continue
        kept = [one for one in given if one not in (NONE, UNKNOWN)]
        if name == "department":
            kept = [one for one in kept if one.isdecimal() and len(one) < 10]
        chosen = Q(**{f"{field}__in": kept})
        if name == "source" and set(kept) & set(Finding.Source.values):
            # Said the other way round, so that no index of sources is taken: nearly all findings are of one.
            chosen = ~Q(source__in=[one for one in Finding.Source.values if one not in kept])
        if name == "tier":
            chosen = _of_tiers(kept)
        if name == "site":
            # Not by a join, for which a database would begin with the site and sort all that is there.
            chosen = Q(site__in=Site.objects.filter(name__in=kept).values("pk"))
        if name == "department" and NONE in given:
            chosen |= Q(**{f"{field}__isnull": True})
        if name == "category" and UNKNOWN in given:
            chosen |= Q(**{field: ""})
        rows = rows.filter(chosen)
    for name, field in (("exploited", "exploited"), ("has_fix", "has_fix"), ("medical", "device__medical")):
        if asked.get(name, "").lower() in _YES:
            rows = rows.filter(**{field: True})
    if asked.get("mine", "").lower() in _YES:
        rows = rows.filter(device__record__owner=person)
    for word in asked.get("q", "").lower().split()[:WORDS_LIMIT]:
        rows = rows.filter(_holds(word))
    return rows


def _of_tiers(tiers: list[str]) -> Q:
    """Findings of devices of these tiers, asked of each in the order of the list, and only where such scores stand."""
    # A tier is a range of scores; its ends are widened by what a score loses where it is kept.
    ends = [*(float(score) for score, _ in TIER_FROM), 0.0]
    begins = dict(zip((str(tier) for tier in Tier), ends, strict=True))
    within = Q(pk__in=[])
    for tier, above in zip(begins, [math.inf, *ends], strict=False):
        if tier in tiers:
            within |= Q(score__gte=begins[tier] - SCORE_LOSS) & (
                Q() if math.isinf(above) else Q(score__lt=above + SCORE_LOSS)
            )
    return within & Q(Exists(Risk.objects.filter(device=OuterRef("device"), tier__in=tiers)))


def _holds(word: str) -> Q:
    """Findings of a device, an advisory or a weakness that holds a word; asked of those tables, which are small."""
    kinds = [kind.id for kind in KINDS.values() if word in f"{kind.id} {kind.title} {kind.term}".lower()]
    return (
        Q(device__in=Device.objects.filter(search__contains=word).values("pk"))
        | Q(advisory__in=Advisory.objects.filter(search__contains=word).values("pk"))
        | Q(weakness__in=kinds)
        | Q(source__in=(Finding.Source.COMPONENT, Finding.Source.REPORT), title__icontains=word)
    )


def facets(rows: QuerySet[Finding], asked: QueryDict, of: str, *, hidden: bool) -> list[Facet]:
    """The choices with their counts among all findings that the person may see; remembered until they change."""
    counts: dict[str, Counter[str]] = {name: Counter() for name in ("answer", "source", "site", "category", "tier")}
    names = dict(Site.objects.values_list("pk", "name"))
    plain = rows.order_by()
    for source, answer, site, count in remembered(
        plain.values_list("source", "answer", "site").annotate(count=Count("pk")), of
    ):
        counts["source"][source] += count
        counts["answer"][answer] += count
        counts["site"][names.get(site, "")] += count
    by_device = plain.values_list("device__category", "device__risk__tier").annotate(count=Count("pk"))
    for category, tier, count in remembered(by_device, of):
        counts["category"][category or UNKNOWN] += count
        counts["tier"][tier or NONE] += count
    called: dict[str, dict[str, str]] = {
        "answer": dict(Finding.Answer.choices),
        "source": dict(Finding.Source.choices),
        "tier": {**dict(Risk.Tier.choices), NONE: "Not known"},
        "site": {name: name for name in names.values()},
        "category": {UNKNOWN: "Unknown"},
    }
    if not hidden:
        counts["department"] = Counter()
        called["department"] = {
            **{str(pk): name for pk, name in Department.objects.values_list("pk", "name")},
            NONE: "None",
        }
        placed = plain.exclude(device__record__department=None).values_list("device__record__department")
        for department, count in remembered(placed.annotate(count=Count("pk")), of):
            counts["department"][str(department)] += count
    found = [_facet(name, counts[name], asked, called[name]) for name in TITLES if name in counts]
    return [facet for facet in found if len(facet.choices) > 1 or facet.chosen]


def _facet(name: str, counts: Counter[str], asked: QueryDict, called: dict[str, str]) -> Facet:
    given = set(asked.getlist(name))
    if name == "tier":
        ordered = [(tier, counts[tier]) for tier in (*Risk.Tier.values, NONE) if counts[tier] or tier in given]
    else:
        ordered = sorted(((one, count) for one, count in counts.items() if count), key=lambda one: (-one[1], one[0]))
        ordered += [(one, 0) for one in sorted(given) if one and not counts[one]]
    choices = tuple(
        Choice(value=one, words=called.get(one) or words(one), count=count, chosen=one in given)
        for one, count in ordered
    )
    return Facet(name=name, title=TITLES[name], choices=choices, chosen=sum(choice.chosen for choice in choices))


def holding(asked: QueryDict, shown: list[Facet]) -> list[Narrowed]:
    """What the list is narrowed by now, each to be taken away by one click."""
    return narrowed_by(asked, shown, (*FIELDS, *FLAGS, "q"), _told)


def _told(name: str, given: str) -> str:
    if name in FLAGS:
        return FLAGS[name]
    if name == "weakness" and given in KINDS:
        return KINDS[given].title
    if name == "advisory":
        return Advisory.objects.filter(pk=given).values_list("number", flat=True).first() or given
    if name == "device":
        return Device.objects.filter(pk=given).values_list("title", flat=True).first() or given
    return f"{'Search' if name == 'q' else words(name)}: {given}"


def recorded(asked: QueryDict) -> dict[str, Any]:
    """The filters as the ledger keeps them: what somebody typed to search for may name a patient, and is not kept."""
    kept = {name: asked.getlist(name) for name in (*FIELDS, *FLAGS, "by", "sort") if asked.getlist(name)}
    return {**kept, **({"searched": True} if asked.get("q") else {})}
