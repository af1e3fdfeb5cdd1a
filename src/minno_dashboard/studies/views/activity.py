"""Who did what to a study, and when."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from minno_dashboard.accounts.access import person
from minno_dashboard.studies.access import Action, standing
from minno_dashboard.studies.activity import activity_of
from minno_dashboard.studies.queries import get_study

AT_ONCE = 50


@never_cache
@require_GET
def show(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show a page of the study's activity, the latest first."""
    user = person(request)
    study = get_study(user, public_id, Action.SEE_MEMBERS)
    page = Paginator(activity_of(study), AT_ONCE).get_page(request.GET.get("page"))
    context = {"study": study, "page": page, "rights": standing(user, study).rights}
    return render(request, "studies/activity.html", context)
