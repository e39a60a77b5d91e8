"""What a model says of the devices of a capture, as clues like any other: with a weight and where it was seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from asepsis.devices.behaviour.model import Facts, Model, Verdict
from asepsis.devices.behaviour.profile import Profile
from asepsis.devices.clue import Attribute, Clue, Endpoint
from asepsis.devices.observe.say import clean

PROTOCOL = "behaviour"
# Behaviour alone is never surer: chances were learnt on captures of one place, and the next is another.
MOST = 0.9


def behaviour_clues(model: Model, profiles: Sequence[Profile]) -> list[Clue]:
    """The clues, one for each (device, attribute, value); nothing of what is unknown."""
    found: dict[object, Clue] = {}
    for profile, verdict in zip(profiles, model.verdicts(profiles), strict=True):
        for clue in _clues(model, profile, verdict):
            earlier = found.get(clue.key())
            found[clue.key()] = clue if earlier is None else earlier.joined(clue)
    return list(found.values())


def _clues(model: Model, profile: Profile, verdict: Verdict) -> Iterator[Clue]:
    if not verdict.types:
        return
    facts = [model.facts[name] for name in verdict.types]
    is_mac = profile.subject.count(":") == 5
    endpoint = Endpoint(profile.subject, "") if is_mac else Endpoint("", profile.subject)
    for attribute, text in _said(facts):
        yield Clue(
            endpoint=endpoint,
            attribute=attribute,
            value=clean(text),
            protocol=PROTOCOL,
            weight=min(MOST, verdict.chance),
            sightings=1,
            first_ns=profile.first_ns,
            last_ns=profile.last_ns,
            capture=profile.capture,
            packet=profile.first_packet,
        )


def _said(facts: Sequence[Facts]) -> Iterable[tuple[Attribute, str]]:
    """What all of the types have in common; models of twins stand together (``HS100 or HS110``)."""
    categories, vendors = {one.category for one in facts}, {one.vendor for one in facts}
    models = list(dict.fromkeys(one.model for one in facts))
    if len(categories) == 1 and "" not in categories:
        yield Attribute.CATEGORY, facts[0].category
    if len(vendors) == 1 and "" not in vendors:
        yield Attribute.VENDOR, facts[0].vendor
    if all(models):
        yield Attribute.MODEL, " or ".join(models)
