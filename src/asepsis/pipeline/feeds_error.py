"""What the store of feeds says when it cannot do what is asked."""

from __future__ import annotations

from asepsis.kernel.errors import AsepsisError


class FeedsError(AsepsisError):
    """The store of feeds cannot be read or written, or a folder cannot be."""
