"""Whether who asks has broken the glass: emergency access goes on when the ledger cannot be written."""

from __future__ import annotations

from django.db import DatabaseError
from django.http import HttpRequest
from django.utils import timezone

from asepsis.web.authorisation.models import BreakGlassUse


def has_broken_glass(request: HttpRequest) -> bool:
    """Whether this person has a break-glass use that is open now. Where it cannot be known, the answer is no."""
    person = getattr(request, "user", None)
    if person is None or not person.is_authenticated:
        return False
    try:
        return BreakGlassUse.objects.filter(person_id=person.pk, ended=None, until__gt=timezone.now()).exists()
    except DatabaseError:
        return False
