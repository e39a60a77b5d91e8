"""Forms of scans, reports and penetration tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django import forms

from asepsis.exposure.engagement import EngagementError, networks
from asepsis.exposure.reported.report import Tool
from asepsis.exposure.scanning.plan import Question
from asepsis.web.facilities.models import Site
from asepsis.web.testing.models import EngagementFinding
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


TOOLS: Final = (
    (Tool.NMAP.value, "Nmap (XML, -oX)"),
    (Tool.NESSUS.value, "Nessus (.nessus, version 2)"),
    (Tool.SARIF.value, "SARIF 2.1.0"),
)


class ReportForm(forms.Form):
    """A report that another scanner wrote."""

    site = forms.ModelChoiceField(queryset=Site.objects.none(), empty_label=None)
    tool = forms.ChoiceField(choices=TOOLS, label="Written by")
    file = forms.FileField(label="Report")

    def __init__(self, sites: Sequence[Site], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        of_sites(self.fields["site"], sites)


class EngagementForm(forms.Form):
    """The scope of a penetration test."""

    site = forms.ModelChoiceField(queryset=Site.objects.none(), empty_label=None)
    title = forms.CharField(max_length=200)
    testers = forms.CharField(max_length=500, label="Who tests")
    networks = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 3}), label="Networks in scope, one a line", max_length=8000
    )
    do_not_touch = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 3}),
        label="Networks that stay untouched",
        max_length=8000,
        required=False,
    )
    starts = forms.DateTimeField(label="From (UTC)", widget=forms.DateTimeInput(attrs={"type": "datetime-local"}))
    ends = forms.DateTimeField(label="To (UTC)", widget=forms.DateTimeInput(attrs={"type": "datetime-local"}))
    rules = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 4}),
        label="Rules: methods, hours, whom to call",
        max_length=8000,
        required=False,
    )

    def __init__(self, sites: Sequence[Site], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        of_sites(self.fields["site"], sites)

    def _networks(self, name: str) -> tuple[str, ...]:
        try:
            return networks(self.cleaned_data[name])
        except EngagementError as error:
            raise forms.ValidationError(f"{error.message}. {error.hint}") from error

    def clean_networks(self) -> tuple[str, ...]:
        """Networks, each checked."""
        return self._networks("networks")

    def clean_do_not_touch(self) -> tuple[str, ...]:
        """Networks, each checked."""
        return self._networks("do_not_touch")


class TestFindingForm(forms.Form):
    """Something that a test found."""

    title = forms.CharField(max_length=200, label="What was found")
    severity = forms.ChoiceField(choices=EngagementFinding.Severity.choices)
    device = forms.CharField(max_length=20, required=False, label="Device (its id), where it is of one")
    evidence = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), max_length=8000, label="What shows it")
    recommendation = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 2}), max_length=4000, required=False, label="What to do"
    )
