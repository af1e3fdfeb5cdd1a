"""Study → Data: the list of sessions, and one session."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from minno_dashboard.accounts.access import person
from minno_dashboard.core import clock
from minno_dashboard.core.errors import Invalid
from minno_dashboard.core.numbers import whole_number
from minno_dashboard.results import queries, retention, services
from minno_dashboard.results.forms import FilterForm, MarkForm
from minno_dashboard.results.stages import sentence
from minno_dashboard.studies.access import Action, standing
from minno_dashboard.studies.queries import get_study


@never_cache
@require_GET
def show(request: HttpRequest, public_id: str) -> HttpResponse:
    """List a study's sessions, the newest first, with their counts."""
    user = person(request)
    study = get_study(user, public_id, Action.READ_DATA)
    form = FilterForm(request.GET, study=study)
    chosen = form.selection()
    kept = {name: request.GET[name] for name in form.fields if request.GET.get(name)}
    page = queries.page_of_sessions(chosen, request.GET.get("after", ""))
    context = {
        "study": study,
        "rights": standing(user, study).rights,
        "form": form,
        "mark_form": MarkForm(),
        "kept": urlencode(kept),
        "next": urlencode({**kept, "after": page.next_cursor}) if page.next_cursor else "",
        "is_first": not request.GET.get("after"),
        "sessions": [(one, queries.stage_name(one)) for one in page.sessions],
        "counts": queries.counts_of(chosen),
        "days": queries.sessions_per_day(chosen),
        "months": retention.months_of(study),
    }
    return render(request, "results/data.html", context)


@require_POST
def mark(request: HttpRequest, public_id: str) -> HttpResponse:
    """Mark the ticked sessions."""
    user = person(request)
    study = get_study(user, public_id, Action.READ_DATA)
    form = MarkForm(request.POST)
    given = [whole_number(one) for one in request.POST.getlist("session")[: queries.SESSIONS_ON_A_PAGE]]
    chosen = [one for one in given if one is not None]
    if not form.is_valid():
        messages.error(request, gettext("Choose what to do. A note can have at most 2,000 characters."))
    elif not chosen:
        messages.error(request, gettext("No sessions are selected. Nothing was changed."))
    else:
        try:
            count = services.mark_sessions(study=study, session_ids=chosen, by=user, **form.cleaned_data)
        except Invalid as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, gettext("Sessions changed: %(count)s.") % {"count": count})
    kept = request.POST.get("kept", "")
    return redirect(reverse("study_data", args=[public_id]) + (f"?{kept}" if kept else ""))


@never_cache
@require_GET
def session(request: HttpRequest, public_id: str, session_id: int) -> HttpResponse:
    """Show one session: its stage, its submissions, and the errors of the browser."""
    user = person(request)
    study = get_study(user, public_id, Action.READ_DATA)
    found = queries.get_session(study, session_id)
    page = Paginator(queries.submissions_of(found), queries.SUBMISSIONS_ON_A_PAGE).get_page(
        request.GET.get("page")
    )
    context = {
        "study": study,
        "rights": standing(user, study).rights,
        "session": found,
        "stage": queries.stage_name(found),
        "sentence": sentence(found, clock.now()),
        "page": page,
        "submissions": queries.shown(found, list(page), page.start_index()),
        "errors": queries.errors_of(found),
    }
    return render(request, "results/session.html", context)
