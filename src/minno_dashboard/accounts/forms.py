"""What people fill in about accounts; services judge it."""

from __future__ import annotations

from typing import Any

from django import forms

from minno_dashboard.accounts.models import User
from minno_dashboard.accounts.names import LONGEST_EMAIL, LONGEST_FULL_NAME, LONGEST_USERNAME

LONGEST_PASSWORD = 1000  # hashing more would only cost the server time
PASSWORD_HELP = "At least 10 characters. A few words are easier to remember than a few signs."  # noqa: S105


def focus(form: forms.Form, name: str) -> None:
    """Let the browser begin with this field."""
    for other in form.fields.values():
        other.widget.attrs.pop("autofocus", None)
    form.fields[name].widget.attrs["autofocus"] = True


def _password(label: str, autocomplete: str, help_text: str = "") -> forms.CharField:
    """Return a password field; what was typed is never sent back to the browser."""
    return forms.CharField(
        label=label,
        help_text=help_text,
        strip=False,
        max_length=LONGEST_PASSWORD,
        widget=forms.PasswordInput(attrs={"autocomplete": autocomplete}),
    )


def _email() -> forms.CharField:
    return forms.CharField(
        label="E-mail address",
        max_length=LONGEST_EMAIL,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "dir": "ltr"}),
    )


class LogInForm(forms.Form):
    """The log-in page."""

    name = forms.CharField(
        label="User name or e-mail address",
        max_length=LONGEST_EMAIL,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "username",
                "autocapitalize": "none",
                "spellcheck": "false",
                "autofocus": True,
            }
        ),
    )
    password = _password("Password", "current-password")


class NewPasswordForm(forms.Form):
    """A new password, twice."""

    password = _password("New password", "new-password", PASSWORD_HELP)
    again = _password("New password again", "new-password")

    def clean(self) -> dict[str, Any]:
        """Compare the two."""
        values: dict[str, Any] = super().clean() or {}
        if "password" in values and "again" in values and values["password"] != values["again"]:
            self.add_error("again", "The two passwords differ. Type the same one twice.")
        return values


class ChangePasswordForm(NewPasswordForm):
    """Settings → Password."""

    old_password = _password("Present password", "current-password")
    field_order = ("old_password", "password", "again")


class ProfileForm(forms.Form):
    """Settings → Profile."""

    full_name = forms.CharField(
        label="Full name",
        required=False,
        max_length=LONGEST_FULL_NAME,
        help_text="Shown to the people you share studies with, in any script.",
        widget=forms.TextInput(attrs={"autocomplete": "name", "dir": "auto"}),
    )


class EmailForm(forms.Form):
    """Settings → E-mail."""

    email = _email()


class NewUserForm(forms.Form):
    """User management → New user."""

    username = forms.CharField(
        label="User name",
        max_length=LONGEST_USERNAME,
        help_text="Letters of any script, digits and . - _ @, at least 2. It is used to log in.",
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false", "autofocus": True}
        ),
    )
    email = forms.CharField(
        label="E-mail address",
        max_length=LONGEST_EMAIL,
        widget=forms.EmailInput(attrs={"autocomplete": "off", "dir": "ltr"}),
    )
    full_name = forms.CharField(
        label="Full name",
        required=False,
        max_length=LONGEST_FULL_NAME,
        help_text="In any script.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "auto"}),
    )
    role = forms.ChoiceField(
        label="Role",
        choices=User.Role.choices,
        initial=User.Role.RESEARCHER,
        help_text="An admin manages users and configuration, and sees nobody's studies.",
    )
