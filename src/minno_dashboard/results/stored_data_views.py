"""Study → Data → What is stored: the page for ethics committees, also as text."""

from __future__ import annotations

from html import unescape

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from minno_dashboard.accounts.access import person
from minno_dashboard.results import stored_data
from minno_dashboard.studies.access import Action, standing
from minno_dashboard.studies.queries import get_study
from minno_dashboard.ui import slots


@never_cache
@require_GET
def show(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show what is stored of participants; with `?as=text` answer with it as a text file."""
    user = person(request)
    study = get_study(user, public_id, Action.READ_DATA)
    request.slot_subject = study  # type: ignore[attr-defined]
    places = [unescape(one.render(request)) for one in slots.contributions("study.stored")]
    parts = stored_data.describe(study, places=[one for one in places if one])
    if request.GET.get("as") == "text":
        answer = HttpResponse(stored_data.as_text(study, parts), content_type="text/plain; charset=utf-8")
        answer["Content-Disposition"] = 'attachment; filename="what-is-stored.txt"'
        return answer
    context = {"study": study, "rights": standing(user, study).rights, "parts": parts}
    return render(request, "results/stored_data.html", context)
