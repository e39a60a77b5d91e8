"""What people know better than the traffic: which words may be set, and what a device is with them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Final

from asepsis.devices.device import SINGLE, Device, Evidence
from asepsis.knowledge.vocabulary import Category, Role
from asepsis.pipeline.registry_error import RegistryError

# What a person may set, beside the single attributes.
OVERRIDABLE: Final = (*SINGLE, "name")
_TEXT_LIMIT = 200


def overridden(device: Device, overrides: Iterable[tuple[str, str, str]]) -> Device:
    """The device with what people set: their value holds, and is named first among the evidence."""
    members = {name: getattr(device, name) for name in Device.__dataclass_fields__}
    for attribute, text, by in overrides:
        if attribute == "name":
            members["names"] = (text, *(name for name in members["names"] if name != text))
        else:
            members[attribute] = text
        members["confidence"] = {**members["confidence"], attribute: 1.0}
        said = Evidence(
            attribute=attribute, value=text, protocol=f"person {by}".rstrip(), weight=1.0, capture="", packet=0
        )
        members["evidence"] = (said, *members["evidence"])
    return Device(**members)


def check_override(attribute: str, text: str | None, *, by: str = "", note: str = "") -> None:
    """Refuses what may not be set.

    Raises:
        RegistryError: No such attribute, or a value, a note or a name that is not allowed.
    """
    if attribute not in OVERRIDABLE:
        raise RegistryError(
            f"{attribute!r} cannot be set", code="attribute-unknown", hint=f"One of: {', '.join(OVERRIDABLE)}."
        )
    if text is not None:
        _check_value(attribute, text)
        for what, words in (("a note", note), ("who says so", by)):
            _check_text(what, words, empty=True)


def _check_value(attribute: str, text: str) -> None:
    allowed: Sequence[str] = ()
    if attribute == "category":
        allowed = [category.value for category in Category]
    elif attribute == "role":
        allowed = [role.value for role in Role]
    if allowed and text not in allowed:
        near = get_close_matches(text.lower(), allowed, n=3, cutoff=0.75) or allowed
        raise RegistryError(
            f"{text!r} is no {attribute}",
            code=f"{attribute}-unknown",
            hint=f"{'Did you mean' if len(near) < 4 else 'One of'}: {', '.join(near)}.",
        )
    _check_text(attribute, text, empty=False)


def _check_text(what: str, text: str, *, empty: bool) -> None:
    if not (text.strip() or empty) or len(text) > _TEXT_LIMIT or not text.isprintable():
        raise RegistryError(
            f"{what} must be a text of 1 to {_TEXT_LIMIT} printable signs",
            code="override-text",
            hint="Take the override back to see what the traffic says.",
        )
