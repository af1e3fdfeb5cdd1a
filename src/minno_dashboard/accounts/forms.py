"""Forms about accounts; the rules are in `services`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext, gettext_lazy

from minno_dashboard.accounts.models import User
from minno_dashboard.accounts.names import (
    MAX_EMAIL_LENGTH,
    MAX_FULL_NAME_LENGTH,
    MAX_USERNAME_LENGTH,
    FieldRefused,
    checked_email,
)

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

MAX_PASSWORD_LENGTH = 1000  # hashing more would only cost the server time
PASSWORD_HELP = gettext_lazy(
    "At least 10 characters. A short phrase is easier to remember than random symbols."
)


def focus(form: forms.Form, name: str) -> None:
    """Give this field the focus when the page loads."""
    for other in form.fields.values():
        other.widget.attrs.pop("autofocus", None)
    form.fields[name].widget.attrs["autofocus"] = True


def _password(
    label: str | _StrPromise, autocomplete: str, help_text: str | _StrPromise = ""
) -> forms.CharField:
    """Return a password field; what was typed is never sent back to the browser."""
    return forms.CharField(
        label=label,
        help_text=help_text,
        strip=False,
        max_length=MAX_PASSWORD_LENGTH,
        widget=forms.PasswordInput(attrs={"autocomplete": autocomplete}),
    )


def _email() -> forms.CharField:
    return forms.CharField(
        label=gettext_lazy("Email address"),
        max_length=MAX_EMAIL_LENGTH,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "dir": "ltr"}),
    )


class NameForm(forms.Form):
    """Which account: its user name or email address."""

    name = forms.CharField(
        label=gettext_lazy("User name or email address"),
        max_length=MAX_EMAIL_LENGTH,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "username",
                "autocapitalize": "none",
                "spellcheck": "false",
                "autofocus": True,
            }
        ),
    )


END_TOKENS = gettext_lazy("Also revoke all my API tokens")


class LogInForm(NameForm):
    """The login page."""

    password = _password(gettext_lazy("Password"), "current-password")


class ConfirmForm(forms.Form):
    """The page that asks for the password again; its field name occurs in no other form."""

    NAME = "confirm_password"
    confirm_password = _password(gettext_lazy("Your password"), "current-password")


class LostPasswordForm(NameForm):
    """The page "Lost your password"."""


class NewPasswordForm(forms.Form):
    """A new password, twice."""

    password = _password(gettext_lazy("New password"), "new-password", PASSWORD_HELP)
    again = _password(gettext_lazy("Confirm new password"), "new-password")

    def clean(self) -> dict[str, Any]:
        """Compare the two."""
        values: dict[str, Any] = super().clean() or {}
        if "password" in values and "again" in values and values["password"] != values["again"]:
            self.add_error("again", gettext("The two passwords do not match."))
        return values


class ChangePasswordForm(NewPasswordForm):
    """Settings → Password."""

    old_password = _password(gettext_lazy("Current password"), "current-password")
    end_tokens = forms.BooleanField(label=END_TOKENS, required=False)
    field_order = ("old_password", "password", "again", "end_tokens")


class ProfileForm(forms.Form):
    """Settings → Profile."""

    full_name = forms.CharField(
        label=gettext_lazy("Full name"),
        required=False,
        max_length=MAX_FULL_NAME_LENGTH,
        help_text=gettext_lazy("Shown to people you share studies with. Any script works."),
        widget=forms.TextInput(attrs={"autocomplete": "name", "dir": "auto"}),
    )


class EmailForm(forms.Form):
    """Settings → Email."""

    email = _email()


class NewUserForm(forms.Form):
    """User management → New user."""

    username = forms.CharField(
        label=gettext_lazy("User name"),
        max_length=MAX_USERNAME_LENGTH,
        help_text=gettext_lazy(
            "At least 2 characters: letters of any script, digits and . - _ @. Used to log in."
        ),
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false", "autofocus": True}
        ),
    )
    email = forms.CharField(
        label=gettext_lazy("Email address"),
        max_length=MAX_EMAIL_LENGTH,
        widget=forms.EmailInput(attrs={"autocomplete": "off", "dir": "ltr"}),
    )
    full_name = forms.CharField(
        label=gettext_lazy("Full name"),
        required=False,
        max_length=MAX_FULL_NAME_LENGTH,
        help_text=gettext_lazy("Any script works."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "auto"}),
    )
    role = forms.ChoiceField(
        label=gettext_lazy("Role"),
        choices=User.Role.choices,
        initial=User.Role.RESEARCHER,
        help_text=gettext_lazy(
            "An admin manages users and configuration, and sees other people's studies only by "
            "acting as them, which is recorded in the audit log."
        ),
    )


class HiddenValue(forms.PasswordInput):
    """An input for a secret that is stored already; browsers do not fill in the admin's own password."""

    def __init__(self) -> None:
        super().__init__(attrs={"autocomplete": "off", "spellcheck": "false", "dir": "ltr"})


class MailForm(forms.Form):
    """The section Mail of the configuration; an empty password keeps the stored one."""

    PROVIDERS = (
        ("off", gettext_lazy("Do not send email: links are shown for you to pass on")),
        ("gmail", gettext_lazy("Send email with Gmail")),
        ("smtp", gettext_lazy("Send email with another mail server (SMTP)")),
    )
    SECURITIES = (
        ("starttls", gettext_lazy("STARTTLS (usually port 587)")),
        ("tls", gettext_lazy("TLS from the start (usually port 465)")),
        ("none", gettext_lazy("None (only for a mail server on this machine)")),
    )
    GMAIL = {"host": "smtp.gmail.com", "port": 587, "security": "starttls"}

    provider = forms.ChoiceField(label=gettext_lazy("Email"), choices=PROVIDERS, widget=forms.RadioSelect)
    host = forms.CharField(
        label=gettext_lazy("Mail server"),
        required=False,
        max_length=253,
        widget=forms.TextInput(attrs={"dir": "ltr", "spellcheck": "false", "autocomplete": "off"}),
    )
    port = forms.IntegerField(label=gettext_lazy("Port"), required=False, min_value=1, max_value=65535)
    security = forms.ChoiceField(label=gettext_lazy("Encryption"), choices=SECURITIES, required=False)
    sender = forms.CharField(
        label=gettext_lazy("Email address"),
        required=False,
        max_length=MAX_EMAIL_LENGTH,
        help_text=gettext_lazy("Emails are sent from this address."),
        widget=forms.EmailInput(attrs={"autocomplete": "off", "dir": "ltr"}),
    )
    username = forms.CharField(
        label=gettext_lazy("User name on the mail server"),
        required=False,
        max_length=MAX_EMAIL_LENGTH,
        help_text=gettext_lazy("Leave empty if the mail server needs no login."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "ltr", "spellcheck": "false"}),
    )
    password = forms.CharField(
        label=gettext_lazy("Password"),
        required=False,
        strip=True,
        max_length=MAX_PASSWORD_LENGTH,
        widget=HiddenValue(),
    )

    def __init__(self, *args: Any, has_password: bool = False, stored_for: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._has_password = has_password
        self._stored_for = stored_for

    def clean(self) -> dict[str, Any]:
        """Fill in what Gmail's preset knows; ask for what is missing."""
        values: dict[str, Any] = super().clean() or {}
        provider = values.get("provider")
        if provider == "gmail":
            # Google shows its app passwords in four groups; the blanks are no part of them.
            values |= self.GMAIL | {"username": values.get("sender", "")}
            values["password"] = "".join(values.get("password", "").split())
        if provider in ("gmail", "smtp"):
            self._check(values)
        return values

    def _check(self, values: dict[str, Any]) -> None:
        try:
            values["sender"] = checked_email(values.get("sender", ""))
        except FieldRefused as error:
            self.add_error("sender", str(error))
        if not values.get("host") and "host" not in self.errors:
            self.add_error("host", gettext("Enter the name of the mail server, such as smtp.example.org."))
        if not values.get("port") and "port" not in self.errors:
            self.add_error("port", gettext("Enter the port. Usual ports are 587, 465 and 25."))
        values["security"] = values.get("security") or "starttls"
        if not values.get("username") or values.get("password"):
            return
        if not self._has_password:
            self.add_error("password", gettext("Enter the password."))
        elif self._stored_for != f"{values['username']}@{values.get('host')}":
            self.add_error(
                "password",
                gettext(
                    "The stored password is for a different user name or mail server. Enter the password "
                    "for this one."
                ),
            )


class AuditFilterForm(forms.Form):
    """The filter of the audit log."""

    q = forms.CharField(label=gettext_lazy("Search"), required=False, max_length=200)
    action = forms.CharField(label=gettext_lazy("Action"), required=False, max_length=60)
    since = forms.DateField(label=gettext_lazy("From"), required=False)
    until = forms.DateField(label=gettext_lazy("To"), required=False)


class CodeForm(forms.Form):
    """Six digits of an authenticator app, or a recovery code."""

    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=40,
        help_text=gettext_lazy(
            "The six digits that your authenticator app shows now, or one of your recovery codes."
        ),
        widget=forms.TextInput(
            attrs={
                "autocomplete": "one-time-code",
                "autocapitalize": "none",
                "spellcheck": "false",
                "dir": "ltr",
                "autofocus": True,
            }
        ),
    )


class PasswordForm(forms.Form):
    """One's password, before an action that weakens the login."""

    password = _password(gettext_lazy("Your password"), "current-password")


class AppearanceForm(forms.Form):
    """Settings → Appearance."""

    theme = forms.ChoiceField(
        label=gettext_lazy("Theme"),
        choices=(
            ("system", gettext_lazy("System default")),
            ("light", gettext_lazy("Light")),
            ("dark", gettext_lazy("Dark")),
        ),
        widget=forms.RadioSelect,
    )
    # Each language is called by its own name, so that everybody finds the way back.
    language = forms.ChoiceField(
        label=gettext_lazy("Language"),
        choices=(("browser", gettext_lazy("Browser default")), *settings.LANGUAGES),
        required=False,
    )
