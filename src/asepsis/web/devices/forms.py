"""What people may write on a device's page."""

from __future__ import annotations

from typing import Any, Final

from django import forms

from asepsis.devices.device import SINGLE
from asepsis.knowledge.vocabulary import Category, Role
from asepsis.web.devices.documents import LARGEST_BYTES, refusal
from asepsis.web.devices.models import DeviceRecord, Note
from asepsis.web.facilities.models import Department, Site
from asepsis.web.overview.templatetags.words import words
from asepsis.web.people.models import Person

OVERRIDABLE: Final = ("name", *SINGLE)


class RecordForm(forms.ModelForm[DeviceRecord]):
    """Owner, place and the like. Departments are those of the device's own site."""

    class Meta:
        model = DeviceRecord
        fields = ("department", "owner", "place", "criticality", "asset_number")

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["department"].queryset = Department.objects.filter(site=site)  # type: ignore[attr-defined] # a model choice field
        self.fields["owner"].queryset = Person.objects.filter(is_active=True)  # type: ignore[attr-defined] # the same


class OverrideForm(forms.Form):
    """One attribute that somebody knows better. The registry checks the value."""

    attribute = forms.ChoiceField(choices=[(name, words(name)) for name in OVERRIDABLE])
    value = forms.CharField(
        max_length=200,
        required=False,
        help_text="Empty: back to what the traffic says.",
        widget=forms.TextInput(attrs={"list": "known-words"}),
    )
    note = forms.CharField(max_length=200, required=False, label="Why", help_text="Such as: label on the device.")

    known_words: Final = sorted({category.value for category in Category} | {role.value for role in Role})


class NoteForm(forms.ModelForm[Note]):
    """A remark."""

    class Meta:
        model = Note
        fields = ("text",)
        widgets = {"text": forms.Textarea(attrs={"rows": 3})}
        labels = {"text": "Note"}
        help_texts = {"text": "Never a patient's name or number."}


class DocumentForm(forms.Form):
    """A file that belongs to the device."""

    file = forms.FileField(
        max_length=200, help_text=f"PDF, PNG, JPEG, text or CSV, up to {LARGEST_BYTES >> 20} MiB.", label="Document"
    )

    def clean_file(self) -> Any:
        """Refuses what is too large or is not what its first bytes say."""
        file = self.cleaned_data["file"]
        reason = refusal(file)
        if reason:
            raise forms.ValidationError(reason)
        return file
