"""The page about feeds: what is held and how old it is, what was wrong, what it changed; and the way to more."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Final

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from asepsis.kernel.errors import AsepsisError
from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.decide import may
from asepsis.web.authorisation.routes import Refused, requires
from asepsis.web.feeds import fetching
from asepsis.web.feeds.forms import DocumentsForm
from asepsis.web.feeds.standing import state_for
from asepsis.web.feeds.taking import accept
from asepsis.web.jobs.models import Job
from asepsis.web.ledger.record import record
from asepsis.web.people.models import Person
from asepsis.web.settings import CONFIGURATION, WORKSPACE

SENT_SHOWN: Final = 3
"""The last files that were sent, with what became of them."""


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
                job = accept(form.cleaned_data["file"], person=_person(request), begun=partial(record_sent, request))
            except AsepsisError as error:
                form.add_error("file", f"{error.message}. {error.hint}".rstrip(". ") + ".")
            else:
                return redirect("job", job.pk)
    now = datetime.now(UTC)
    state = state_for(request, now)
    with transaction.atomic():
        record(request, Action.FEED_VIEW, what={"page": "feeds"})
    context = {
        "form": form,
        "may_manage": allowed.allowed,
        "state": state,
        "sent": list(Job.objects.filter(kind=Job.DOCUMENTS)[:SENT_SHOWN]) if allowed.allowed else [],
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


def record_sent(request: HttpRequest, job: Job) -> None:
    """Records that somebody sent documents; what became of them, the job records."""
    # By the job, not by the name of the file: what somebody called it is not for a log that forgets nothing.
    what = {"step": "sent", "job": str(job.pk)}
    record(request, Action.FEED_MANAGE, subject="feeds", what=what)


def _person(request: HttpRequest) -> Person:
    assert isinstance(request.user, Person)  # every view here requires an action
    return request.user
