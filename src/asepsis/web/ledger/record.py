"""Saying what was done: one call in the view, in the same transaction as the change."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

from asepsis.web.ledger.models import OutboxRecord

REQUEST_ATTRIBUTE = "ledger_records"


def record(
    request: HttpRequest,
    action: str,
    *,
    subject: str = "",
    what: Mapping[str, Any] | None = None,
    outcome: str = "done",
) -> uuid.UUID:
    """Records an access or a change; the middleware makes it durable before the answer leaves.

    Args:
        request: Whose act it is.
        action: The action's name in the policies, such as ``device.view``.
        subject: What it was done to, as ``kind:id``, such as ``device:ab3k9...``.
        what: Facts that an auditor needs: changed fields with their old and new value, filters of a list, a reason.
            Never a patient's name or number, never a secret.
        outcome: ``done`` or ``refused``.

    Returns:
        The id of the record.
    """
    person = request.user
    row = OutboxRecord.objects.create(
        body={
            "action": action,
            "actor": str(person.pk) if person.is_authenticated else "",
            "actor_name": person.get_username() if person.is_authenticated else "",
            "subject": subject,
            "what": dict(what or {}),
            "outcome": outcome,
            "address": request.META.get("REMOTE_ADDR", ""),
        }
    )
    pending = getattr(request, REQUEST_ATTRIBUTE, [])
    setattr(request, REQUEST_ATTRIBUTE, [*pending, row.pk])
    return row.pk
