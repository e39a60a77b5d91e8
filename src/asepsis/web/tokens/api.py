"""One's own tokens by the API: seen and revoked. They are made on the page alone, by somebody who is signed in."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import Http404, HttpRequest
from django.utils import timezone
from ninja import Router, Schema

from asepsis.web.api.operations import asker, operation
from asepsis.web.authorisation.actions import Action
from asepsis.web.ledger.record import record
from asepsis.web.tokens.models import Token

router = Router(tags=["tokens"])


class TokenOut(Schema):
    """A token without its secret."""

    id: UUID
    name: str
    prefix: str
    role: str
    site: str | None
    state: str
    created: datetime
    expires: datetime
    last_used: datetime | None


@operation(router, "GET", "/tokens", Action.TOKEN_OWN, response=list[TokenOut])
def tokens(request: HttpRequest) -> Any:
    """Your tokens."""
    return [_shown(token) for token in asker(request).tokens.select_related("site")]


@operation(router, "DELETE", "/tokens/{token_id}", Action.TOKEN_OWN, response=TokenOut)
def revoke(request: HttpRequest, token_id: UUID) -> Any:
    """Revoke one of your tokens."""
    with transaction.atomic():
        token = Token.objects.select_related("site").filter(pk=token_id, person=asker(request)).first()
        if token is None:
            raise Http404
        if token.revoked is None:
            token.revoked = timezone.now()
            token.save(update_fields=["revoked"])
            what = {"revoked": token.prefix, "by": "api"}
            record(request, Action.TOKEN_OWN, subject=f"token:{token.pk}", what=what)
    return _shown(token)


def _shown(token: Token) -> dict[str, Any]:
    names = ("id", "name", "prefix", "role", "state", "created", "expires", "last_used")
    return {
        **{name: getattr(token, name) for name in names},
        "site": token.site.name if token.site is not None else None,
    }
