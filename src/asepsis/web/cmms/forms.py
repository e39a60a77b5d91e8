"""Forms of the import."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django import forms

from asepsis.devices.asset import Field, proposed_mapping
from asepsis.web.facilities.models import Site

FILE_LIMIT: Final = 50 * 1024 * 1024
"""A list of 200,000 devices with twelve columns has about 40 MB."""

_WORDS: Final[dict[Field, str]] = {
    Field.ASSET_NUMBER: "Asset number",
    Field.NAME: "Name on the network",
    Field.VENDOR: "Vendor",
    Field.MODEL: "Model",
    Field.SERIAL: "Serial number",
    Field.MAC: "Hardware (MAC) address",
    Field.IP: "IP address",
    Field.CATEGORY: "Kind of device",
    Field.DEPARTMENT: "Department",
    Field.PLACE: "Place",
    Field.OWNER: "Owner",
    Field.CRITICALITY: "Criticality",
}


class UploadForm(forms.Form):
    """The file and the site that it lists."""

    site = forms.ModelChoiceField(queryset=Site.objects.none(), empty_label=None)
    file = forms.FileField(label="List as CSV", allow_empty_file=False)

    def __init__(self, sites: Sequence[Site], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen = self.fields["site"]
        assert isinstance(chosen, forms.ModelChoiceField)
        chosen.queryset = Site.objects.filter(pk__in=[site.pk for site in sites])

    def clean_file(self) -> Any:
        """Refuses what is too large to be a list, before it is read."""
        file = self.cleaned_data["file"]
        if file.size > FILE_LIMIT:
            raise forms.ValidationError(f"The file has {file.size >> 20} MiB; at most {FILE_LIMIT >> 20} are read.")
        return file


class MappingForm(forms.Form):
    """What each column means: one choice a heading."""

    def __init__(self, headings: Sequence[str], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.headings = tuple(headings)
        guessed = proposed_mapping(headings)
        choices = [("", "leave out"), *((field.value, _WORDS[field]) for field in Field)]
        for number, heading in enumerate(self.headings):
            if heading:
                self.fields[f"column{number}"] = forms.ChoiceField(
                    label=heading, choices=choices, required=False, initial=guessed.get(heading, "")
                )

    def clean(self) -> dict[str, Any]:
        """Refuses two columns with one meaning."""
        chosen = [meaning for meaning in self.cleaned_data.values() if meaning]
        if len(set(chosen)) < len(chosen):
            raise forms.ValidationError("Two columns are mapped to the same meaning.")
        if not chosen:
            raise forms.ValidationError("Say of at least one column what it means.")
        return self.cleaned_data

    def mapping(self) -> dict[str, str]:
        """Heading to meaning."""
        named = {number: self.cleaned_data.get(f"column{number}") for number in range(len(self.headings))}
        return {self.headings[number]: meaning for number, meaning in named.items() if meaning}
