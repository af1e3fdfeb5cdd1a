"""The versions of a study: the list of them, publishing, the next one, comparing, going back."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from minno_dashboard.accounts.access import person
from minno_dashboard.core.errors import Refused
from minno_dashboard.core.numbers import whole_number
from minno_dashboard.files import queries as files
from minno_dashboard.studies import experiments, services
from minno_dashboard.studies.access import Action, standing
from minno_dashboard.studies.comparison import How, compare
from minno_dashboard.studies.models import Version
from minno_dashboard.studies.queries import get_study, get_version, newest_version

MAX_SHOWN = 1000
"""How many differences one page shows."""


@never_cache
@require_GET
def show(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show all versions, the newest first."""
    user = person(request)
    study = get_study(user, public_id, Action.READ_FILES)
    versions = sorted(study.versions.all(), key=lambda one: -one.number)
    prefetch_related_objects(versions, "published_by")
    totals = files.totals([version.tree for version in versions])
    context = {
        "study": study,
        "version": versions[0],
        "rows": [(version, totals.get(version.tree_id, files.Totals())) for version in versions],
        "is_newest": True,
        "next_number": versions[0].number + 1,
        "rights": standing(user, study).rights,
    }
    return render(request, "studies/versions.html", context)


@never_cache
@require_GET
def show_comparison(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show what differs between two versions, by default the two newest."""
    study = get_study(person(request), public_id, Action.READ_FILES)
    newest = newest_version(study)
    new = get_version(study, whole_number(request.GET.get("to", "")) or newest.number)
    old = get_version(study, whole_number(request.GET.get("from", "")) or max(1, new.number - 1))
    comparison = compare(files.listing(old.tree), files.listing(new.tree))
    context = {
        "study": study,
        "old": old,
        "new": new,
        "versions": sorted(study.versions.all(), key=lambda one: -one.number),
        "differences": comparison.differences[:MAX_SHOWN],
        "left_out": max(0, len(comparison.differences) - MAX_SHOWN),
        "counts": [(how, comparison.count(how)) for how in How],
        "same": comparison.same,
        "titles": [str(old), str(new)],
    }
    return render(request, "studies/compare.html", context)


@require_POST
def publish(request: HttpRequest, public_id: str) -> HttpResponse:
    """Publish the version in development."""
    user, note = person(request), request.POST.get("note", "")
    study = get_study(user, public_id, Action.MANAGE)
    relinks = {"keep": experiments.keep_launch_link, "new": experiments.new_launch_link}
    relink = relinks.get(request.POST.get("launch_link", ""))
    return _done(
        request,
        public_id,
        lambda: services.publish(study=study, by=user, note=note, relink=relink),
        gettext("{} is published. Its files are now locked."),
    )


@require_POST
def new_version(request: HttpRequest, public_id: str) -> HttpResponse:
    """Make the next version in development."""
    user = person(request)
    study = get_study(user, public_id, Action.MANAGE)
    return _done(
        request,
        public_id,
        lambda: services.new_version(study=study, by=user),
        gettext("{} starts with the files of the previous version."),
    )


@require_POST
def roll_back(request: HttpRequest, public_id: str, number: int) -> HttpResponse:
    """Make the next version with the files of an earlier one."""
    user = person(request)
    study = get_study(user, public_id, Action.MANAGE)
    to = get_version(study, number)
    return _done(
        request,
        public_id,
        lambda: services.roll_back(study=study, to=to, by=user),
        gettext("{} starts with the files of %(to)s. Nothing of the versions in between is lost.")
        % {"to": to},
    )


@require_POST
def note(request: HttpRequest, public_id: str, number: int) -> HttpResponse:
    """Change the note of a version."""
    user = person(request)
    version = get_version(get_study(user, public_id, Action.MANAGE), number)
    try:
        services.note_version(version=version, note=request.POST.get("note", ""), by=user)
        messages.success(request, gettext("The note of %(version)s is saved.") % {"version": version})
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("study_versions", public_id)


def _done(request: HttpRequest, public_id: str, verb: Callable[[], Version], sentence: str) -> HttpResponse:
    try:
        messages.success(request, sentence.format(verb()))
    except Refused as refused:
        messages.error(request, str(refused))
    file = request.POST.get("file", "")
    return redirect(reverse("study", args=[public_id]) + (f"?{urlencode({'file': file})}" if file else ""))
