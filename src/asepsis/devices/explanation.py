"""Why a device is called what it is called, in sentences: for each attribute what speaks for and against it.

In: a device, and what people said of it. Out: ``Explanation``, for a screen and for programs. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from asepsis.devices.agreement import agrees, contradicts
from asepsis.devices.clue import Attribute
from asepsis.devices.device import SINGLE, Device, Evidence
from asepsis.devices.inference import VENDOR_PREFIX
from asepsis.devices.override import Override
from asepsis.devices.phrases import TELLERS, Teller, is_medical, witness
from asepsis.kernel.value import value
from asepsis.knowledge.vocabulary import Category, Role

# More reasons than these do not convince anybody further; the evidence has all of them.
REASONS_LIMIT = 3
TELLERS_LIMIT = 2
_SPELT = {Attribute.OS.value: "OS", Attribute.UDI.value: "UDI"}
_CLOSED: dict[str, type[Category] | type[Role]] = {Attribute.CATEGORY.value: Category, Attribute.ROLE.value: Role}


@value
class Statement:
    """One attribute: its value or None, how sure it is, and why."""

    attribute: str
    value: str | None
    confidence: float
    because: tuple[str, ...]
    """What speaks for the value, the strongest first; clauses."""
    against: tuple[str, ...]
    """What contradicts it, or, where the value is not known, all that was said."""
    told_by: tuple[str, ...]
    """Where the value is not known: what would tell it, the likeliest first."""
    text: str
    """All of that as one sentence without a full stop."""

    def document(self) -> dict[str, Any]:
        """The JSON member."""
        return {
            "attribute": self.attribute,
            "value": self.value,
            "confidence": self.confidence,
            "because": list(self.because),
            "against": list(self.against),
            "told_by": list(self.told_by),
            "text": self.text,
        }


def explain(device: Device, overrides: Iterable[Override] = ()) -> tuple[Statement, ...]:
    """One statement for each attribute, the category first; the UDI of what is not medical is left out."""
    set_by = {override.attribute: override for override in overrides}
    spoken = {reason.protocol for reason in device.evidence}
    statements = []
    for attribute in (*SINGLE, Attribute.NAME.value):
        evidence = [reason for reason in device.evidence if reason.attribute == attribute]
        held = _held(device, attribute)
        if held is None and not evidence and not _expected(attribute, device):
            continue
        statements.append(_statement(attribute, held, device, evidence, set_by.get(attribute), spoken))
    return tuple(statements)


def _held(device: Device, attribute: str) -> str | None:
    if attribute == Attribute.NAME:
        return device.names[0] if device.names else None
    held: str | None = getattr(device, attribute)
    return held


def _expected(attribute: str, device: Device) -> bool:
    """Whether it is worth saying that an attribute is not known and nobody spoke of it."""
    if attribute in (Attribute.NAME, Attribute.ROLE):
        return False
    return attribute != Attribute.UDI or is_medical(device.category)


def _statement(
    attribute: str,
    held: str | None,
    device: Device,
    evidence: Sequence[Evidence],
    override: Override | None,
    spoken: set[str],
) -> Statement:
    confidence = device.confidence.get(attribute, 0.0)
    rivals: list[str] = []
    against: dict[str, list[Evidence]] = {}
    same: list[Evidence] = []
    wider: dict[str, list[Evidence]] = {}
    for reason in sorted(evidence, key=lambda one: (-one.weight, one.protocol)):
        said = reason.value
        if override is not None and reason.protocol.startswith("person"):
            continue
        if reason.weight < 0:
            rivals.append(f"another device claims {_quoted(attribute, said)} too ({reason.protocol})")
        elif held is None or contradicts(attribute, said, held):
            against.setdefault(said, []).append(reason)
        elif said.casefold() == held.casefold():
            same.append(reason)
        elif agrees(attribute, said, held) or agrees(attribute, held, said):
            wider.setdefault(said, []).append(reason)
        # Another role or name is true as well, and no reason for this one.
    because = [] if override is None else [_said_by(override)]
    because += _clauses(attribute, same, same=True)
    for said, reasons in wider.items():
        # A witness that says the exact word need not be heard on the wider one.
        heard = {reason.protocol for reason in same if agrees(attribute, said, reason.value)}
        because += _clauses(attribute, [one for one in reasons if one.protocol not in heard], same=False)
    disputed = [clause for reasons in against.values() for clause in _clauses(attribute, reasons, same=False)] + rivals
    because, disputed = because[:REASONS_LIMIT], list(dict.fromkeys(disputed))[:REASONS_LIMIT]
    told_by = _told_by(attribute, device, spoken) if held is None else []
    return Statement(
        attribute=attribute,
        value=held,
        confidence=confidence,
        because=tuple(because),
        against=tuple(disputed),
        told_by=tuple(told_by),
        text=_sentence(attribute, held, confidence, because, disputed, told_by),
    )


def _clauses(attribute: str, reasons: Sequence[Evidence], *, same: bool) -> list[str]:
    """What some witnesses say together, and what follows from the hardware address beside it."""
    clauses: list[str] = []
    subjects: dict[str, str] = {}
    for reason in reasons:
        if reason.protocol != VENDOR_PREFIX:
            who, verb = witness(reason.protocol)
            subjects.setdefault(who, verb)
        elif attribute == Attribute.VENDOR:
            clauses.append(f"its hardware address is registered to {reason.value}")
        else:
            clauses.append(f"its maker makes {_plural(reason.value)}")
    if subjects:
        verb = "say" if len(subjects) > 1 else next(iter(subjects.values()))
        said = "so" if same else _quoted(attribute, reasons[0].value)
        clauses.insert(0, f"{_joined(list(subjects))} {verb} {said}")
    return clauses


def _plural(category: str) -> str:
    words = category.replace("_", " ")
    if words == "storage":
        return "network storage"
    return f"{words}es" if words.endswith(("s", "ch", "x")) else f"{words}s"


def _quoted(attribute: str, text: str) -> str:
    return text.replace("_", " ") if attribute in (Attribute.CATEGORY, Attribute.ROLE) else f"“{text}”"


def _said_by(override: Override) -> str:
    when = override.at[:10]
    note = f" (“{override.note}”)" if override.note else ""
    return f"{override.by or 'somebody'} set it on {when}{note}"


def _sentence(
    attribute: str, held: str | None, confidence: float, because: list[str], against: list[str], told_by: list[str]
) -> str:
    if held is None:
        text = f"{_SPELT.get(attribute, attribute)} unknown"
        if against:
            text += f", though {_joined(against)}"
        return f"{text}: would be told by {_joined(told_by, 'or by')}" if told_by else text
    shown = _meaning(attribute, held) or f"{_SPELT.get(attribute, attribute)} {held}"
    text = f"{shown} {confidence:.2g}"
    if because:
        text += f", because {_joined(because)}"
    return f"{text}; but {_joined(against)}" if against else text


def _meaning(attribute: str, held: str) -> str:
    """What a word of a closed list means; a word that somebody set and that is none of the list stands for itself."""
    closed = _CLOSED.get(attribute)
    try:
        return "" if closed is None else closed(held).meaning.split(";", 1)[0]
    except ValueError:
        return held


def _joined(parts: Sequence[str], word: str = "and") -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {word} {parts[-1]}"


def _told_by(attribute: str, device: Device, spoken: set[str]) -> list[str]:
    """What would tell an attribute: first by what the device speaks already, then by what its kind usually speaks."""
    fitting = [
        (teller.protocol not in spoken, place, teller.text)
        for place, teller in enumerate(TELLERS.get(attribute, ()))
        if _may_tell(teller, device, spoken)
    ]
    return [text for _, _, text in sorted(fitting)[:TELLERS_LIMIT]]


def _may_tell(teller: Teller, device: Device, spoken: set[str]) -> bool:
    if teller.protocol == VENDOR_PREFIX:
        return not device.macs
    return teller.protocol in spoken or teller.group is None or device.category in teller.group
