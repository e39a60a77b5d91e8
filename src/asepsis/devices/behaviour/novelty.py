"""Is this the behaviour of the type at all? The rule that says "unknown" where a forest would still name its nearest.

A forest knows only the types that it was shown. What it cannot see is looked at here, word by word: does the device
use words that no unit of the type has used, and does it lack words that all of them use? How much that matters is
learnt from the training profiles themselves, each compared with the others of its type: kinds of words that change
from time to time within a type (ports, times of day) weigh little, kinds that never do (the name in DHCP) weigh much.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

from asepsis.devices.behaviour.columns import hidden, kind_of
from asepsis.devices.behaviour.profile import Profile
from asepsis.kernel.value import value

# Half an observation more on both sides (Krichevsky and Trofimov, 1981): what was never seen is rare, not impossible.
_PRIOR = 0.5
# Conversations that every device has which joins a network. Who has no other has shown its system, not itself.
_JOINING = frozenset(("asks udp/67", "asks udp/68", "asks udp/547", "speaks igmp", "speaks icmp", "speaks icmpv6"))
_DOING = ("dns ", "mdns ", "ssdp ", "http ", "tls ", "says ")
# A name in DHCP with so many letters and figures is a product's (``hs110``); ``esp_#`` and the like are a chip's own.
_TELLING_SIGNS = 5
_SAID_JOINING = ("says arp ", "says dhcp ", "says dhcpv6 ", "says icmpv6 ", "says nd ", "says igmp ", "says eapol ")


@value
class Vocabulary:
    """The words of one type."""

    ever: frozenset[str]
    """Those that at least one profile has; ``columns.hidden`` where only one has it."""
    always: frozenset[str]
    """Those that all profiles have."""


@value
class Novelty:
    """What is usual, by type, and how surprising it is when something is not."""

    vocabularies: Mapping[str, Vocabulary]
    surprise: Mapping[str, float]
    """Kind of a word after ``new`` or ``gone`` to the negative logarithm of how often it happens within a type."""
    most: float
    """The surprise of something that never happened within a type."""
    limit: float
    """Above it a profile is not of the type."""

    def reasons(self, profile: Profile, type_: str) -> list[tuple[str, str, float]]:
        """(``new`` or ``gone``, a word, surprise) for each kind of word that is not as usual, the weightiest first."""
        found: dict[str, tuple[str, str, float]] = {}
        for key, change, word in _changes(profile, self.vocabularies[type_]):
            found.setdefault(key, (change, word, self.surprise.get(key, self.most)))
        return sorted(found.values(), key=lambda one: (-one[2], one[0], one[1]))

    def score(self, profile: Profile, type_: str) -> float:
        """How unlike the type the profile is. Kinds count once each: the words of one kind change together."""
        return sum(surprise for _, _, surprise in self.reasons(profile, type_))


def has_only_joined(profile: Profile) -> bool:
    """True for a device that did nothing but join the network, without a name: that is its system or chip, not it."""
    return all(_is_joining(word) for word in profile.words)


def _is_joining(word: str) -> bool:
    if word.startswith(("asks ", "serves ", "speaks ")):
        return word in _JOINING
    if word.startswith("dhcp name "):
        return sum(map(str.isalnum, word[len("dhcp name ") :])) < _TELLING_SIGNS
    return not word.startswith(_DOING) or word.startswith(_SAID_JOINING)


def vocabulary_of(profiles: Sequence[Profile]) -> Vocabulary:
    """The words of one type; a word of one profile alone is kept as its digest."""
    counts = Counter(word for profile in profiles for word in profile.words)
    return Vocabulary(
        ever=frozenset(hidden(word) if count == 1 else word for word, count in counts.items()),
        always=frozenset(word for word, count in counts.items() if count == len(profiles) and count > 1),
    )


def learn_novelty(profiles: Sequence[Profile], types: Sequence[str], *, unknown_share: float) -> Novelty:
    """Compares every profile with the others of its type.

    Args:
        profiles: At least two of each type.
        types: The type of each.
        unknown_share: Which share of known devices may be called unknown; those that have only joined count.
    """
    by_type: dict[str, list[Profile]] = defaultdict(list)
    for profile, type_ in zip(profiles, types, strict=True):
        by_type[type_].append(profile)
    keys = [_keys_without_itself(profile, by_type[type_]) for profile, type_ in zip(profiles, types, strict=True)]
    happened = Counter(key for found in keys for key in found)
    whole = len(profiles) + 2 * _PRIOR
    surprise = {key: -math.log((count + _PRIOR) / whole) for key, count in happened.items()}
    scores = sorted(
        math.inf if has_only_joined(profile) else sum(surprise[key] for key in found)
        for profile, found in zip(profiles, keys, strict=True)
    )
    # The highest limit that fewer than the share exceed, but never one that lets everything pass.
    kept = min(len(scores) - 1, math.ceil(len(scores) * (1.0 - unknown_share)) - 1)
    finite = [score for score in scores[: kept + 1] if score < math.inf]
    most = -math.log(_PRIOR / whole)
    limit = finite[-1] if finite else 0.0
    return Novelty(
        vocabularies={type_: vocabulary_of(mine) for type_, mine in sorted(by_type.items())},
        surprise=surprise,
        most=most,
        limit=limit,
    )


def _keys_without_itself(profile: Profile, fellows: Sequence[Profile]) -> frozenset[str]:
    vocabulary = vocabulary_of([other for other in fellows if other is not profile])
    return frozenset(key for key, _, _ in _changes(profile, vocabulary))


def _changes(profile: Profile, vocabulary: Vocabulary) -> Iterator[tuple[str, str, str]]:
    """(key, ``new`` or ``gone``, word) of what is not as in the vocabulary, in a fixed order."""
    said: AbstractSet[str] = profile.words.keys()
    for word in sorted(said - vocabulary.ever):
        if hidden(word) not in vocabulary.ever:
            yield f"new {kind_of(word)}", "new", word
    for word in sorted(vocabulary.always - said):
        yield f"gone {kind_of(word)}", "gone", word
