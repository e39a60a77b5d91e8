"""How one product of an advisory stands to one device: by its version, its unit and the numbers on its label."""

from __future__ import annotations

from typing import Final

from asepsis.exposure.advisory import HARMED
from asepsis.exposure.identity import Identity
from asepsis.exposure.matching.names import Likeness
from asepsis.exposure.matching.numbers import Fit, Numbers
from asepsis.exposure.matching.ranges import Answer, Placing, place
from asepsis.exposure.matching.shelf import Leaf
from asepsis.exposure.matching.version import Version
from asepsis.kernel.value import value

SURE: Final = frozenset((Likeness.SAME, Likeness.EXACT, Likeness.VERBATIM, Likeness.NUMBER, Likeness.UDI))
"""The device is this product."""


@value
class Held:
    """How one leaf stands to one identity."""

    leaf: Leaf
    placing: Placing
    tells: str
    by_unit: bool = False
    """The device's serial number decided."""
    in_doubt: bool = False
    """It cannot be told whether the device is one of those that are meant, whatever its version."""


def hold(identity: Identity, shown: Version | None, leaf: Leaf, found: Likeness, named: bool) -> Held | None:
    """How a leaf stands to an identity; None where there is nothing to say of it.

    Args:
        identity: The device.
        shown: Its version; None where it is not known.
        leaf: The product.
        found: How their names or numbers stand to each other.
        named: The version branch holds a model number, and it is the device's.
    """
    named_unit = leaf.serials is not None and leaf.serials.names(identity.serial)
    if found in SURE or named_unit:
        if named:
            why = f"the model {identity.model} is the one that the advisory names"
            held = Held(leaf=leaf, placing=Placing(answer=Answer.YES, why=why), tells="")
        else:
            held = _held(identity, shown, leaf)
        if found is Likeness.NUMBER:
            held = _because(held, f"the advisory lists the model number of {identity.model}")
        elif found is Likeness.UDI:
            held = _because(held, f"it names the UDI-DI of the device, {identity.udi}")
        elif leaf.models is not None:
            held = _unless_other(identity, held, leaf.models)
        return held if leaf.serials is None else _of_unit(identity, held, leaf.serials)
    unit = Fit.MAYBE if leaf.serials is None or not identity.serial else leaf.serials.serial(identity.serial)
    held = _held(identity, shown, leaf)
    if held.placing.answer is Answer.NO or unit is Fit.NO:
        # Another product, a version outside or another unit: in any case there is nothing to ask.
        return None
    if found is Likeness.START:
        why = f"the device calls itself {identity.model}, which begins with a model number that the advisory lists"
    else:
        than = "less than" if found is Likeness.LESS else "more than"
        why = f"the device calls itself {identity.model}, which says {than} {leaf.name.text}"
    placing = Placing(answer=Answer.CANNOT_TELL, why=why)
    return Held(
        leaf=leaf,
        placing=placing,
        tells=f"whether the device is this product: {leaf.name.text}",
        in_doubt=found is Likeness.START,
    )


def _held(identity: Identity, shown: Version | None, leaf: Leaf) -> Held:
    placing, tells = _place(identity, shown, leaf)
    if placing.answer is Answer.CANNOT_TELL and leaf.product.hashes:
        tells = f"{tells}, or the digest of its firmware file, which the advisory lists"
    return Held(leaf=leaf, placing=placing, tells=tells)


def _because(held: Held, why: str) -> Held:
    placing = Placing(answer=held.placing.answer, why=f"{why}; {held.placing.why}")
    return Held(leaf=held.leaf, placing=placing, tells=held.tells)


def _unless_other(identity: Identity, held: Held, models: Numbers) -> Held:
    """A number of the same form that is not listed puts the product in doubt; nobody is safe by it alone."""
    if held.placing.answer is Answer.NO:
        return held
    other = models.other(identity.model, held.leaf.name.text)
    if not other:
        return held
    listed = _some(models)
    why = f"the device bears the name, but its number {other.upper()} is none that the advisory lists ({listed})"
    placing = Placing(answer=Answer.CANNOT_TELL, why=why)
    return Held(
        leaf=held.leaf,
        placing=placing,
        tells=f"the model number on the device's label (listed: {listed})",
        in_doubt=True,
    )


def _of_unit(identity: Identity, held: Held, serials: Numbers) -> Held:
    """Only units with these serial numbers are meant (CSAF 2.0, 3.1.3.3.6)."""
    if held.placing.answer is Answer.NO:
        return held
    fit = serials.serial(identity.serial) if identity.serial else Fit.MAYBE
    if fit is Fit.NO:
        why = f"the advisory is about units with other serial numbers than {identity.serial} ({_some(serials)})"
        return Held(leaf=held.leaf, placing=Placing(answer=Answer.NO, why=why), tells="", by_unit=True)
    if fit is Fit.YES:
        # A publisher that lists the very unit as harmed is believed without the version. To clear it takes both.
        harmed = all(status in HARMED for _, status in held.leaf.status)
        if held.placing.answer is Answer.CANNOT_TELL and not harmed:
            return held
        why = f"the advisory lists the serial number {identity.serial}"
        return Held(leaf=held.leaf, placing=Placing(answer=Answer.YES, why=why), tells="", by_unit=True)
    if identity.serial:
        why = f"the serial number {identity.serial} may be one of those that the advisory lists ({_some(serials)})"
    else:
        why = f"the advisory is about units with certain serial numbers ({_some(serials)})"
    placing = Placing(answer=Answer.CANNOT_TELL, why=why)
    tells = f"{held.tells}; and the serial number" if held.tells else "the serial number"
    return Held(leaf=held.leaf, placing=placing, tells=f"{tells} (listed: {_some(serials)})", in_doubt=True)


def _some(listed: Numbers) -> str:
    shown = ", ".join(listed.texts)
    return shown if listed.is_whole and len(listed.listed) <= len(listed.texts) else f"{shown} ..."


def _place(identity: Identity, shown: Version | None, leaf: Leaf) -> tuple[Placing, str]:
    first = place(shown, leaf.first)
    if leaf.second is not None:
        second = place(shown, leaf.second)
        if second.answer is not first.answer:
            why = f"the advisory says {leaf.first.words or 'all versions'} and also {leaf.second.words}"
            return Placing(answer=Answer.CANNOT_TELL, why=why), "which of its two texts the publisher means"
    if first.answer is not Answer.CANNOT_TELL:
        return first, ""
    if leaf.first.unread:
        return first, f"whether this holds of the device: {leaf.first.words}"
    if not identity.version:
        return first, f"the version that the device runs (the advisory: {leaf.first.words})"
    return first, f"the version in the maker's own form, as in {leaf.first.words}"
