"""The web half of a verb, which an installation of the engine alone does not have."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from asepsis.kernel.errors import AsepsisError


@contextmanager
def web_half(instead: str = "") -> Iterator[None]:
    """What is imported within belongs to the web half.

    Args:
        instead: What does without it, for the hint.

    Raises:
        AsepsisError: It is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise AsepsisError(
            f"the web half is not installed: {error.name} is missing",
            code="web-missing",
            hint=f"Install it: pip install 'asepsis[web]'{instead}",
        ) from error
