"""Says that something happened: a row for each webhook that wants to know, in the transaction of what happened."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from asepsis.web.webhooks.models import Delivery, Event, Webhook

# A message that names more than this is cut; how many there were is said, and the API has them all.
NAMED_LIMIT: Final = 100
# Of one webhook: a receiver that is away for days must not fill the database.
WAITING_LIMIT: Final = 10_000


def announce(event: Event, data: dict[str, Any]) -> int:
    """Puts an event into the outbox of every active webhook that wants it.

    Args:
        event: What happened.
        data: Ids and words of ours alone: never a name that people or traffic gave, never anything of a patient.

    Returns:
        How many webhooks will be told.
    """
    wanting = [one for one in Webhook.objects.filter(is_active=True) if event.value in one.events]
    if not wanting:
        return 0
    with transaction.atomic():
        return len([put(one, event, data) for one in wanting])


def announce_devices(event: Event, devices: Sequence[dict[str, str]]) -> int:
    """As ``announce``, for devices: the first of them by name, and how many there are."""
    if not devices:
        return 0
    return announce(event, {"devices": list(devices[:NAMED_LIMIT]), "count": len(devices)})


def put(webhook: Webhook, event: Event, data: dict[str, Any]) -> Delivery:
    """One event for one webhook."""
    now = timezone.now()
    full = Delivery.objects.filter(webhook=webhook, state=Delivery.State.WAITING).count() >= WAITING_LIMIT
    body = {"type": event.value, "timestamp": now.astimezone(UTC).isoformat().replace("+00:00", "Z"), "data": data}
    return Delivery.objects.create(
        id=uuid.uuid4(),
        webhook=webhook,
        event=event,
        body=body,
        happened=now,
        since=now,
        next_attempt=now,
        state=Delivery.State.DEAD if full else Delivery.State.WAITING,
        answered="too many wait already" if full else "",
        ended=now if full else None,
    )
