"""The launch settings of an experiment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext, gettext_lazy

from minno_dashboard.siteconfig.sealing import SealBroken, seal, unseal
from minno_dashboard.studies.experiments import MAX_NAME_CHARACTERS
from minno_dashboard.studies.models import Experiment

_FIELDS = (
    "kind",
    "after_reload",
    "session_limit",
    "place_minutes",
    "recruitment",
    "end_address",
    "completion_code",
    "screened_out_code",
    "over_quota_code",
    "stores_user_agent",
)


if TYPE_CHECKING:
    _Form = forms.ModelForm[Experiment]
else:
    _Form = forms.ModelForm


class SettingsForm(_Form):
    """What a researcher chooses of one experiment."""

    name = forms.CharField(label=gettext_lazy("Descriptive ID"), max_length=MAX_NAME_CHARACTERS)
    launch_password = forms.CharField(label=gettext_lazy("Password"), required=False, max_length=100)

    class Meta:
        model = Experiment
        fields = _FIELDS
        labels = {
            "kind": gettext_lazy("Study type"),
            "after_reload": gettext_lazy("When a participant loads the page again"),
            "session_limit": gettext_lazy("Session limit"),
            "place_minutes": gettext_lazy("Minutes without data after which a place is free again"),
            "recruitment": gettext_lazy("Participants come from"),
            "end_address": gettext_lazy("Address at the end"),
            "completion_code": gettext_lazy("Completion code"),
            "screened_out_code": gettext_lazy("Screened-out code"),
            "over_quota_code": gettext_lazy("Over-quota code"),
            "stores_user_agent": gettext_lazy("Store the browser's name and version"),
        }
        help_texts = {
            "end_address": gettext_lazy(
                "[CODE] stands for the code, [NAME] for the URL parameter NAME. Empty: a page with the code."
            ),
        }
        widgets = {"end_address": forms.TextInput}

    field_order = ("name", *_FIELDS[:2], "launch_password", *_FIELDS[2:])

    def __init__(self, data: Any, *, experiment: Experiment) -> None:
        start = {"name": experiment.name, "launch_password": _password(experiment)}
        super().__init__(data, instance=experiment, initial=start)
        recognised = ("", gettext("Recognised from the file"))
        self.fields["kind"] = forms.ChoiceField(
            label=self.fields["kind"].label,
            choices=[recognised, *Experiment.Kind.choices],
            required=False,
        )

    def clean_end_address(self) -> str:
        """Refuse what is no web address."""
        address = str(self.cleaned_data["end_address"]).strip()
        parts = urlsplit(address)
        if address and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValidationError(gettext("This takes an address that begins with https://."))
        return address

    def values(self) -> dict[str, Any]:
        """Return the fields to store; the password sealed."""
        password = self.cleaned_data["launch_password"].strip()
        chosen = {name: self.cleaned_data[name] for name in _FIELDS}
        return {**chosen, "password": seal(password) if password else ""}

    def _post_clean(self) -> None:
        """Leave the instance alone: the values are stored by the service, under the study's lock."""


def _password(experiment: Experiment) -> str:
    try:
        return unseal(experiment.password) if experiment.password else ""
    except SealBroken:
        return ""
