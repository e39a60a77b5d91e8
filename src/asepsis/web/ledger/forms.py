"""What the list of the ledger can be narrowed by."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.db.models import Q

from asepsis.ledger.queries import Query
from asepsis.web.devices.models import Device
from asepsis.web.people.models import Person

_TEXT_LIMIT = 200


class LedgerFilter(forms.Form):
    """Who, what, which kind, and when; all empty asks for everything."""

    person = forms.CharField(required=False, max_length=_TEXT_LIMIT, label="Person")
    device = forms.CharField(required=False, max_length=_TEXT_LIMIT, label="Device or other subject")
    kind = forms.ChoiceField(required=False, label="Act")
    since = forms.DateTimeField(required=False, label="Since (UTC)")
    before = forms.DateTimeField(required=False, label="Before (UTC)")

    def __init__(self, kinds: list[str], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        field = self.fields["kind"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "All acts"), *((kind, kind) for kind in kinds)]
        for name in ("since", "before"):
            self.fields[name].widget = forms.DateTimeInput({"type": "datetime-local"}, "%Y-%m-%dT%H:%M")

    def query(self) -> Query:
        """What is asked for; call it when the form is valid."""
        given = self.cleaned_data
        return Query(
            actor=_actor(given["person"]) if given["person"] else None,
            subject=_subject(given["device"]) if given["device"] else None,
            kind=given["kind"] or None,
            since_ns=_nanoseconds(given["since"]),
            before_ns=_nanoseconds(given["before"]),
        )


def _actor(text: str) -> str:
    """The id of somebody who is called so; what nobody is called may be an id, such as ``system:sensor``."""
    found = Person.objects.filter(Q(username__iexact=text) | Q(name__iexact=text)).first()
    return f"person:{found.pk}" if found is not None else text


def _subject(text: str) -> str:
    if ":" in text and not text.count(":") > 1:  # not a hardware address
        return text
    found = Device.objects.filter(Q(pk=text) | Q(title__iexact=text)).first()
    return f"device:{found.pk if found is not None else text}"


def _nanoseconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp()) * 1_000_000_000
