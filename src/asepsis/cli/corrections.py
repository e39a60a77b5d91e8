"""What a person says of a device on the command line: ``--set category=ct``, ``--clear category``."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from typing import TYPE_CHECKING

from asepsis.kernel.errors import AsepsisError

if TYPE_CHECKING:
    from asepsis.pipeline.registry import Registry

EVERYTHING = "all"


def correct(
    registry: Registry, device_id: str, settings: Sequence[str], cleared: Sequence[str], *, by: str | None, note: str
) -> None:
    """Sets and takes back what the options say; nothing is changed when one of them cannot be read.

    Args:
        registry: Where it is kept.
        device_id: The device's id.
        settings: ``attribute=value``.
        cleared: Attributes, or ``all``.
        by: Who says so; the account's name when it is None.
        note: Why.

    Raises:
        AsepsisError: A setting that is not of the form, or that the registry refuses.
    """
    pairs = [_pair(setting) for setting in settings]
    for attribute, text in pairs:
        registry.check_override(attribute, text, note=note)
    who = _account() if by is None else by
    for attribute in cleared:
        if attribute == EVERYTHING:
            for override in registry.overrides(device_id):
                registry.override(device_id, override.attribute, None, who)
        else:
            registry.override(device_id, attribute, None, who)
    for attribute, text in pairs:
        registry.override(device_id, attribute, text, who, note=note)


def _pair(setting: str) -> tuple[str, str]:
    attribute, equals, text = setting.partition("=")
    if not equals:
        raise AsepsisError(
            f"--set {setting} names no value",
            code="override-form",
            hint='Write an attribute, an equals sign and the value: --set category=infusion_pump --set model="X 2".',
        )
    return attribute.strip().lower(), text.strip()


def _account() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # an account without a name, as in some containers
        return ""
