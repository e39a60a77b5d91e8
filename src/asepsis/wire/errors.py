"""What can go wrong between a file or an interface and the packet engine."""

from __future__ import annotations

from asepsis.kernel.errors import AsepsisError


class CaptureError(AsepsisError):
    """A capture that cannot be opened, read or understood."""
