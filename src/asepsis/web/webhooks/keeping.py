"""What may be done to webhooks, each with its record in one transaction; the pages and the API do it alike."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from django.db import transaction
from django.http import Http404, HttpRequest
from django.utils import timezone

from asepsis.kernel.value import value
from asepsis.web.authorisation.actions import Action
from asepsis.web.ledger.record import record
from asepsis.web.people.models import Person
from asepsis.web.people.sealing import seal
from asepsis.web.webhooks.announcing import put
from asepsis.web.webhooks.models import Delivery, Event, Webhook
from asepsis.web.webhooks.signing import new_secret

WEBHOOKS_LIMIT: Final = 50
"""Of an installation; each is told everything that it asked for."""
CHANGE_OVER: Final = timedelta(hours=24)
"""So long the former secret signs as well."""


@value
class Made:
    """A webhook and a new secret of it, which is told now and never again."""

    webhook: Webhook
    secret: str


def make(request: HttpRequest, *, name: str, url: str, events: Sequence[str]) -> Made | None:
    """A new webhook; None where there are too many."""
    assert isinstance(request.user, Person)
    secret = new_secret()
    with transaction.atomic():
        if Webhook.objects.count() >= WEBHOOKS_LIMIT:
            return None
        made = Webhook.objects.create(
            name=name, url=url, events=sorted(set(events)), secret=seal(secret), made_by=request.user
        )
        _record(request, made, {"made": True, "name": name, "url": url, "events": made.events})
    return Made(webhook=made, secret=secret)


def change(request: HttpRequest, webhook: Webhook, **changed: Any) -> None:
    """Changes name, address, events or whether it is active; the ledger keeps the old and the new."""
    told = {name: [str(getattr(webhook, name)), str(new)] for name, new in changed.items()}
    with transaction.atomic():
        for name, new in changed.items():
            setattr(webhook, name, new)
        if changed.get("is_active"):
            webhook.stopped_because = ""
        webhook.save(update_fields=[*changed, "stopped_because"])
        _record(request, webhook, {"changed": told})


def rotate(request: HttpRequest, webhook: Webhook) -> Made:
    """A new secret; the one before signs as well for a day."""
    secret = new_secret()
    with transaction.atomic():
        webhook.former_secret, webhook.former_until = webhook.secret, timezone.now() + CHANGE_OVER
        webhook.secret = seal(secret)
        webhook.save(update_fields=["secret", "former_secret", "former_until"])
        _record(request, webhook, {"secret": "changed"})
    return Made(webhook=webhook, secret=secret)


def remove(request: HttpRequest, webhook: Webhook) -> None:
    """Ends a webhook and what waits for it."""
    with transaction.atomic():
        _record(request, webhook, {"removed": True, "name": webhook.name, "url": webhook.url})
        webhook.delete()


def try_out(request: HttpRequest, webhook: Webhook) -> Delivery:
    """Sends a message that says nothing."""
    with transaction.atomic():
        made = put(webhook, Event.TEST, {"webhook": str(webhook.pk)})
        _record(request, webhook, {"test": str(made.pk)})
    return made


def again(request: HttpRequest, webhook: Webhook, delivery_id: Any) -> Delivery:
    """Sends a delivery again, whatever became of it; its id stays the same.

    Raises:
        Http404: The webhook has no such delivery.
    """
    now = timezone.now()
    with transaction.atomic():
        fresh = Delivery.objects.filter(pk=delivery_id, webhook=webhook).update(
            state=Delivery.State.WAITING, attempts=0, since=now, next_attempt=now, ended=None
        )
        if not fresh:
            raise Http404
        _record(request, webhook, {"again": str(delivery_id)})
    return Delivery.objects.get(pk=delivery_id)


def _record(request: HttpRequest, webhook: Webhook, what: dict[str, Any]) -> None:
    record(request, Action.WEBHOOK_MANAGE, subject=f"webhook:{webhook.pk}", what=what)
