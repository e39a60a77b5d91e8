"""A piece of work in words that a clinical engineer understands: why, what, who, and how no patient comes to harm."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from asepsis.exposure.plan.hours import work_of
from asepsis.exposure.plan.subject import Product, Remedial
from asepsis.exposure.plan.work import Kind, Promise
from asepsis.exposure.risk.score import Tier
from asepsis.exposure.weaknesses.kinds import KINDS
from asepsis.knowledge.harm import harm_of
from asepsis.knowledge.vocabulary import MEDICAL, Category

# Publishers' words that are shown: more is read in the advisory itself.
REMEDIES_SHOWN: Final = 3
_REMEDY_OF: Final = {Kind.PATCH: ("vendor_fix",), Kind.REPLACE: ("no_fix_planned", "none_available", "vendor_fix")}
_MITIGATIONS: Final = ("mitigation", "workaround")

MAKER: Final = "maker"
MAKER_CHANGES_SOFTWARE: Final = (
    "The maker installs it, or releases it for you in writing: who makes a medical device answers for every change of "
    "its software (FDA, Cybersecurity for Networked Medical Devices Containing Off-the-Shelf Software, 2005)."
)
ONE_AT_A_TIME: Final = (
    "A life may hang on it: take one at a time, each only when it is at no patient and another stands ready, and test "
    "it before it goes back."
)


def name_of(product: Product) -> str:
    """The product as people call it: maker and model, or what it is."""
    if product.model:
        return f"{product.vendor} {product.model}".strip()
    kind = _kind(product)
    return f"{product.vendor}, model not known ({kind})" if product.vendor else f"Product not known ({kind})"


def whose(action: str, product: Product) -> str:
    """Whose work it is: software of what is no medical device is changed by the hospital's own people."""
    who = work_of(action).who
    return "information technology" if who == MAKER and product.category not in MEDICAL else who


def is_life_sustaining(product: Product) -> bool:
    """Whether a life may hang on devices of the product."""
    harm = harm_of(product.category or None)
    return harm is not None and harm.sustains_life


def remedies_for(kind: Kind, told: Sequence[Remedial]) -> tuple[Remedial, ...]:
    """The publishers' words that belong to a sort of work: first those that most devices got, each once."""
    wanted = _REMEDY_OF.get(kind, _MITIGATIONS)
    counted = Counter(one for one in told if one.category in wanted and one.words)
    order = sorted(counted, key=lambda one: (wanted.index(one.category), -counted[one], one.advisory, one.words))
    return tuple(order[:REMEDIES_SHOWN])


def explain(action: str, product: Product, promises: Sequence[Promise]) -> tuple[str, ...]:
    """Why and how: a sentence each, what it means for patients first."""
    kind = Kind(work_of(action).kind)
    words = [_meaning(product, len(promises))]
    if action in KINDS:
        words += [f"{KINDS[action].title}. {KINDS[action].care}", KINDS[action].action]
    elif action == "restrict":
        words.append(
            "Write down its partners as they were seen, look at a week of its traffic against the rule before it is "
            "put in force, and let it allow everything that care needs."
        )
    if whose(action, product) == MAKER:
        words.append(MAKER_CHANGES_SOFTWARE)
    if is_life_sustaining(product):
        words.append(ONE_AT_A_TIME)
    if kind is Kind.ACCEPT:
        words.append(
            "Nothing that is known here brings these devices lower. Somebody who answers for them decides whether to "
            "keep them in use as they are, with a reason and until a day, or to replace them."
        )
    else:
        words.append(_outcome(promises))
    return tuple(words)


def _meaning(product: Product, count: int) -> str:
    harm = harm_of(product.category or None)
    these = "This device" if count == 1 else f"Each of these {count:,} devices"
    if harm is None:
        return f"{these} does something that is not known yet; what hangs on it neither."
    return f"{these} {harm.told}."


def _outcome(promises: Sequence[Promise]) -> str:
    removed = sum((one.before - one.after for one in promises), Fraction())
    moves: Counter[tuple[Tier, Tier]] = Counter(one.tiers for one in promises if one.tiers[0] is not one.tiers[1])
    words = f"It takes away {float(removed):.1f} points of risk in all"
    if not moves:
        return f"{words}; no device comes into a lower tier by this alone."
    order = sorted(moves.items(), key=lambda pair: (-pair[1], pair[0]))
    told = ", ".join(f"{count:,} from {before} to {after}" for (before, after), count in order)
    return f"{words} and brings {told}."


def _kind(product: Product) -> str:
    if not product.category:
        return "devices of unknown kind"
    try:
        meaning = Category(product.category).meaning
        # In the middle of words; what begins with two capitals is an abbreviation.
        return meaning if meaning[1:2].isupper() else meaning[0].lower() + meaning[1:]
    except ValueError:
        return product.category.replace("_", " ")
