"""Exit codes, and the one table that says which error ends the command with which of them."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from asepsis.kernel.errors import AsepsisError


class Exit(IntEnum):
    """How the command ends; part of the contract with scripts."""

    DONE = 0
    REFUSED_OR_FOUND = 1
    USAGE = 2
    FAILED = 3
    INTERRUPTED = 130
    """128 + SIGINT, as shells say it, when a person pressed Ctrl-C."""


EXIT_OF_ERROR: Final[dict[str, Exit]] = {
    "format-needs-file": Exit.USAGE,
    "site-name": Exit.USAGE,
    "device-unknown": Exit.REFUSED_OR_FOUND,
    "plan-item-unknown": Exit.REFUSED_OR_FOUND,
    "paper-unknown": Exit.REFUSED_OR_FOUND,
    "attribute-unknown": Exit.USAGE,
    "category-unknown": Exit.USAGE,
    "role-unknown": Exit.USAGE,
    "override-text": Exit.USAGE,
    "override-form": Exit.USAGE,
    "witness-refused": Exit.REFUSED_OR_FOUND,
    "witness-key": Exit.USAGE,
    "controls-unreadable": Exit.USAGE,
    "design-which-device": Exit.USAGE,
    "scan-unknown": Exit.REFUSED_OR_FOUND,
    "scan-approval": Exit.REFUSED_OR_FOUND,
    "scan-statement": Exit.REFUSED_OR_FOUND,
    "scan-own": Exit.REFUSED_OR_FOUND,
    "scan-time": Exit.REFUSED_OR_FOUND,
    "scan-ran": Exit.REFUSED_OR_FOUND,
    "scan-large": Exit.USAGE,
    "scan-settings": Exit.USAGE,
    "feeds-nothing-named": Exit.USAGE,
}
"""By ``AsepsisError.code``. What is not named here has failed."""


def exit_of(error: AsepsisError) -> Exit:
    """The exit code of an error that ended a verb."""
    return EXIT_OF_ERROR.get(error.code, Exit.FAILED)
