"""What a person says of a new token."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django import forms
from django.db.models import Q
from django.utils import timezone

from asepsis.web.authorisation.actions import Action
from asepsis.web.facilities.models import Site
from asepsis.web.facilities.reach import sites_of
from asepsis.web.people.models import Person, Role

LIVES: Final = ((30, "30 days"), (90, "90 days"), (365, "a year"), (1, "a day"))


class TokenForm(forms.Form):
    """Name, role, place and life of a token; roles and places are those of the person."""

    name = forms.CharField(max_length=100, label="What it is for")
    role = forms.ChoiceField(label="Role")
    site = forms.ModelChoiceField(
        Site.objects.none(), required=False, label="Site", empty_label="Wherever I have the role"
    )
    days = forms.TypedChoiceField(choices=LIVES, coerce=int, label="Good for")

    def __init__(self, person: Person, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        roles = own_roles(person)
        role = self.fields["role"]
        assert isinstance(role, forms.ChoiceField)
        role.choices = [(name, label) for name, label in Role.choices if name in roles]
        site = self.fields["site"]
        assert isinstance(site, forms.ModelChoiceField)
        site.queryset = Site.objects.filter(pk__in=[one.pk for one in sites_of(person, Action.DEVICE_LIST)])

    def life(self) -> timedelta:
        """For how long."""
        return timedelta(days=self.cleaned_data["days"])


def own_roles(person: Person) -> set[str]:
    """The roles that a person has now, anywhere."""
    good = Q(expires__isnull=True) | Q(expires__gt=timezone.now())
    return set(person.grants.filter(good).values_list("role", flat=True))
