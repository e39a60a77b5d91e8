"""The form by which documents are sent."""

from __future__ import annotations

from django import forms


class DocumentsForm(forms.Form):
    """A document, or a folder of them in a zip archive."""

    file = forms.FileField(
        label="Document, or a folder as zip",
        help_text="CSAF, VEX (CSAF, OpenVEX, CycloneDX), CVE, KEV, EPSS, the FDA's recalls and classes; packed or not.",
    )
