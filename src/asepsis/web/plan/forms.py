"""Forms of the plan."""

from __future__ import annotations

from typing import Final

from django import forms

from asepsis.exposure.plan.tickets import STATES_LIMIT_BYTES
from asepsis.web.plan.deciding import SETTABLE


class StateForm(forms.Form):
    """How far a piece of work is."""

    state = forms.ChoiceField(label="How far is it?", choices=[(one.value, one.value.capitalize()) for one in SETTABLE])
    ticket = forms.CharField(label="Ticket in your own system", max_length=100, required=False)


class AcceptForm(forms.Form):
    """Living with a risk until a day."""

    reason = forms.CharField(
        label="Why can this risk be lived with, and what protects patients meanwhile?",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    until = forms.DateField(label="Until", widget=forms.DateInput(attrs={"type": "date"}))


class StatesForm(forms.Form):
    """A file of states from another system."""

    file = forms.FileField(label="States from your ticket system", allow_empty_file=False)

    def clean_file(self) -> object:
        """Refuses what is too large before it is read."""
        file = self.cleaned_data["file"]
        if file.size > STATES_LIMIT_BYTES:
            raise forms.ValidationError(f"The file is larger than {STATES_LIMIT_BYTES >> 20} MiB.")
        return file


PROJECT_LIMIT: Final = 20


class JiraForm(forms.Form):
    """Which project of Jira the issues are for; its keys begin with a letter."""

    project = forms.RegexField(r"[A-Z][A-Z0-9_]+", label="Project key", max_length=PROJECT_LIMIT, strip=True)
