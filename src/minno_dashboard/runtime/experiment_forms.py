"""Forms of an experiment: launch settings, conditions, personal links."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from django import forms
from django.core.exceptions import ValidationError
from django.forms.utils import from_current_timezone
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from minno_dashboard.collection.conditions import MAX_CONDITIONS, ChosenCondition
from minno_dashboard.collection.personal_links import MAX_LINKS_AT_ONCE
from minno_dashboard.core.ids import public_id
from minno_dashboard.siteconfig.sealing import SealBroken, seal, unseal
from minno_dashboard.studies.experiments import MAX_NAME_CHARACTERS
from minno_dashboard.studies.models import Experiment

_FIELDS = (
    "kind",
    "after_reload",
    "needs_personal_link",
    "opens_at",
    "closes_at",
    "session_limit",
    "place_minutes",
    "recruitment",
    "end_address",
    "completion_code",
    "screened_out_code",
    "over_quota_code",
    "stores_user_agent",
)

PRESETS = {
    Experiment.Recruitment.PROLIFIC: "https://app.prolific.com/submissions/complete?cc=[CODE]",
    Experiment.Recruitment.SONA: (
        "https://SITE.sona-systems.com/webstudy_credit.aspx"
        "?experiment_id=EXPERIMENT&credit_token=TOKEN&survey_code=[survey_code]"
    ),
    Experiment.Recruitment.MTURK: "",
    Experiment.Recruitment.CLOUDRESEARCH: "",
}
"""The address at the end that each platform expects; "" where participants copy the code from our page."""
_LOCAL_TIME = "%Y-%m-%dT%H:%M"
_REGIONS = (
    *("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe"),
    *("Indian", "Pacific"),
)


if TYPE_CHECKING:
    _Form = forms.ModelForm[Experiment]
    _Forms = forms.BaseFormSet["ConditionForm"]
else:
    _Form = forms.ModelForm
    _Forms = forms.BaseFormSet


class SettingsForm(_Form):
    """Launch settings of one experiment."""

    name = forms.CharField(label=gettext_lazy("Descriptive ID"), max_length=MAX_NAME_CHARACTERS)
    launch_password = forms.CharField(label=gettext_lazy("Password"), required=False, max_length=100)
    time_zone = forms.ChoiceField(
        label=gettext_lazy("Time zone"), help_text=gettext_lazy("Of all experiments of this study.")
    )
    opens_at = forms.CharField(label=gettext_lazy("Opens"), required=False)
    closes_at = forms.CharField(label=gettext_lazy("Closes"), required=False)

    class Meta:
        model = Experiment
        fields = _FIELDS
        labels = {
            "kind": gettext_lazy("Study type"),
            "after_reload": gettext_lazy("When a participant loads the page again"),
            "needs_personal_link": gettext_lazy("Only with a personal link"),
            "session_limit": gettext_lazy("Session limit"),
            "place_minutes": gettext_lazy("Minutes without data before a place is free again"),
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

    field_order = (
        "name",
        "kind",
        "launch_password",
        "needs_personal_link",
        "after_reload",
        "time_zone",
        *(name for name in _FIELDS if name not in ("kind", "after_reload", "needs_personal_link")),
    )

    def __init__(self, data: Any, *, experiment: Experiment) -> None:
        zone = _zone(experiment.study.time_zone)
        start = {
            "name": experiment.name,
            "launch_password": _password(experiment),
            "time_zone": experiment.study.time_zone,
            "opens_at": _local(experiment.opens_at, zone),
            "closes_at": _local(experiment.closes_at, zone),
        }
        super().__init__(data, instance=experiment, initial=start)
        recognised = ("", gettext("Recognised from the file"))
        self.fields["kind"] = forms.ChoiceField(
            label=self.fields["kind"].label,
            choices=[recognised, *Experiment.Kind.choices],
            required=False,
        )
        zones = sorted({*_zones(), experiment.study.time_zone})
        self.fields["time_zone"].choices = [(one, one) for one in zones]  # type: ignore[attr-defined]
        self.fields["time_zone"].widget.attrs["dir"] = "ltr"
        for name in ("opens_at", "closes_at"):
            self.fields[name].widget = forms.DateTimeInput(
                attrs={"type": "datetime-local"}, format=_LOCAL_TIME
            )

    def clean(self) -> dict[str, Any]:
        """Read the opening and closing times in the chosen time zone."""
        cleaned = super().clean() or {}
        zone = _zone(str(cleaned.get("time_zone", "UTC")))
        for name in ("opens_at", "closes_at"):
            try:
                cleaned[name] = _moment(str(cleaned.get(name, "")), zone)
            except ValidationError as error:
                self.add_error(name, error)
        opens, closes = cleaned.get("opens_at"), cleaned.get("closes_at")
        if opens and closes and closes <= opens:
            self.add_error("closes_at", gettext("The experiment must close after it opens."))
        return cleaned

    def clean_end_address(self) -> str:
        """Refuse text that is no web address."""
        address = str(self.cleaned_data["end_address"]).strip()
        parts = urlsplit(address)
        if address and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValidationError(gettext("Enter an address that begins with https://."))
        return address

    def values(self) -> dict[str, Any]:
        """Return the fields to store; the password sealed."""
        password = self.cleaned_data["launch_password"].strip()
        chosen = {name: self.cleaned_data[name] for name in _FIELDS}
        return {**chosen, "password": seal(password) if password else ""}

    def _post_clean(self) -> None:
        """Do not change the instance: the values are stored by the service, under the study's lock."""


class ConditionForm(forms.Form):
    """One condition; a row without a name is none."""

    name = forms.CharField(label=gettext_lazy("Condition"), required=False, max_length=100)
    weight = forms.IntegerField(
        label=gettext_lazy("Weight"), required=False, min_value=1, max_value=1000, initial=1
    )
    quota = forms.IntegerField(label=gettext_lazy("Quota"), required=False, min_value=1, max_value=1_000_000)


class ConditionRows(_Forms):
    """The rows of all conditions."""

    def chosen(self) -> list[ChosenCondition]:
        """Return the conditions that have a name."""
        return [
            ChosenCondition(one["name"].strip(), one.get("weight") or 1, one.get("quota"))
            for one in self.cleaned_data
            if one.get("name", "").strip()
        ]


ConditionForms = cast(
    "type[ConditionRows]",
    forms.formset_factory(
        ConditionForm, formset=ConditionRows, extra=2, max_num=MAX_CONDITIONS + 2, validate_max=True
    ),
)


def condition_forms(data: Any, experiment: Experiment) -> ConditionRows:
    """Return the rows of an experiment's conditions, with two empty ones."""
    rows = experiment.conditions.values("name", "weight", "quota")
    # What was posted is not compared with what is stored: a row that looks as before is a row all the same.
    return ConditionForms(data, prefix="conditions", initial=None if data else list(rows))


class LinksForm(forms.Form):
    """How many personal links to create, or for whom."""

    count = forms.IntegerField(
        label=gettext_lazy("Number of links"), required=False, min_value=1, max_value=MAX_LINKS_AT_ONCE
    )
    csv = forms.FileField(
        label=gettext_lazy("CSV file"),
        required=False,
        help_text=gettext_lazy(
            "One line a participant: a label, and if you like URL parameters whose names stand in the first line."
        ),
    )
    is_resumable = forms.BooleanField(
        label=gettext_lazy("A link continues the same session until it is finished"), required=False
    )

    def clean(self) -> dict[str, Any]:
        """Require exactly one of the two."""
        cleaned = super().clean() or {}
        if not self.errors and bool(cleaned.get("count")) == bool(cleaned.get("csv")):
            raise ValidationError(gettext("Enter a number, or choose a CSV file."))
        return cleaned


def with_preset(given: Any, platform: str) -> Any:
    """Return the form data filled in for a recruitment platform; existing codes stay."""
    filled = given.copy()
    if platform in PRESETS:
        filled["recruitment"] = platform
        filled["end_address"] = PRESETS[Experiment.Recruitment(platform)]
        if platform != Experiment.Recruitment.SONA:  # Sona gives credit by the address alone
            for name in ("completion_code", "screened_out_code", "over_quota_code"):
                filled[name] = filled.get(name) or public_id()[:8].upper()
    return filled


@cache
def _zones() -> frozenset[str]:
    """Return UTC and the zones named by a place; the others are old names of these, or no place's time."""
    named = {one for one in available_timezones() if one.partition("/")[0] in _REGIONS and "/" in one}
    return frozenset({"UTC", *named})


def _zone(name: str) -> ZoneInfo | Any:
    return timezone.get_default_timezone() if name == "UTC" else ZoneInfo(name)


def _local(moment: datetime | None, zone: Any) -> str:
    return f"{moment.astimezone(zone):{_LOCAL_TIME}}" if moment else ""


def _moment(text: str, zone: Any) -> datetime | None:
    """Return the time of a local time; hours that a clock change skips or doubles are refused."""
    if not text:
        return None
    try:
        found = datetime.strptime(text[:16], _LOCAL_TIME)  # noqa: DTZ007 - its zone is added below
    except ValueError as error:
        raise ValidationError(gettext("This takes a date and a time.")) from error
    with timezone.override(zone):
        return from_current_timezone(found)


def _password(experiment: Experiment) -> str:
    try:
        return unseal(experiment.password) if experiment.password else ""
    except SealBroken:
        return ""
