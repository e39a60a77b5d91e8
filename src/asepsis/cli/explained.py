"""The document of ``asepsis device --json``: that of the list, with the explanation and what people have set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from asepsis.devices.device import Device
from asepsis.devices.explanation import explain
from asepsis.devices.override import Override


def full_document(device: Device, overrides: Sequence[Override]) -> dict[str, Any]:
    """Everything that is known of one device and why."""
    return {
        **device.document(),
        "explanation": [statement.document() for statement in explain(device, overrides)],
        "overrides": [override.document() for override in overrides],
    }
