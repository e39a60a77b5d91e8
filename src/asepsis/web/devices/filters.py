"""What a list of devices can be narrowed by, and how many each choice would leave."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import django_filters
from django.db.models import Count, Q, QuerySet
from django.http import QueryDict

from asepsis.kernel.value import value
from asepsis.web.devices.models import Device, DeviceRecord
from asepsis.web.facilities.models import Department, Site
from asepsis.web.overview.templatetags.words import words
from asepsis.web.remembered import remembered, version

UNKNOWN: Final = "unknown"
"""In an address: of no known kind."""
NONE: Final = "none"
"""In an address: nobody said."""
VENDORS_SHOWN: Final = 60
"""Offered to choose from; others are found by the search."""
WORDS_LIMIT: Final = 8
"""Of a search; each is looked for in every row."""


class DeviceFilter(django_filters.FilterSet):
    """Search in names, addresses and attributes, and single columns. A column may be named several times."""

    q = django_filters.CharFilter(method="search", label="Search")
    category = django_filters.CharFilter(method="any_of")
    vendor = django_filters.CharFilter(method="any_of")
    site = django_filters.CharFilter(method="any_of")
    status = django_filters.CharFilter(method="any_of")
    zone = django_filters.CharFilter(method="any_of")
    criticality = django_filters.CharFilter(method="any_of")
    department = django_filters.CharFilter(method="any_of")
    medical = django_filters.BooleanFilter(field_name="medical")
    clear = django_filters.BooleanFilter(method="in_clear")
    conflicts = django_filters.BooleanFilter(method="disputed")
    since = django_filters.DateFilter(field_name="last_seen", lookup_expr="date__gte", label="Seen since")
    new_since = django_filters.DateFilter(field_name="first_seen", lookup_expr="date__gte", label="New since")

    class Meta:
        model = Device
        fields: tuple[str, ...] = ()

    def search(self, rows: QuerySet[Device], _: str, wanted: Any) -> QuerySet[Device]:
        """Rows that hold every word, in a name, an address, an attribute or what people added."""
        for word in str(wanted).lower().split()[:WORDS_LIMIT]:
            rows = rows.filter(search__contains=word)
        return rows

    def any_of(self, rows: QuerySet[Device], name: str, _: Any) -> QuerySet[Device]:
        """Rows of one of several values."""
        given = self.data.getlist(name) if isinstance(self.data, QueryDict) else [self.data[name]]
        field = FIELDS[name]
        absent = given_absent(name, given)
        kept = [one for one in given if one not in ("", UNKNOWN, NONE)]
        if name == "department":
            kept = [one for one in kept if one.isdecimal() and len(one) < 10]
        chosen = Q(**{f"{field}__in": kept})
        if absent:
            chosen |= Q(**{f"{field}__isnull": True}) if "__" in field else Q(**{field: ""})
            if name == "criticality":
                chosen |= Q(**{field: ""})
        return rows.filter(chosen)

    def in_clear(self, rows: QuerySet[Device], _: str, wanted: Any) -> QuerySet[Device]:
        """Rows with or without data of patients in clear."""
        return rows.filter(patient_messages__gt=0) if wanted else rows.filter(patient_messages=0)

    def disputed(self, rows: QuerySet[Device], _: str, wanted: Any) -> QuerySet[Device]:
        """Rows about which something is in conflict, or nothing."""
        return rows.filter(conflicts__gt=0) if wanted else rows.filter(conflicts=0)


FIELDS: Final[dict[str, str]] = {
    "category": "category",
    "vendor": "vendor",
    "site": "site__name",
    "status": "status",
    "zone": "zone",
    "criticality": "record__criticality",
    "department": "record__department",
}


def given_absent(name: str, given: list[str]) -> bool:
    """Whether rows without a value are asked for."""
    return NONE in given or (name == "category" and UNKNOWN in given)


@value
class Choice:
    """One value of a facet."""

    value: str
    words: str
    count: int
    chosen: bool


@value
class Facet:
    """One way to narrow the list."""

    name: str
    title: str
    choices: tuple[Choice, ...]
    chosen: int
    """How many of them are."""


def facets(rows: QuerySet[Device], asked: QueryDict, of: str | None = None, *, hidden: bool = False) -> list[Facet]:
    """The choices with their counts among everything that the person may list.

    Kinds, states and sites come from one pass over one index; vendors and what people added from their own. Where
    what the hospital wrote down is ``hidden``, nothing is counted by it.
    """
    kinds: Counter[str] = Counter()
    states: Counter[str] = Counter()
    sites: Counter[str] = Counter()
    names = dict(Site.objects.values_list("pk", "name"))
    plain = rows.order_by()
    of = version() if of is None else of
    by_kind = plain.values_list("category", "status", "site").annotate(count=Count("pk"))
    for category, status, site, count in remembered(by_kind, of):
        kinds[category or UNKNOWN] += count
        states[status] += count
        sites[names[site]] += count
    by_vendor = plain.values_list("vendor").annotate(count=Count("pk")).order_by("-count", "vendor")
    vendors = Counter(dict(remembered(by_vendor[:VENDORS_SHOWN], of)))
    vendors[NONE] = vendors.pop("", 0)
    found = [
        _facet("category", "Kind", kinds, asked, {UNKNOWN: "Unknown"}),
        _facet("vendor", "Vendor", vendors, asked, {name: name for name in vendors} | {NONE: "Unknown"}),
        _facet("status", "Status", states, asked, {}),
        _facet("site", "Site", sites, asked, {name: name for name in sites}),
    ]
    if not hidden:
        found += _written_down(plain, asked, of, count=sum(states.values()))
    return [facet for facet in found if len(facet.choices) > 1 or facet.chosen]


def _written_down(plain: QuerySet[Device], asked: QueryDict, of: str, *, count: int) -> list[Facet]:
    """What people added to ``count`` devices, of most of which nobody said anything: they have no record at all."""
    departments: Counter[str] = Counter()
    criticalities: Counter[str] = Counter()
    recorded = plain.filter(record__isnull=False).values_list("record__department", "record__criticality")
    for department, criticality, held in remembered(recorded.annotate(count=Count("pk")), of):
        departments[str(department) if department else NONE] += held
        criticalities[criticality or NONE] += held
    without = count - sum(criticalities.values())
    departments[NONE] += without
    criticalities[NONE] += without
    called = {str(pk): name for pk, name in Department.objects.values_list("pk", "name")}
    levels = {str(level): str(label) for level, label in DeviceRecord.Criticality.choices}
    return [
        _facet("department", "Department", departments, asked, called | {NONE: "None"}),
        _facet("criticality", "Criticality", criticalities, asked, levels | {NONE: "Not said"}),
    ]


def _facet(name: str, title: str, counts: Counter[str], asked: QueryDict, called: dict[str, str]) -> Facet:
    given = set(asked.getlist(name))
    ordered = sorted(((one, count) for one, count in counts.items() if count), key=lambda one: (-one[1], one[0]))
    # What somebody chose stays to be seen, also where nothing of it is left.
    ordered += [(one, 0) for one in sorted(given) if one and not counts[one]]
    choices = tuple(
        Choice(value=one, words=called.get(one) or words(one), count=count, chosen=one in given)
        for one, count in ordered
    )
    return Facet(name=name, title=title, choices=choices, chosen=sum(choice.chosen for choice in choices))


FLAGS: Final[dict[str, str]] = {
    "medical": "Takes part in care",
    "clear": "Patient data in clear",
    "conflicts": "In dispute",
}


@value
class Narrowed:
    """One filter that holds, with the address of the list without it."""

    words: str
    without: str


NARROWING: Final = (*FIELDS, *FLAGS, "since", "new_since", "q")


def narrowed_by(
    asked: QueryDict, shown: list[Facet], names: Iterable[str], said: Callable[[str, str], str]
) -> list[Narrowed]:
    """What a list is narrowed by now, each to be taken away by one click.

    Args:
        asked: The parameters of the address.
        shown: The choices that the page offers, with their words.
        names: The parameters that narrow this list.
        said: The words for a parameter and its value that no choice has.
    """
    called = {
        (facet.name, choice.value): f"{facet.title}: {choice.words}" for facet in shown for choice in facet.choices
    }
    found = []
    for name in names:
        for given in asked.getlist(name):
            if not given:
                continue
            rest = asked.copy()
            rest.setlist(name, [one for one in asked.getlist(name) if one != given])
            rest.pop("page", None)
            text = called.get((name, given)) or said(name, given)
            found.append(Narrowed(words=text, without=f"?{rest.urlencode()}"))
    return found


def said(name: str, given: str) -> str:
    """The words for a parameter and its value that is no choice of a list."""
    if name in FLAGS:
        return FLAGS[name] if given.lower() in ("true", "on", "1") else f"Not: {FLAGS[name].lower()}"
    titles = {"since": "Seen since", "new_since": "New since", "q": "Search", "zone": "Network"}
    return f"{titles.get(name, words(name))}: {given}"


def filters_recorded(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The filters of a list as the ledger keeps them: for good, and read by others.

    What somebody typed to search for may be the name of a patient, so that only the fact is kept; and of an address
    that somebody made up, only the names that a list knows.
    """
    known = {*DeviceFilter.base_filters, "columns", "sort"} - {"q"}
    kept = {name: one for name, one in asked.items() if name in known}
    return {**kept, **({"searched": True} if asked.get("q") else {})}
