"""The page about feeds: what is held and how old it is, what was wrong, what it changed; and the way to more."""

from __future__ import annotations

from datetime import UTC, datetime

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from asepsis.kernel.errors import AsepsisError
from asepsis.pipeline.feeds import Update
from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.decide import may
from asepsis.web.authorisation.routes import Refused, requires
from asepsis.web.feeds import fetching
from asepsis.web.feeds.forms import DocumentsForm
from asepsis.web.feeds.standing import state_for
from asepsis.web.feeds.taking import take
from asepsis.web.ledger.record import record
from asepsis.web.settings import CONFIGURATION, WORKSPACE


@requires(Action.FEED_VIEW)
def feeds(request: HttpRequest) -> HttpResponse:
    """Every feed, what was wrong with its documents, what the last update changed, and the way to more."""
    allowed = may(request.user, Action.FEED_MANAGE)
    form = DocumentsForm(request.POST or None, request.FILES or None)
    if request.method == "POST":
        if not allowed.allowed:
            raise Refused(Action.FEED_MANAGE, allowed)
        if form.is_valid():
            try:
                update, _ = take(request, form.cleaned_data["file"])
            except AsepsisError as error:
                form.add_error("file", f"{error.message}. {error.hint}".rstrip(". ") + ".")
            else:
                (messages.success if read_any(update) else messages.error)(request, words_of(update))
                return redirect("feeds")
    now = datetime.now(UTC)
    state = state_for(request, now)
    with transaction.atomic():
        record(request, Action.FEED_VIEW, what={"page": "feeds"})
    context = {
        "form": form,
        "may_manage": allowed.allowed,
        "state": state,
        "stale": [one for one in state.sources if one.is_stale],
        "broken": sum(len(one.problems) for one in state.sources),
        "documents": sum(standing.documents for one in state.sources for _, standing, _ in one.kinds),
        "failing": [one for one in state.sources if one.attempt is not None and one.attempt.failure],
        "is_set": bool(CONFIGURATION.feeds.sources),
        "hours": CONFIGURATION.feeds.hours,
        "looking": bool(fetching.due(WORKSPACE, CONFIGURATION.feeds, int(now.timestamp() * 1e9))),
    }
    return render(request, "feeds/feeds.html", context)


@requires(Action.FEED_MANAGE)
@require_POST
def look(request: HttpRequest) -> HttpResponse:
    """Asks for a look at every source as soon as may be."""
    if ask(request):
        messages.success(request, "The publishers are being asked. Look once more in a few minutes.")
    else:
        messages.error(request, "No publisher is set: workspace.toml names them, under [feeds].")
    return redirect("feeds")


def ask(request: HttpRequest) -> bool:
    """Asks for a look and records it; False where no source is set."""
    if not CONFIGURATION.feeds.sources:
        return False
    with transaction.atomic():
        fetching.ask(WORKSPACE)
        record(request, Action.FEED_MANAGE, subject="feeds", what={"step": "look"})
    return True


def read_any(update: Update) -> bool:
    """Whether anything in what was sent was a document."""
    return bool(update.added or update.replaced or update.unchanged or update.older)


def words_of(update: Update) -> str:
    """What taking in did, in one sentence."""
    told = [f"{len(update.added)} new", f"{len(update.replaced)} renewed", f"{update.unchanged} held already"]
    if update.older:
        told.append(f"{len(update.older)} older than what is held")
    if update.unread:
        told.append(f"{len(update.unread)} not taken, see below why")
    return "Documents: " + ", ".join(told) + "."
