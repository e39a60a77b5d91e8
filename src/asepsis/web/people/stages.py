"""The step of a sign-in that asks for a second factor."""

from __future__ import annotations

from allauth.mfa.stages import AuthenticateStage
from django.http import HttpRequest

from asepsis.web.people import strength
from asepsis.web.people.models import Person


class SecondFactorStage(AuthenticateStage):
    """As the library's, but for somebody for whom the hospital's provider has just vouched for two."""

    def _should_handle(self, request: HttpRequest) -> bool:
        person = self.login.user
        if isinstance(person, Person) and strength.vouched_for(request, person) >= 2:
            return False
        return bool(super()._should_handle(request))
