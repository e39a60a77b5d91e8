"""What the store of papers says when it cannot do what is asked."""

from __future__ import annotations

from asepsis.kernel.errors import AsepsisError


class PapersError(AsepsisError):
    """The store of papers cannot be read or written, or a file is no paper."""
