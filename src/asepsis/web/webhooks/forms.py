"""What a person says of a webhook."""

from __future__ import annotations

from typing import Final

from django import forms

from asepsis.kernel.errors import AsepsisError
from asepsis.web.settings import CONFIGURATION
from asepsis.web.webhooks.destinations import URL_LIMIT, addresses, read
from asepsis.web.webhooks.models import Event

OFFERED: Final = [(one.value, one.label) for one in Event if one is not Event.TEST]


class WebhookForm(forms.Form):
    """Name, address and events."""

    name = forms.CharField(max_length=100, label="What it is for")
    url = forms.CharField(max_length=URL_LIMIT, label="Address", help_text="https://, of a program that takes POST.")
    events = forms.MultipleChoiceField(choices=OFFERED, label="Tell it", widget=forms.CheckboxSelectMultiple)

    def clean_url(self) -> str:
        """Refuses where webhooks do not go, while somebody is there to read why."""
        url: str = self.cleaned_data["url"]
        try:
            addresses(read(url), CONFIGURATION.webhooks.networks)
        except AsepsisError as error:
            raise forms.ValidationError(f"{error.message}. {error.hint}") from error
        return url
