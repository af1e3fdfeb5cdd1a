"""What people fill in about tokens; services judge it."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy

from minno_dashboard.accounts.forms import MAX_PASSWORD_LENGTH
from minno_dashboard.api.scopes import SENTENCES

VALID_DAYS = (
    (7, gettext_lazy("7 days")),
    (30, gettext_lazy("30 days")),
    (90, gettext_lazy("90 days")),
    (365, gettext_lazy("1 year")),
)


class TokenForm(forms.Form):
    """A token to make."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=60,
        help_text=gettext_lazy(
            "What the token is for, such as “upload from my laptop”, so that you recognise it later."
        ),
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off"}),
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("Permissions"),
        choices=[(str(scope), gettext_lazy(sentence)) for scope, sentence in SENTENCES.items()],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose what this token may be used for.")},
    )
    days = forms.TypedChoiceField(label=gettext_lazy("Expires"), choices=VALID_DAYS, coerce=int, initial=90)
    password = forms.CharField(
        label=gettext_lazy("Your password"),
        strip=False,
        max_length=MAX_PASSWORD_LENGTH,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
