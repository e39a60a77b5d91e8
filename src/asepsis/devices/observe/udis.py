"""A unique device identifier: the text itself, the maker by its prefix, the serial number inside."""

from __future__ import annotations

from asepsis.devices.clue import Attribute
from asepsis.devices.observe.say import Say
from asepsis.protocols.udi import Udi, read_udi


def say_udi(say: Say, text: str, weight: float, udi: Udi | None = None) -> None:
    """States a UDI of the sender.

    Args:
        say: Where to.
        text: The field where a UDI belongs. Devices also send plain product names there, and those tell too.
        weight: How far the field is believed.
        udi: The UDI, where it stood in another field than ``text``.
    """
    inside = read_udi(text)
    if inside is None and udi is not None:
        say.known("products", text, weight)
        text, inside = udi.device_identifier, udi
    if inside is None:
        say.known("products", text, weight)
        # No agency's UDI has a blank in it or no digit: such a text is a name that somebody wrote where a UDI belongs.
        if " " not in text and any(sign.isdigit() for sign in text):
            say.that(Attribute.UDI, text, weight)
        return
    say.that(Attribute.UDI, text, weight)
    say.that(Attribute.SERIAL, inside.serial, weight)
    say.that(Attribute.FIRMWARE, inside.software, weight)
    say.known("udi_makers", inside.device_identifier, weight)
