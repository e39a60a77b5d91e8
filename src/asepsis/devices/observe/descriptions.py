"""A description of a system (SNMP sysDescr, LLDP): maker, product, operating system; model and firmware by its form."""

from __future__ import annotations

from asepsis.devices.clue import Attribute
from asepsis.devices.observe.say import STATED, Say
from asepsis.knowledge.forms import read_description

_ATTRIBUTES = {"model": Attribute.MODEL, "firmware": Attribute.FIRMWARE, "serial": Attribute.SERIAL}


def say_description(say: Say, text: str) -> None:
    """States what the sender's description of itself says."""
    if not text:
        return
    say.known("system_descriptions", text)
    say.known("products", text)
    reading = read_description(text)
    if reading is None:
        return
    for field, said in reading.says:
        say.that(_ATTRIBUTES[field], said, STATED)
    form = reading.form
    if form.vendor:
        say.that(Attribute.VENDOR, form.vendor, form.weight)
    if form.category:
        say.that(Attribute.CATEGORY, form.category, form.weight)
