"""A unique device identifier: the text itself, the maker by its prefix, the serial number inside."""

from __future__ import annotations

from asepsis.devices.clue import Attribute
from asepsis.devices.observe.say import Say
from asepsis.knowledge.table import find
from asepsis.protocols.udi import Udi, read_udi


def say_udi(say: Say, text: str, weight: float, udi: Udi | None = None) -> None:
    """States a UDI of the sender; devices also send plain product names where one belongs, and those tell too."""
    say.that(Attribute.UDI, text, weight)
    udi = udi or read_udi(text)
    if udi is None:
        say.known("products", text, weight)
        return
    say.that(Attribute.SERIAL, udi.serial, weight)
    say.that(Attribute.FIRMWARE, udi.software, weight)
    match = find("udi_makers", udi.device_identifier)
    if match is not None:
        say.known("udi_makers", udi.device_identifier, weight)
