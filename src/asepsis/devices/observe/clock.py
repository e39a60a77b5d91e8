"""NTP: who gives the time, and what servers tell of their system."""

from __future__ import annotations

from collections.abc import Hashable

from asepsis.devices.clue import Attribute
from asepsis.devices.observe.say import Reader, Say
from asepsis.knowledge.vocabulary import Role
from asepsis.protocols.ntp import Ntp, NtpControl

# RFC 5905 figure 11: 0 is unspecified, 16 not synchronised.
_UNSYNCHRONISED = (0, 16)
_WEIGHT = 0.6


def _ntp(message: Ntp) -> Hashable:
    return "serves" if message.sender_is_server and message.stratum not in _UNSYNCHRONISED else None


def _explain_ntp(message: Ntp, say: Say) -> None:
    say.that(Attribute.ROLE, Role.NTP_SERVER, _WEIGHT)


def _control(message: NtpControl) -> Hashable:
    return (message.system, message.software) if message.system or message.software else None


def _explain_control(message: NtpControl, say: Say) -> None:
    say.that(Attribute.ROLE, Role.NTP_SERVER, _WEIGHT)
    # ``system`` is what uname says: "Linux/5.10.0", or a product's own name.
    say.known("system_descriptions", message.system.replace("/", " "))
    say.known("products", message.system)


READERS: dict[type, Reader] = {
    Ntp: Reader(_ntp, _explain_ntp, repeated=True),
    NtpControl: Reader(_control, _explain_control, repeated=True),
}
