"""The first steps on the Studies list: which are shown to whom, and the steps of this app."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext

from minno_dashboard.accounts.access import person
from minno_dashboard.accounts.audit import admin_acting
from minno_dashboard.studies import players, queries
from minno_dashboard.ui import first_steps, manual
from minno_dashboard.ui.first_steps import Audience, FirstStep

MAX_STUDIES_OF_A_BEGINNER = 1


def contribute() -> None:
    """Register the steps; called once at start."""
    first_steps.contribute(Audience.PERSON, name="study", order=10, read=_study)
    first_steps.contribute(Audience.PERSON, name="files", order=20, read=_files)
    first_steps.contribute(Audience.INSTALLATION, name="player", order=40, read=_player)


def lists(request: HttpRequest) -> list[tuple[Audience, list[FirstStep]]]:
    """Return the lists of steps for this person; a list that is done, or that they hid, is left out.

    A person's own list ends with their second study. While an admin acts as somebody there is none: the steps are
    that person's to take.
    """
    user = person(request)
    if user.hides_first_steps or admin_acting.get() is not None:
        return []
    audiences = [Audience.INSTALLATION] if user.is_admin else []
    if len(queries.first_studies(user, MAX_STUDIES_OF_A_BEGINNER + 1)) <= MAX_STUDIES_OF_A_BEGINNER:
        audiences.append(Audience.PERSON)
    found = [(audience, first_steps.steps(audience, request)) for audience in audiences]
    return [(audience, steps) for audience, steps in found if not all(one.is_done for one in steps)]


def _study(request: HttpRequest) -> FirstStep:
    return FirstStep(
        "study",
        gettext("Create a study"),
        gettext("Begin with an empty one, or with an example that already runs."),
        is_done=bool(queries.first_studies(person(request), 1)),
    )


def _files(request: HttpRequest) -> FirstStep:
    user = person(request)
    studies = queries.first_studies(user, 1)
    return FirstStep(
        "files",
        gettext("Upload your files"),
        gettext("In the study: drop files, a whole folder or a zip on the left side, or choose Upload."),
        is_done=queries.has_files(user),
        address=reverse("study", args=[studies[0].public_id]) if studies else "",
        link=gettext("Open the study"),
    )


def _player(request: HttpRequest) -> FirstStep:
    return FirstStep(
        "player",
        gettext("The MinnoJS player"),
        gettext("Previews of MinnoJS studies need it; studies in HTML and jsPsych do not."),
        is_done=players.is_installed(),
        address=manual.address_of("operator#the-minnojs-player"),
        link=gettext("How to install it"),
    )
