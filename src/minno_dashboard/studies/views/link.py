"""The pages of a study's read-only link, without login: its newest version, to read, play and download."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from minno_dashboard.accounts.access import login_not_required
from minno_dashboard.studies import playing
from minno_dashboard.studies.contents import FilesOfVersion
from minno_dashboard.studies.queries import newest_version, study_by_link
from minno_dashboard.studies.views.play import told
from minno_dashboard.studies.views.raw import served, zipped
from minno_dashboard.studies.views.viewing import viewed

View = Callable[..., HttpResponseBase]


def by_link(view: View) -> View:
    """Decorate a view open to holders of the link; the address is the key, so no referrer is sent."""

    @wraps(view)
    def open_view(request: HttpRequest, code: str, **more: Any) -> HttpResponseBase:
        response = view(request, code, **more)
        response["Referrer-Policy"] = "no-referrer"
        response["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return login_not_required(require_GET(open_view))


@by_link
@never_cache
def show(request: HttpRequest, code: str) -> HttpResponseBase:
    """Show the files of the study, and the one that was chosen."""
    study = study_by_link(code)
    version = newest_version(study)
    given = FilesOfVersion(study.kind, version.tree)
    context = {"study": study, "version": version, "code": code}
    context |= viewed(request, given, base=reverse("view_by_link", args=[code]))
    return render(request, "studies/by_link.html", context)


@by_link
def raw(request: HttpRequest, code: str, path: str) -> HttpResponseBase:
    """Return one file as it is."""
    study = study_by_link(code)
    return served(request, FilesOfVersion(study.kind, newest_version(study).tree).at(path))


@by_link
def play(request: HttpRequest, code: str) -> HttpResponseBase:
    """Return the address of the preview, and how long it is valid."""
    return told(playing.make_key_of_link(study=study_by_link(code)))


@by_link
def download(request: HttpRequest, code: str) -> HttpResponseBase:
    """Return the whole version as a zip."""
    study = study_by_link(code)
    version = newest_version(study)
    return zipped(version.tree, f"{study.name} {version}")
