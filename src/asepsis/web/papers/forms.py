"""Forms of the pages about papers."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms

from asepsis.exposure.mds2.reading import FORM_LIMIT_BYTES
from asepsis.exposure.paper import Subject
from asepsis.pipeline.papers_reading import TEXT_LIMIT, subject

_PRODUCT = {
    "maker": "Maker",
    "model": "Model",
    "version": "Version",
}


class ProductForm(forms.Form):
    """Which product a paper speaks of."""

    maker = forms.CharField(max_length=TEXT_LIMIT)
    model = forms.CharField(max_length=TEXT_LIMIT)
    version = forms.CharField(max_length=TEXT_LIMIT, required=False, help_text="Empty: every version. Or: < 9.3")

    def subject(self) -> Subject:
        """What was said."""
        return subject(*(self.cleaned_data[name] for name in _PRODUCT))


class UploadForm(forms.Form):
    """A paper, and the product where the paper does not name it."""

    file = forms.FileField(label="Form or list", help_text="MDS2 as XLSX or CSV; SBOM as CycloneDX or SPDX.")
    maker = forms.CharField(max_length=TEXT_LIMIT, required=False)
    model = forms.CharField(max_length=TEXT_LIMIT, required=False)
    version = forms.CharField(max_length=TEXT_LIMIT, required=False)

    def clean_file(self) -> Any:
        """Refuses what is too large, before it is read."""
        file = self.cleaned_data["file"]
        if file.size > FORM_LIMIT_BYTES:
            most = FORM_LIMIT_BYTES >> 20
            raise forms.ValidationError(
                f"The file has {file.size >> 20} MiB; at most {most} are read here. "
                "On the server: asepsis import mds2 FILE, asepsis import sbom FILE."
            )
        return file

    def subject(self) -> Subject | None:
        """What was said of the product; None where nothing was."""
        said = [self.cleaned_data[name] for name in _PRODUCT]
        return subject(*said) if any(said) else None


class TieForm(forms.Form):
    """A device, and whether a paper is its."""

    SAID: ClassVar = (("yes", "tied"), ("no", "not tied"), ("", "as maker and model say"))

    device = forms.CharField(max_length=200)
    said = forms.ChoiceField(choices=SAID, required=False)

    def is_tied(self) -> bool | None:
        """None leaves it to maker, model and version again."""
        return {"yes": True, "no": False}.get(self.cleaned_data["said"])
