"""Study → Data: the section about the user's own Dropbox, and its switch."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils.html import escape
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from minno_dashboard.accounts.access import person
from minno_dashboard.accounts.models import User
from minno_dashboard.collection.models import DataFolder
from minno_dashboard.core import clock
from minno_dashboard.core.errors import Refused
from minno_dashboard.mirror.connecting import data_opt_in
from minno_dashboard.mirror.models import link_of
from minno_dashboard.mirror.pages import mirror_status
from minno_dashboard.mirror.wanted import data_folders
from minno_dashboard.studies.access import Action, may
from minno_dashboard.studies.models import Study
from minno_dashboard.studies.queries import get_study
from minno_dashboard.ui import words


def section(request: HttpRequest) -> str:
    """Render whether the data are in the user's Dropbox; empty for users who may not read the data."""
    study = getattr(request, "slot_subject", None)
    user = request.user
    if not isinstance(study, Study) or not isinstance(user, User) or not may(user, Action.READ_DATA, study):
        return ""
    is_on = data_folders.asked_for().filter(link__user=user, study=study).exists()
    context = {
        "study": study,
        "is_connected": link_of(user) is not None,
        "is_on": is_on,
        "sentence": _sentence(user, study) if is_on else "",
    }
    return render_to_string("mirror/study_data.html", context, request)


def stored_sentence(request: HttpRequest) -> str:
    """Say in whose Dropboxes the data of a study are."""
    study = getattr(request, "slot_subject", None)
    if not isinstance(study, Study):
        return ""
    people = User.objects.filter(pk__in=data_folders.receivers(study)).order_by("pk")
    if not people:
        return escape(gettext("In nobody’s Dropbox: no data folder is switched on."))
    said = gettext(
        "In the Dropboxes of: %(names)s. Dropbox keeps earlier contents of files for 30 days or more; a folder that is switched off stays in Deleted for 90 days."
    )
    return escape(said % {"names": ", ".join(str(one) for one in people)})


def _sentence(user: User, study: Study) -> str:
    """Return which data are in the user's Dropbox; "proven" only where everything was compared."""
    folder = DataFolder.objects.filter(study=study).first()
    if folder is None or folder.made_at is None:
        return gettext("The files are being made. They are in your Dropbox in a minute or two.")
    badge = mirror_status.study_badge(user, study)
    sessions = words.plural(folder.sessions, "session", "sessions")
    link = link_of(user)
    if badge.state == "proven" and link is not None and link.proven_at is not None:
        ago = words.ago(link.proven_at, now=clock.now())
        return gettext("%(sessions)s: in your Dropbox, proven %(ago)s.") % {"sessions": sessions, "ago": ago}
    return gettext("%(sessions)s: on their way to your Dropbox.") % {"sessions": sessions} + " " + badge.full


@require_POST
def switch(request: HttpRequest, public_id: str) -> HttpResponse:
    """Switch the data of a study in the user's Dropbox on or off."""
    user = person(request)
    study = get_study(user, public_id, Action.READ_DATA)
    is_on = request.POST.get("wanted") == "on"
    try:
        (data_opt_in.switch_on if is_on else data_opt_in.switch_off)(user=user, study=study)
    except Refused as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request,
            gettext("The data are coming into your Dropbox.")
            if is_on
            else gettext(
                "No more data come into your Dropbox. What was there moves to its folder “Deleted”."
            ),
        )
    return redirect("study_data", public_id)
