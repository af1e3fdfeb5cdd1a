"""Study → Data → Delete data: which sessions, the confirmation, and undoing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from minno_dashboard.accounts.access import person
from minno_dashboard.collection.models import DataDeletion
from minno_dashboard.core import clock
from minno_dashboard.core.errors import Invalid, Refused
from minno_dashboard.results import deleting
from minno_dashboard.results.forms import DeletionForm
from minno_dashboard.results.selection import sessions_of
from minno_dashboard.studies.access import Action, standing
from minno_dashboard.studies.models import Study
from minno_dashboard.studies.queries import get_study

DELETIONS_SHOWN = 30


@never_cache
@require_http_methods(["GET", "POST"])
def show(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show how many sessions a filter means, delete them once the study's name is typed, list what was deleted."""
    user = person(request)
    study = get_study(user, public_id, Action.DELETE_DATA)
    given = request.POST if request.method == "POST" else request.GET
    form = DeletionForm(given if "chosen" in given else None, study=study)
    context: dict[str, Any] = {
        "study": study,
        "rights": standing(user, study).rights,
        "form": form,
        "error": "",
    }
    if form.is_valid():
        before = _moment(request.POST.get("before", "")) or clock.now()
        if request.method == "POST":
            try:
                made = deleting.delete_data(
                    study=study,
                    criteria=form.criteria(),
                    before=before,
                    typed_name=request.POST.get("study_name", ""),
                    by=user,
                )
            except Invalid as refused:
                context["error"] = str(refused)
            else:
                messages.success(
                    request,
                    gettext("Sessions deleted: %(count)s. You can undo this for 30 days.")
                    % {"count": made.sessions},
                )
                return redirect("delete_data", public_id)
        context["count"] = sessions_of(deleting.selection_of(study, form.criteria(), before)).count()
        context["hidden"] = [(name, value) for name in form.fields for value in given.getlist(name)]
        context["before"] = before.isoformat()
    context["deletions"] = _deletions(study)
    status = 422 if form.errors or context["error"] else 200
    return render(request, "results/delete_data.html", context, status=status)


@require_POST
def undo(request: HttpRequest, public_id: str, deletion_id: int) -> HttpResponse:
    """Bring back what was deleted together."""
    user = person(request)
    study = get_study(user, public_id, Action.DELETE_DATA)
    try:
        count = deleting.undo(deletion=deleting.get_deletion(study, deletion_id), by=user)
    except Refused as refused:
        if refused.status == 404:
            raise
        messages.error(request, str(refused))
    else:
        messages.success(request, gettext("Sessions brought back: %(count)s.") % {"count": count})
    return redirect("delete_data", public_id)


def _deletions(study: Study) -> list[tuple[DataDeletion, datetime]]:
    """Return the latest deletions, each with the moment until which it can be undone."""
    found = DataDeletion.objects.filter(study=study).select_related("by").order_by("-deleted_at", "-pk")
    return [(one, one.deleted_at + deleting.UNDO) for one in found[:DELETIONS_SHOWN]]


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
