"""What people record of vendors and answer in an assessment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django import forms

from asepsis.exposure.vendors.questionnaire import QUESTIONS, Said
from asepsis.web.devices.documents import LARGEST_BYTES, refusal
from asepsis.web.facilities.models import Site
from asepsis.web.vendors.models import Answer, Assessment, Contract

SAID: Final = [(Said.OPEN.value, "not answered"), *((one.value, one.value) for one in Said if one is not Said.OPEN)]
DECIDED: Final = [
    (one.value, one.label)
    for one in (Assessment.State.APPROVED, Assessment.State.CONDITIONAL, Assessment.State.REFUSED)
]


def _day(label: str, *, required: bool = True) -> forms.DateField:
    return forms.DateField(label=label, required=required, widget=forms.DateInput(attrs={"type": "date"}))


class ContractForm(forms.Form):
    """One agreement."""

    kind = forms.ChoiceField(choices=Contract.Kind.choices, label="What is agreed on")
    begins = _day("From")
    ends = _day("Until", required=False)
    contact = forms.CharField(max_length=200, required=False, label="Contact of the vendor")
    signed_by = forms.CharField(max_length=200, required=False, label="Signed for us by")
    note = forms.CharField(max_length=500, required=False, label="Remark")
    file = forms.FileField(
        max_length=200, required=False, label="Document", help_text=f"PDF or text, up to {LARGEST_BYTES >> 20} MiB."
    )

    def clean_file(self) -> Any:
        """Refuses what is too large or is not what its first bytes say."""
        file = self.cleaned_data["file"]
        reason = refusal(file) if file else ""
        if reason:
            raise forms.ValidationError(reason)
        return file

    def clean(self) -> dict[str, Any]:
        """An agreement does not end before it begins."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if given.get("begins") and given.get("ends") and given["ends"] < given["begins"]:
            self.add_error("ends", "It ends before it begins.")
        return given


class SupportForm(forms.Form):
    """When the support of a model ends."""

    model = forms.CharField(max_length=200, label="Model")
    ends = _day("Support ends on")
    source = forms.CharField(max_length=300, label="Who says so", help_text="A letter, a page, a contract.")


class BeginForm(forms.Form):
    """What is to be bought."""

    site = forms.ModelChoiceField(queryset=Site.objects.none(), empty_label=None)
    vendor = forms.CharField(max_length=200, label="Vendor")
    model = forms.CharField(max_length=200, label="Model")
    purpose = forms.CharField(max_length=300, required=False, label="What for")

    def __init__(self, sites: Sequence[Site], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen = self.fields["site"]
        assert isinstance(chosen, forms.ModelChoiceField)
        chosen.queryset = Site.objects.filter(pk__in=[site.pk for site in sites])


class AnswersForm(forms.Form):
    """Every question with its answer and what it rests on."""

    def __init__(self, held: Mapping[str, Answer], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for question in QUESTIONS.values():
            answer = held.get(question.id)
            self.fields[f"said-{question.id}"] = forms.ChoiceField(
                choices=SAID, required=False, label=question.words, initial=answer.said if answer else ""
            )
            self.fields[f"evidence-{question.id}"] = forms.CharField(
                max_length=500,
                required=False,
                label=f"Evidence for: {question.words}",
                initial=answer.evidence if answer else "",
            )

    def answers(self) -> dict[str, tuple[str, str]]:
        """Question to (answer, evidence)."""
        given = self.cleaned_data
        return {
            question: (given.get(f"said-{question}", ""), given.get(f"evidence-{question}", ""))
            for question in QUESTIONS
        }


class SendForm(forms.Form):
    """To whom the questionnaire went."""

    to = forms.CharField(max_length=200, label="Sent to")


class DecisionForm(forms.Form):
    """What was decided."""

    state = forms.ChoiceField(choices=DECIDED, label="Decision")
    conditions = forms.CharField(
        required=False, max_length=8000, label="Conditions", widget=forms.Textarea(attrs={"rows": 6})
    )
    reason = forms.CharField(max_length=500, label="Reason")
