"""Forms of scans, reports and penetration tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django import forms

from asepsis.exposure.scanning.plan import Question
from asepsis.web.facilities.models import Site
from asepsis.web.testing.scanning import HOURS

QUESTIONS: Final = (
    (Question.BANNER.value, "Banner: connect and listen, send nothing"),
    (Question.TLS.value, "TLS: one handshake, to see version and certificate"),
    (Question.SNMP.value, "SNMP: one read of what the system says it is"),
    (Question.DICOM_ECHO.value, 'DICOM: C-ECHO, the protocol\'s own "are you there?"'),
)


def of_sites(field: forms.Field, sites: Sequence[Site]) -> None:
    """Lets a field choose among some sites."""
    assert isinstance(field, forms.ModelChoiceField)
    field.queryset = Site.objects.filter(pk__in=[site.pk for site in sites])


class ScanForm(forms.Form):
    """What is asked, where, and what for."""

    site = forms.ModelChoiceField(queryset=Site.objects.none(), empty_label=None)
    reason = forms.CharField(label="What for", max_length=500)
    questions = forms.MultipleChoiceField(
        choices=QUESTIONS,
        widget=forms.CheckboxSelectMultiple,
        initial=[value for value, _ in QUESTIONS],
        label="Questions",
    )

    def __init__(self, sites: Sequence[Site], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        of_sites(self.fields["site"], sites)

    def asked(self) -> frozenset[Question]:
        """The questions."""
        return frozenset(map(Question, self.cleaned_data["questions"]))


class ApprovalForm(forms.Form):
    """For how long an approval holds."""

    hours = forms.TypedChoiceField(
        choices=[(hours, f"{hours} hours") for hours in HOURS], coerce=int, label="It may run within"
    )
