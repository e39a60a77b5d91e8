"""SSDP (UPnP): what announces itself, what answers a search, what searches."""

from __future__ import annotations

from collections.abc import Hashable

from asepsis.devices.observe.say import Reader, Say
from asepsis.protocols.ssdp import Ssdp


def _ssdp(message: Ssdp) -> Hashable:
    if message.method == "M-SEARCH":
        return message.user_agent or None
    return (message.server, message.device_type or message.target)


def _explain_ssdp(message: Ssdp, say: Say) -> None:
    if message.method == "M-SEARCH":
        say.known("ssdp_servers", message.user_agent)
        return
    say.known("ssdp_servers", message.server)
    say.known("products", message.server)
    # What is offered is the device's own; what a search asks for (its ST) is somebody else's.
    for text in (message.device_type, message.target):
        say.known("ssdp_types", text)


READERS: dict[type, Reader] = {Ssdp: Reader(_ssdp, _explain_ssdp, repeated=True)}
