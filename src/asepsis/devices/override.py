"""What a person says of a device: it wins over the traffic, and is shown with who said it, when and why."""

from __future__ import annotations

from typing import Any

from asepsis.kernel.time import iso_from_ns
from asepsis.kernel.value import value


@value
class Override:
    """One attribute that a person has set."""

    attribute: str
    value: str
    by: str
    at_ns: int
    note: str = ""
    """Why, in the person's own words."""

    @property
    def at(self) -> str:
        """When, in ISO 8601."""
        return iso_from_ns(self.at_ns)

    def document(self) -> dict[str, Any]:
        """The JSON member."""
        return {"attribute": self.attribute, "value": self.value, "by": self.by, "at": self.at, "note": self.note}
