"""What matching needs to know of a device, and the evidence for it."""

from __future__ import annotations

from asepsis.devices.device import Device, Evidence
from asepsis.kernel.value import value


@value
class Identity:
    """Who made a device, which model, version and unit it is; what is not known is empty."""

    vendor: str
    model: str
    version: str
    os: str = ""
    serial: str = ""
    udi: str = ""


def identity_of(device: Device) -> Identity:
    """The identity of a device of the registry."""
    return Identity(
        vendor=device.vendor or "",
        model=device.model or "",
        version=device.firmware or "",
        os=device.os or "",
        serial=device.serial or "",
        udi=device.udi or "",
    )


def evidence_for(device: Device, attribute: str) -> Evidence | None:
    """The strongest evidence for the value that is shown, None where no packet and no person said it."""
    shown = getattr(device, attribute)
    return next(
        (one for one in device.evidence if one.attribute == attribute and one.value == shown and one.weight > 0), None
    )
