"""Forms about roles, break-glass and reasons. Each names its fields, so that nothing else can be sent along."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django import forms
from django.db.models import Q, QuerySet
from django.utils import timezone

from asepsis.web.authorisation import schema
from asepsis.web.authorisation.actions import Action
from asepsis.web.authorisation.actions import Role as PolicyRole
from asepsis.web.authorisation.facts import HOSPITAL, Scope
from asepsis.web.authorisation.models import BreakGlassUse
from asepsis.web.authorisation.patients import NUMBER_LIMIT, reference_of
from asepsis.web.devices.models import Device
from asepsis.web.facilities.models import Department, DeviceGroup, Site
from asepsis.web.people.models import Person, Role

VENDOR_LONGEST: Final = timedelta(days=90)
"""A vendor's access is for a task; whoever stays longer is let in again, and looked at again."""

SHORTEST_EXPLANATION: Final = 20
"""Letters: "emergency" alone tells a reviewer nothing."""

_MOMENT = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
_NUMBER = forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})


class RoleForm(forms.Form):
    """A role to give: where it holds, and until when."""

    role = forms.ChoiceField(choices=Role.choices)
    place = forms.ChoiceField(label="Where", required=False)
    device_group = forms.ModelChoiceField(
        DeviceGroup.objects.all(), label="Device group (vendors)", required=False, empty_label="none"
    )
    patient = forms.CharField(
        label="Patient number (patients)",
        max_length=NUMBER_LIMIT,
        required=False,
        widget=_NUMBER,
        help_text="As the hospital's other systems write it. Only a keyed hash of it is kept.",
    )
    expires = forms.DateTimeField(label="Until (UTC)", required=False, widget=_MOMENT)

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person
        self.fields["place"] = forms.ChoiceField(label="Where", required=False, choices=places())

    def clean(self) -> dict[str, Any]:
        """Checks what belongs together."""
        found = super().clean() or {}
        expires: datetime | None = found.get("expires")
        if expires is not None and expires <= timezone.now():
            self.add_error("expires", "This moment is over.")
        held = set(self.person.grants.filter(_in_force()).values_list("role", flat=True))
        if found.get("role") == Role.PATIENT:
            self._check_patient(found, held)
        elif found.get("patient"):
            self.add_error("patient", "Only a patient's account is tied to a number.")
        if Role.PATIENT in held:
            self.add_error("role", "A patient's account holds no other role.")
        if found.get("role") == Role.VENDOR:
            self._check_vendor(found, held)
        else:
            if found.get("device_group") is not None:
                self.add_error("device_group", "Only a vendor's access is bound to a group.")
            if Role.VENDOR in held:
                self.add_error("role", "A vendor holds no other role.")
        return found

    def clean_patient(self) -> str:
        """The pseudonym of the patient; what was typed goes no further."""
        return _reference(self.cleaned_data["patient"])

    def _check_patient(self, found: dict[str, Any], held: set[str]) -> None:
        if not found.get("patient") and "patient" not in self.errors:
            self.add_error("patient", "Say which patient the account belongs to.")
        if found.get("place"):
            self.add_error("place", "A patient sees the own data, wherever they arose.")
        if held - {Role.PATIENT}:
            self.add_error("role", "This person holds a role; a patient's account holds no other.")

    def _check_vendor(self, found: dict[str, Any], held: set[str]) -> None:
        expires: datetime | None = found.get("expires")
        if found.get("device_group") is None:
            self.add_error("device_group", "A vendor is let in to one group of devices: choose it.")
        if expires is None:
            self.add_error("expires", "A vendor's access has an end: say when.")
        elif expires > timezone.now() + VENDOR_LONGEST:
            self.add_error("expires", f"A vendor is let in for {VENDOR_LONGEST.days} days at most.")
        if found.get("place"):
            self.add_error("place", "A vendor's access is bound to a group, not to a place.")
        if held:
            self.add_error("role", "This person holds a role; a vendor holds no other.")

    def where(self) -> dict[str, Any]:
        """The place as columns of a grant."""
        kind, _, key = str(self.cleaned_data.get("place", "")).partition("/")
        if kind == "site":
            return {"site": Site.objects.get(pk=key), "department": None}
        if kind == "department":
            department = Department.objects.select_related("site").get(pk=key)
            return {"site": department.site, "department": department}
        return {"site": None, "department": None}

    def scope(self) -> Scope:
        """The place as policies know it."""
        where = self.where()
        site, department = where["site"], where["department"]
        if site is None:
            return HOSPITAL
        return Scope(site=str(site.pk), department=str(department.pk) if department is not None else None)

    def policy_role(self) -> PolicyRole:
        """The role as policies know it."""
        return PolicyRole(self.cleaned_data["role"])


class BreakGlassForm(forms.Form):
    """Which device, for which patient, and why it cannot wait."""

    device = forms.CharField(label="Device (id or address)", max_length=64)
    reason = forms.ChoiceField(choices=BreakGlassUse.Reason.choices)
    explanation = forms.CharField(
        min_length=SHORTEST_EXPLANATION,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What happens, and why it cannot wait. Name no patient.",
    )
    patient = forms.CharField(
        label="Patient number, if it serves one patient",
        max_length=NUMBER_LIMIT,
        required=False,
        widget=_NUMBER,
        help_text="Only a keyed hash of it is kept: the patient sees that it was opened, and why.",
    )

    def clean_patient(self) -> str:
        """The pseudonym of the patient; what was typed goes no further."""
        return _reference(self.cleaned_data["patient"])

    def clean_device(self) -> Device:
        """The one device that is meant."""
        text = self.cleaned_data["device"].strip()
        found = list(Device.objects.select_related("site", "record").filter(Q(pk=text) | Q(address=text))[:2])
        if len(found) != 1:
            several = (
                "Several devices have this address: give the id." if found else "No device has this id or address."
            )
            raise forms.ValidationError(several)
        return found[0]


class ReviewForm(forms.Form):
    """What the review of a use of break-glass found."""

    finding = forms.ChoiceField(choices=BreakGlassUse.Finding.choices)
    remark = forms.CharField(max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 2}))


class WhyForm(forms.Form):
    """What somebody wants explained."""

    person = forms.ModelChoiceField(Person.objects.none(), required=False, empty_label="I myself")
    action = forms.ChoiceField(label="May", choices=[(act.value, f.title) for act, f in schema.actions().items()])
    device = forms.CharField(label="Device (id or address)", max_length=64, required=False)

    def __init__(self, *args: Any, people: QuerySet[Person], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        person = self.fields["person"]
        assert isinstance(person, forms.ModelChoiceField)
        person.queryset = people

    def clean_device(self) -> Device | None:
        """The device that is meant, if any."""
        text = self.cleaned_data["device"].strip()
        if not text:
            return None
        found = Device.objects.select_related("site", "record").filter(Q(pk=text) | Q(address=text)).first()
        if found is None:
            raise forms.ValidationError("No device has this id or address.")
        return found

    def clean_action(self) -> Action:
        """The action."""
        return Action(self.cleaned_data["action"])


def _reference(number: str) -> str:
    if not number:
        return ""
    try:
        return reference_of(number)
    except ValueError as error:
        raise forms.ValidationError("A patient's number has letters or digits.") from error


def places() -> list[tuple[str, str]]:
    """The whole hospital, its sites, their departments."""
    found = [("", "The whole hospital")]
    for site in Site.objects.prefetch_related("departments"):
        found.append((f"site/{site.pk}", str(site)))
        found += [(f"department/{part.pk}", f"{site}: {part.name}") for part in site.departments.all()]
    return found


def _in_force() -> Q:
    return Q(expires=None) | Q(expires__gt=timezone.now())
