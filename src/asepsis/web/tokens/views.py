"""Pages about one's own tokens."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.routes import requires
from asepsis.web.ledger.record import record
from asepsis.web.people.models import Person, Role
from asepsis.web.tokens.forms import TokenForm
from asepsis.web.tokens.models import Token
from asepsis.web.tokens.verify import make

TOKENS_LIMIT = 50
"""Of one person; who needs more has lost sight of them."""


@never_cache
@require_http_methods(["GET", "POST"])
@requires(Action.TOKEN_OWN)
def tokens(request: HttpRequest) -> HttpResponse:
    """One's own tokens, and the form for a new one, whose secret the answer shows once."""
    person = request.user
    assert isinstance(person, Person)
    form = TokenForm(person, request.POST if request.method == "POST" else None)
    secret = ""
    if request.method == "POST" and form.is_valid():
        if person.tokens.filter(revoked=None, expires__gt=timezone.now()).count() >= TOKENS_LIMIT:
            form.add_error(None, f"You have {TOKENS_LIMIT} tokens; revoke one that is not needed first.")
        else:
            with transaction.atomic():
                made = make(
                    person,
                    name=form.cleaned_data["name"],
                    role=Role(form.cleaned_data["role"]),
                    site=form.cleaned_data["site"],
                    life=form.life(),
                )
                what = {
                    "made": made.token.prefix,
                    "role": made.token.role,
                    "site": made.token.site.name if made.token.site else "",
                    "expires": made.token.expires.isoformat(),
                }
                record(request, Action.TOKEN_OWN, subject=f"token:{made.token.pk}", what=what)
            secret = made.secret
            form = TokenForm(person)
    context = {"form": form, "secret": secret, "tokens": person.tokens.select_related("site")}
    return render(request, "tokens/tokens.html", context)


@require_POST
@requires(Action.TOKEN_OWN)
def revoke(request: HttpRequest, token_id: str) -> HttpResponse:
    """Ends one of one's own tokens at once."""
    assert isinstance(request.user, Person)
    token = get_object_or_404(Token, pk=token_id, person=request.user)
    with transaction.atomic():
        Token.objects.filter(pk=token.pk, revoked=None).update(revoked=timezone.now())
        record(request, Action.TOKEN_OWN, subject=f"token:{token.pk}", what={"revoked": token.prefix})
    messages.success(request, f"The token {token.name} is good no longer.")
    return redirect("tokens")
