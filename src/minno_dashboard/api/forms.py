"""What people fill in about tokens; services judge it."""

from __future__ import annotations

from django import forms

from minno_dashboard.accounts.forms import LONGEST_PASSWORD
from minno_dashboard.api.scopes import SENTENCES

DAYS = ((7, "7 days"), (30, "30 days"), (90, "90 days"), (365, "1 year"))


class TokenForm(forms.Form):
    """A token to make."""

    name = forms.CharField(
        label="Name",
        max_length=60,
        help_text="What it is for, such as “upload from my laptop”. You will know it again by this.",
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off"}),
    )
    scopes = forms.MultipleChoiceField(
        label="It may",
        choices=[(str(scope), sentence) for scope, sentence in SENTENCES.items()],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose what this token may be used for."},
    )
    days = forms.TypedChoiceField(label="It ends after", choices=DAYS, coerce=int, initial=90)
    password = forms.CharField(
        label="Your password",
        strip=False,
        max_length=LONGEST_PASSWORD,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
