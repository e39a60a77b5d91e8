"""In which sites a person may do something."""

from __future__ import annotations

from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.decide import may
from asepsis.web.facilities.models import Site
from asepsis.web.people.models import Person


def sites_of(person: Person, action: Action) -> list[Site]:
    """The sites in the whole of which the policies allow this person the action, by name.

    A role in one department or group of devices does not reach a site.
    """
    return [site for site in Site.objects.all() if may(person, action, site).allowed]
