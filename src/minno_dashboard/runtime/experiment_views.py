"""The Experiments page of a study: launch links, settings, closing."""

from __future__ import annotations

from typing import Any

import segno
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from minno_dashboard.accounts.access import person
from minno_dashboard.collection.conditions import set_conditions
from minno_dashboard.core.errors import Refused
from minno_dashboard.core.numbers import whole_number
from minno_dashboard.files import queries as files
from minno_dashboard.runtime import players
from minno_dashboard.runtime.experiment_forms import PRESETS, SettingsForm, condition_forms, with_preset
from minno_dashboard.runtime.launching import launch_address, test_address
from minno_dashboard.studies import experiments
from minno_dashboard.studies.access import Action, standing
from minno_dashboard.studies.experiment_files import file_of
from minno_dashboard.studies.models import Experiment, Study, Version
from minno_dashboard.studies.queries import get_study, get_version, newest_version


@never_cache
@require_GET
def show(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show a study's experiments; `?file=` names a file to be made one."""
    user = person(request)
    study = get_study(user, public_id, Action.SEE_MEMBERS)
    rights = standing(user, study).rights
    version = newest_version(study)
    number = whole_number(request.GET.get("file", ""))
    node = files.get_node(tree=version.tree, node_id=number) if number else None
    context = {
        "study": study,
        "version": version,
        "rights": rights,
        "node": node if Action.LAUNCH in rights else None,
        "suggested": node.name.rpartition(".")[0] or node.name if node else "",
        "rows": [_row(one, version) for one in experiments.experiments_of(study)],
        "versions": sorted(study.versions.all(), key=lambda one: -one.number),
        "player": players.minnojs(),
        "player_version": players.CDN_VERSION,
    }
    return render(request, "runtime/experiments.html", context)


@require_POST
def add(request: HttpRequest, public_id: str) -> HttpResponse:
    """Make a file of the newest version an experiment."""
    user = person(request)
    study = get_study(user, public_id, Action.LAUNCH)
    version = newest_version(study)
    try:
        node = files.get_node(tree=version.tree, node_id=whole_number(request.POST.get("file", "")) or 0)
        experiments.add_experiment(
            study=study, version=version, node=node, by=user, name=request.POST.get("name", "")
        )
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("study_experiments", public_id)


@never_cache
@require_http_methods(["GET", "POST"])
def change(request: HttpRequest, public_id: str, experiment_id: str) -> HttpResponse:
    """Change the descriptive ID and the launch settings of an experiment; `preset` only fills the form in."""
    user = person(request)
    study, experiment = asked(request, public_id, experiment_id)
    if platform := request.POST.get("preset"):
        filled = SettingsForm(with_preset(request.POST, platform), experiment=experiment)
        return _settings_page(request, study, experiment, form=filled)
    form = SettingsForm(request.POST or None, experiment=experiment)
    if request.method == "POST" and form.is_valid():
        try:
            experiments.save_settings(
                experiment=experiment,
                name=form.cleaned_data["name"],
                values=form.values(),
                time_zone=form.cleaned_data["time_zone"],
                by=user,
            )
        except Refused as refused:
            form.add_error("name", str(refused))
        else:
            return redirect("study_experiments", public_id)
    return _settings_page(request, study, experiment, form=form)


@require_POST
def change_conditions(request: HttpRequest, public_id: str, experiment_id: str) -> HttpResponse:
    """Give an experiment other conditions."""
    study, experiment = asked(request, public_id, experiment_id)
    rows = condition_forms(request.POST, experiment)
    if rows.is_valid():
        try:
            set_conditions(experiment=experiment, chosen=rows.chosen(), by=person(request))
        except Refused as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, gettext("The conditions are saved."))
        return redirect("change_experiment", public_id, experiment_id)
    return _settings_page(request, study, experiment, rows=rows)


def _settings_page(
    request: HttpRequest,
    study: Study,
    experiment: Experiment,
    *,
    form: SettingsForm | None = None,
    rows: Any = None,
) -> HttpResponse:
    is_refused = bool(form and form.errors) or (rows is not None and not rows.is_valid())
    context = {
        "study": study,
        "experiment": experiment,
        "form": form or SettingsForm(None, experiment=experiment),
        "conditions": rows if rows is not None else condition_forms(None, experiment),
        "taken": list(experiment.conditions.all()),
        "presets": [(one.value, one.label) for one in PRESETS],
    }
    return render(request, "runtime/experiment.html", context, status=422 if is_refused else 200)


@require_POST
def set_active(request: HttpRequest, public_id: str, number: int) -> HttpResponse:
    """Let the launch links of a version start sessions, or stop them."""
    user = person(request)
    study = get_study(user, public_id, Action.LAUNCH)
    is_active = request.POST.get("active") == "yes"
    experiments.set_active(version=get_version(study, number), is_active=is_active, by=user)
    return redirect("study_experiments", public_id)


@require_POST
def close(request: HttpRequest, public_id: str, experiment_id: str) -> HttpResponse:
    """Close an experiment, or open it again."""
    user = person(request)
    _, experiment = asked(request, public_id, experiment_id)
    try:
        if request.POST.get("open") == "yes":
            experiments.reopen_experiment(experiment=experiment, by=user)
        else:
            experiments.close_experiment(experiment=experiment, by=user)
            messages.success(
                request, gettext("The experiment is closed. Sessions that are running can finish.")
            )
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("study_experiments", public_id)


def asked(request: HttpRequest, public_id: str, experiment_id: str) -> tuple[Study, Experiment]:
    """Return the study and the experiment of an address, if the person may change the experiments of the study."""
    study = get_study(person(request), public_id, Action.LAUNCH)
    return study, experiments.get_experiment(study, experiment_id)


def _row(experiment: Experiment, version: Version) -> dict[str, object]:
    node = file_of(experiment, version)
    address = launch_address(experiment, version)
    return {
        "experiment": experiment,
        "path": files.path_of(node) if node else "",
        "launch": address,
        "test": test_address(experiment, version),
        "qr": _qr(address),
    }


def _qr(address: str) -> SafeString:
    drawn = segno.make(address, error="m", micro=False).svg_inline(
        scale=4, border=4, light="#fff", dark="#000"
    )
    return mark_safe(drawn)  # noqa: S308 - drawn by the library from our own address
