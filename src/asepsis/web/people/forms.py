"""What people fill in about people."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.password_validation import password_validators_help_texts, validate_password
from django.core.validators import RegexValidator

from asepsis.web.facilities.models import Department, Site
from asepsis.web.people.models import Person, Role

USERNAME = RegexValidator(
    r"\A[A-Za-z0-9][A-Za-z0-9._-]{1,59}\Z", "2 to 60 of: a to z, 0 to 9, dot, hyphen, underscore."
)


INVITED_AS = [choice for choice in Role.choices if choice[0] not in (Role.ADMINISTRATOR, Role.VENDOR, Role.PATIENT)]
"""Not those that a second person approves, or that need a group and an end: they are given on the person's page."""


class NameForm(forms.ModelForm[Person]):
    """How somebody is called."""

    class Meta:
        model = Person
        fields = ("name",)


class WhoForm(forms.Form):
    """Who takes an invitation."""

    name = forms.CharField(max_length=200, widget=forms.TextInput(attrs={"autocomplete": "name"}), label="Your name")
    username = forms.CharField(
        max_length=60,
        validators=[USERNAME],
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}),
        label="A short name to sign in with",
    )

    def clean_username(self) -> str:
        """Refuses one that somebody bears already, in whatever case."""
        username: str = self.cleaned_data["username"].strip().lower()
        if Person.objects.filter(username__iexact=username).exists():
            raise forms.ValidationError("Somebody bears this name already. Choose another.")
        return username


class FirstPasswordForm(forms.Form):
    """A password and the same again."""

    password1 = forms.CharField(
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}), label="Password", max_length=256
    )
    password2 = forms.CharField(
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}), label="The same again", max_length=256
    )

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person
        self.rules = password_validators_help_texts()

    def clean(self) -> dict[str, Any]:
        """Checks the rules, and that both are the same."""
        cleaned = super().clean() or {}
        first, second = cleaned.get("password1"), cleaned.get("password2")
        if first and second:
            if first != second:
                self.add_error("password2", "The two differ.")
            else:
                try:
                    validate_password(first, self.person)
                except forms.ValidationError as error:
                    self.add_error("password1", error)
        return cleaned


class InviteForm(forms.Form):
    """Whom an administrator invites, and as what."""

    name = forms.CharField(max_length=200, label="Name")
    role = forms.ChoiceField(choices=[("", "No role yet"), *INVITED_AS], required=False)
    site = forms.ModelChoiceField(Site.objects.all(), required=False, empty_label="Every site")
    department = forms.ModelChoiceField(Department.objects.all(), required=False, empty_label="Every department")

    def clean(self) -> dict[str, Any]:
        """A department is one of the site."""
        cleaned = super().clean() or {}
        site, department = cleaned.get("site"), cleaned.get("department")
        if department and (site is None or department.site_id != site.pk):
            self.add_error("department", "That department is not one of that site.")
        return cleaned

    def roles(self) -> list[dict[str, Any]]:
        """What the invitation grants."""
        if not self.cleaned_data["role"]:
            return []
        site, department = self.cleaned_data["site"], self.cleaned_data["department"]
        return [
            {
                "role": self.cleaned_data["role"],
                "site": site.pk if site else None,
                "department": department.pk if department else None,
            }
        ]
