"""Forms about the whole site."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy

MEGABYTE = 1024**2


class LimitsForm(forms.Form):
    """Edit configuration → Limits; empty is without a limit."""

    file_mb = forms.IntegerField(
        label=gettext_lazy("Largest file, in MB"),
        required=False,
        min_value=1,
        max_value=50 * 1024,
        help_text=gettext_lazy("Empty: up to 50 GB."),
    )
    space_mb = forms.IntegerField(
        label=gettext_lazy("Space for each user, in MB"),
        required=False,
        min_value=1,
        max_value=1024**3,
        help_text=gettext_lazy(
            "The total for the studies of one user; identical content counts once. Empty: no limit."
        ),
    )
