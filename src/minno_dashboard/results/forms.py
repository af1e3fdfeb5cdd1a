"""Forms of the Data page."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.utils.translation import gettext, gettext_lazy

from minno_dashboard.results.erasing import Who
from minno_dashboard.results.exporting import Format
from minno_dashboard.results.models import Erasure
from minno_dashboard.results.retention import MAX_MONTHS
from minno_dashboard.results.selection import Selection
from minno_dashboard.results.services import MAX_NOTE_CHARACTERS, Mark
from minno_dashboard.results.stages import NAMES, Stage
from minno_dashboard.studies.models import Study

FORMAT_NAMES = {
    Format.TIDY: gettext_lazy("Tidy CSV: one row per trial, for R, Python and SPSS"),
    Format.EXCEL: gettext_lazy("Excel"),
    Format.CLASSIC: gettext_lazy("Classic: the columns of the existing minnoDashboard"),
    Format.WIDE: gettext_lazy("Wide CSV: one row per session"),
    Format.JSONL: gettext_lazy("JSON Lines"),
    Format.PARQUET: gettext_lazy("Parquet"),
    Format.SAV: gettext_lazy("SPSS (.sav)"),
    Format.PSYCH_DS: gettext_lazy("Psych-DS data set"),
}
SPLITS = {
    "taskName": gettext_lazy("One file per task"),
    "": gettext_lazy("One file"),
}


class FilterForm(forms.Form):
    """Which sessions the list shows."""

    experiment = forms.TypedChoiceField(
        label=gettext_lazy("Experiment"), required=False, coerce=int, empty_value=None
    )
    version = forms.TypedChoiceField(
        label=gettext_lazy("Version"), required=False, coerce=int, empty_value=None
    )
    stage = forms.ChoiceField(label=gettext_lazy("State"), required=False)
    tests = forms.ChoiceField(label=gettext_lazy("Tests"), required=False)

    def __init__(self, *args: Any, study: Study, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.study = study
        everything = ("", gettext("All"))
        self._choose(
            "experiment", [everything, *study.experiments.order_by("name").values_list("pk", "name")]
        )
        self._choose("version", [everything, *((one.number, str(one)) for one in study.versions.all())])
        self._choose("stage", [everything, *((one.value, gettext(name)) for one, name in NAMES.items())])
        self._choose(
            "tests", [everything, ("without", gettext("Without tests")), ("only", gettext("Only tests"))]
        )

    def _choose(self, name: str, choices: list[tuple[Any, str]]) -> None:
        cast(forms.ChoiceField, self.fields[name]).choices = choices

    def selection(self) -> Selection:
        """Return what was chosen; a choice that there is not counts as none."""
        self.is_valid()
        asked = self.cleaned_data
        experiment, version, stage = asked.get("experiment"), asked.get("version"), asked.get("stage")
        return Selection(
            study=self.study,
            experiment_ids=(experiment,) if experiment else (),
            version_numbers=(version,) if version else (),
            stage=Stage(stage) if stage else None,
            has_tests=asked.get("tests") != "without",
            is_tests_only=asked.get("tests") == "only",
        )


class MarkForm(forms.Form):
    """What to do to the sessions that are ticked."""

    mark = forms.TypedChoiceField(
        coerce=Mark,
        choices=[
            (Mark.TEST.value, gettext_lazy("Mark as test")),
            (Mark.NO_TEST.value, gettext_lazy("Not a test")),
            (Mark.EXCLUDE.value, gettext_lazy("Exclude")),
            (Mark.INCLUDE.value, gettext_lazy("Include again")),
            (Mark.NOTE.value, gettext_lazy("Set the note")),
        ],
        label=gettext_lazy("Action"),
    )
    note = forms.CharField(label=gettext_lazy("Note"), required=False, max_length=MAX_NOTE_CHARACTERS)


class SessionsForm(forms.Form):
    """Which sessions of a study."""

    experiments = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Experiments"),
        required=False,
        coerce=int,
        help_text=gettext_lazy("Select none to include all."),
        widget=forms.SelectMultiple(attrs={"size": 4}),
    )
    versions = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Versions"),
        required=False,
        coerce=int,
        help_text=gettext_lazy("Select none to include all."),
        widget=forms.SelectMultiple(attrs={"size": 4}),
    )
    since = forms.DateField(
        label=gettext_lazy("From"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(
        label=gettext_lazy("To"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    finished = forms.BooleanField(label=gettext_lazy("Only finished sessions"), required=False)

    def __init__(self, *args: Any, study: Study, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, choices in {
            "experiments": list(study.experiments.order_by("name").values_list("pk", "name")),
            "versions": [(one.number, str(one)) for one in study.versions.all()],
        }.items():
            cast(forms.MultipleChoiceField, self.fields[name]).choices = choices

    def clean(self) -> dict[str, Any]:
        """Refuse days in the wrong order."""
        asked = super().clean() or self.cleaned_data
        if asked.get("since") and asked.get("until") and asked["since"] > asked["until"]:
            self.add_error("until", gettext("This day is before the start day."))
        return asked

    def criteria(self) -> dict[str, Any]:
        """Return which sessions, as a request or a deletion keeps it."""
        asked = self.cleaned_data
        return {
            "experiments": asked["experiments"],
            "versions": asked["versions"],
            "since": asked["since"].isoformat() if asked["since"] else None,
            "until": asked["until"].isoformat() if asked["until"] else None,
            "finished": asked["finished"],
        }


class DataRequestForm(SessionsForm):
    """What a download holds."""

    file_format = forms.TypedChoiceField(
        label=gettext_lazy("Format"),
        coerce=Format,
        choices=[(one.value, name) for one, name in FORMAT_NAMES.items()],
    )
    tests = forms.BooleanField(label=gettext_lazy("Also sessions marked as tests"), required=False)
    split_by = forms.ChoiceField(
        label=gettext_lazy("Files of the classic format"), required=False, choices=list(SPLITS.items())
    )
    field_order = ("file_format",)

    def criteria(self) -> dict[str, Any]:
        """Return which sessions, as a request keeps it."""
        return {**super().criteria(), "tests": self.cleaned_data["tests"]}


class DeletionForm(SessionsForm):
    """Which sessions to delete."""

    tests_only = forms.BooleanField(label=gettext_lazy("Only sessions marked as tests"), required=False)

    def criteria(self) -> dict[str, Any]:
        """Return which sessions, as a deletion keeps it."""
        return {**super().criteria(), "tests_only": self.cleaned_data["tests_only"]}


class RetentionForm(forms.Form):
    """After how many months data are deleted."""

    months = forms.IntegerField(
        label=gettext_lazy("Months after a session ended"), min_value=1, max_value=MAX_MONTHS
    )


class ErasureForm(forms.Form):
    """Which participant to erase."""

    found_by = forms.TypedChoiceField(
        label=gettext_lazy("Find by"), coerce=Erasure.FoundBy, choices=Erasure.FoundBy.choices
    )
    parameter = forms.CharField(
        label=gettext_lazy("URL parameter"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("For example PROLIFIC_PID. Leave it empty for any URL parameter."),
    )
    value = forms.CharField(label=gettext_lazy("Value"), max_length=1000)

    def who(self) -> Who:
        """Return how to find the participant."""
        asked = self.cleaned_data
        is_parameter = asked["found_by"] == Erasure.FoundBy.PARAMETER
        return Who(asked["found_by"], asked["value"], asked["parameter"] if is_parameter else "")
