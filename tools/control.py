"""One security control, as ``tools.controls`` takes it out."""

from __future__ import annotations

from asepsis.kernel.value import value


@value
class Control:
    """One control: what stops what, and how it is taken out."""

    name: str
    attack: str
    control: str
    file: str
    stands: str
    """The text that is the control; it stands in the file once."""
    without: str
    """What stands there instead when it is taken out."""
    test: str
