"""Webhooks by the API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Field, Query, Router, Schema, Status
from pydantic import ConfigDict, WithJsonSchema

from asepsis.web.api.operations import checked, choices_of, clean, operation
from asepsis.web.api.paging import LIMIT, LIMIT_MOST, Column, page
from asepsis.web.api.problems import ProblemError
from asepsis.web.authorisation.actions import Action
from asepsis.web.webhooks import keeping
from asepsis.web.webhooks.forms import WebhookForm
from asepsis.web.webhooks.models import Delivery, Event, Webhook

State = Annotated[Delivery.State, WithJsonSchema(choices_of(Delivery.State))]

router = Router(tags=["webhooks"])

ORDER: Final = (Column(name="happened", descending=True, is_time=True), Column(name="id", descending=True))


class WebhookOut(Schema):
    """A subscription, without its secret."""

    id: UUID
    name: str
    url: str
    events: list[Event]
    is_active: bool
    stopped_because: str
    former_secret_until: datetime | None = Field(description="So long the secret before signs as well.")
    created: datetime


class MadeWebhookOut(WebhookOut):
    """A subscription and its new secret, told now and never again."""

    secret: str


class WebhookIn(Schema):
    """Where to tell what."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=100)
    url: str = Field(max_length=500)
    events: list[Event] = Field(min_length=1, max_length=len(Event))


class ChangeIn(Schema):
    """What may be changed; what is not named stays."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(None, min_length=1, max_length=100)
    url: str | None = Field(None, max_length=500)
    events: list[Event] | None = Field(None, min_length=1, max_length=len(Event))
    is_active: bool | None = None


class DeliveryOut(Schema):
    """One event for one webhook."""

    id: UUID = Field(description="The webhook-id of its message.")
    event: Event
    state: State
    happened: datetime
    attempts: int
    next_attempt: datetime | None
    answered: str
    ended: datetime | None
    body: dict[str, Any]


class DeliveryPage(Schema):
    """A part of the deliveries, newest first."""

    items: list[DeliveryOut]
    next: str | None = None


class Wanted(Schema):
    """Which deliveries."""

    state: State | None = None
    cursor: str = ""
    limit: int = Field(LIMIT, ge=1, le=LIMIT_MOST)


@operation(router, "GET", "/webhooks", Action.WEBHOOK_MANAGE, response=list[WebhookOut])
def webhooks(request: HttpRequest) -> Any:
    """The webhooks of this installation."""
    return [_shown(one) for one in Webhook.objects.all()]


@operation(
    router,
    "POST",
    "/webhooks",
    Action.WEBHOOK_MANAGE,
    response=MadeWebhookOut,
    status=201,
    example={"name": "Tickets", "url": "https://tickets.hospital.example/asepsis", "events": ["device.appeared"]},
)
def make(request: HttpRequest, wanted: WebhookIn) -> Any:
    """Subscribe; the secret is told once."""
    made = keeping.make(request, **checked(WebhookForm(wanted.model_dump(mode="json"))).cleaned_data)
    if made is None:
        raise ProblemError(409, f"there are {keeping.WEBHOOKS_LIMIT} webhooks; remove one first")
    return Status(201, {**_shown(made.webhook), "secret": made.secret})


@operation(router, "GET", "/webhooks/{webhook_id}", Action.WEBHOOK_MANAGE, response=WebhookOut)
def webhook(request: HttpRequest, webhook_id: UUID) -> Any:
    """One webhook."""
    return _shown(get_object_or_404(Webhook, pk=webhook_id))


@operation(
    router,
    "PATCH",
    "/webhooks/{webhook_id}",
    Action.WEBHOOK_MANAGE,
    response=WebhookOut,
    example={"is_active": False},
)
def change(request: HttpRequest, webhook_id: UUID, wanted: ChangeIn) -> Any:
    """Change a webhook, stop it, or let it go on."""
    found = get_object_or_404(Webhook, pk=webhook_id)
    given = wanted.model_dump(mode="json", exclude_none=True)
    clean(*(one for one in given.values() if isinstance(one, str)))
    active = given.pop("is_active", None)
    if given:
        known = {"name": found.name, "url": found.url, "events": found.events}
        form = checked(WebhookForm({**known, **given}))
        given = {name: form.cleaned_data[name] for name in given}
    if active is not None:
        given["is_active"] = active
    if given:
        keeping.change(request, found, **given)
    return _shown(found)


@operation(router, "DELETE", "/webhooks/{webhook_id}", Action.WEBHOOK_MANAGE, response=None, status=204)
def remove(request: HttpRequest, webhook_id: UUID) -> Any:
    """End a webhook and what waits for it."""
    keeping.remove(request, get_object_or_404(Webhook, pk=webhook_id))
    return Status(204, None)


@operation(router, "POST", "/webhooks/{webhook_id}/secret", Action.WEBHOOK_MANAGE, response=MadeWebhookOut)
def rotate(request: HttpRequest, webhook_id: UUID) -> Any:
    """A new secret; the one before signs as well for a day."""
    made = keeping.rotate(request, get_object_or_404(Webhook, pk=webhook_id))
    return {**_shown(made.webhook), "secret": made.secret}


@operation(router, "POST", "/webhooks/{webhook_id}/test", Action.WEBHOOK_MANAGE, response=DeliveryOut, status=202)
def try_out(request: HttpRequest, webhook_id: UUID) -> Any:
    """Send a message that says nothing."""
    return Status(202, _delivery(keeping.try_out(request, get_object_or_404(Webhook, pk=webhook_id))))


@operation(router, "GET", "/webhooks/{webhook_id}/deliveries", Action.WEBHOOK_MANAGE, response=DeliveryPage)
def deliveries(request: HttpRequest, webhook_id: UUID, wanted: Query[Wanted]) -> Any:
    """What was delivered, what waits, and what was given up."""
    rows = Delivery.objects.filter(webhook=get_object_or_404(Webhook, pk=webhook_id))
    if wanted.state is not None:
        rows = rows.filter(state=wanted.state)
    return page(rows, ORDER, cursor=wanted.cursor, limit=wanted.limit, shown=_delivery)


@operation(
    router,
    "POST",
    "/webhooks/{webhook_id}/deliveries/{delivery_id}/again",
    Action.WEBHOOK_MANAGE,
    response=DeliveryOut,
    status=202,
)
def again(request: HttpRequest, webhook_id: UUID, delivery_id: UUID) -> Any:
    """Send one delivery again."""
    return Status(202, _delivery(keeping.again(request, get_object_or_404(Webhook, pk=webhook_id), delivery_id)))


def _shown(one: Webhook) -> dict[str, Any]:
    names = ("id", "name", "url", "events", "is_active", "stopped_because", "created")
    return {**{name: getattr(one, name) for name in names}, "former_secret_until": one.former_until}


def _delivery(one: Delivery) -> dict[str, Any]:
    names = ("id", "event", "state", "happened", "attempts", "answered", "ended", "body")
    waiting = one.state == Delivery.State.WAITING
    return {**{name: getattr(one, name) for name in names}, "next_attempt": one.next_attempt if waiting else None}
