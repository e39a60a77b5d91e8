"""Pages about webhooks: which there are, one with what was delivered, and what can be done about it."""

from __future__ import annotations

from typing import Final

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.routes import requires
from asepsis.web.webhooks import keeping
from asepsis.web.webhooks.forms import OFFERED, WebhookForm
from asepsis.web.webhooks.models import Delivery, Event, Webhook

PER_PAGE: Final = 50


@never_cache
@require_http_methods(["GET", "POST"])
@requires(Action.WEBHOOK_MANAGE)
def webhooks(request: HttpRequest) -> HttpResponse:
    """The webhooks, and the form for a new one, whose secret the answer shows once."""
    form = WebhookForm(request.POST if request.method == "POST" else None)
    secret = ""
    if request.method == "POST" and form.is_valid():
        made = keeping.make(request, **form.cleaned_data)
        if made is None:
            form.add_error(None, f"There are {keeping.WEBHOOKS_LIMIT} webhooks; remove one first.")
        else:
            secret, form = made.secret, WebhookForm()
    rows = Webhook.objects.annotate(
        waiting=Count("deliveries", filter=Q(deliveries__state=Delivery.State.WAITING)),
        dead=Count("deliveries", filter=Q(deliveries__state=Delivery.State.DEAD)),
    )
    return render(request, "webhooks/webhooks.html", {"form": form, "secret": secret, "webhooks": rows})


@never_cache
@require_http_methods(["GET", "POST"])
@requires(Action.WEBHOOK_MANAGE)
def webhook(request: HttpRequest, webhook_id: str) -> HttpResponse:
    """One webhook: its settings, and what was delivered."""
    shown = get_object_or_404(Webhook, pk=webhook_id)
    initial = {"name": shown.name, "url": shown.url, "events": shown.events}
    form = WebhookForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        keeping.change(request, shown, **form.cleaned_data)
        messages.success(request, "Saved.")
        return redirect("webhook", shown.pk)
    return _page(request, shown, form)


@never_cache
@require_POST
@requires(Action.WEBHOOK_MANAGE)
def rotate(request: HttpRequest, webhook_id: str) -> HttpResponse:
    """A new secret, shown once; the former one is good for a day more."""
    shown = get_object_or_404(Webhook, pk=webhook_id)
    made = keeping.rotate(request, shown)
    form = WebhookForm(initial={"name": shown.name, "url": shown.url, "events": shown.events})
    return _page(request, shown, form, secret=made.secret)


@require_POST
@requires(Action.WEBHOOK_MANAGE)
def act(request: HttpRequest, webhook_id: str) -> HttpResponse:
    """Tries it out, stops it, lets it go on, or removes it."""
    shown = get_object_or_404(Webhook, pk=webhook_id)
    if "test" in request.POST:
        keeping.try_out(request, shown)
        messages.success(request, "A message that says nothing is on its way.")
    elif "active" in request.POST:
        keeping.change(request, shown, is_active=request.POST["active"] == "yes")
    elif "remove" in request.POST:
        keeping.remove(request, shown)
        messages.success(request, f"{shown.name} is told nothing more.")
        return redirect("webhooks")
    return redirect("webhook", shown.pk)


@require_POST
@requires(Action.WEBHOOK_MANAGE)
def again(request: HttpRequest, webhook_id: str, delivery_id: str) -> HttpResponse:
    """Sends one delivery again."""
    shown = get_object_or_404(Webhook, pk=webhook_id)
    keeping.again(request, shown, delivery_id)
    messages.success(request, "It is on its way again.")
    return redirect("webhook", shown.pk)


def _page(request: HttpRequest, shown: Webhook, form: WebhookForm, *, secret: str = "") -> HttpResponse:
    page = Paginator(shown.deliveries.all(), PER_PAGE).get_page(request.GET.get("page"))
    names = {**dict(OFFERED), Event.TEST.value: Event.TEST.label}
    told = [names[event] for event in shown.events]
    context = {"webhook": shown, "form": form, "secret": secret, "page": page, "told": told}
    return render(request, "webhooks/webhook.html", context)
