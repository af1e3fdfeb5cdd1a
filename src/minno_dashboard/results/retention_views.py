"""Study → Data → Automatic deletion: after how many months, with a preview."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from minno_dashboard.accounts.access import person
from minno_dashboard.core.errors import Invalid
from minno_dashboard.results import retention
from minno_dashboard.results.forms import RetentionForm
from minno_dashboard.studies.access import Action, standing
from minno_dashboard.studies.queries import get_study


@never_cache
@require_http_methods(["GET", "POST"])
def show(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show how many sessions a number of months means now; set it once the study's name is typed, or turn it off."""
    user = person(request)
    study = get_study(user, public_id, Action.DELETE_DATA)
    if request.method == "POST" and "off" in request.POST:
        retention.set_retention(study=study, months=None, by=user)
        messages.success(request, gettext("Automatic deletion is off."))
        return redirect("data_retention", public_id)
    given = request.POST if request.method == "POST" else request.GET
    form = RetentionForm(given if "months" in given else None)
    context: dict[str, Any] = {
        "study": study,
        "rights": standing(user, study).rights,
        "form": form,
        "months": retention.months_of(study),
        "error": "",
    }
    if form.is_valid():
        months = form.cleaned_data["months"]
        if request.method == "POST":
            typed = request.POST.get("study_name", "")
            try:
                retention.set_retention(study=study, months=months, typed_name=typed, by=user)
            except Invalid as refused:
                context["error"] = str(refused)
            else:
                messages.success(request, gettext("Automatic deletion is set."))
                return redirect("data_retention", public_id)
        context["count"] = retention.due(study, months).count()
        context["chosen"] = months
    status = 422 if form.errors or context["error"] else 200
    return render(request, "results/retention.html", context, status=status)
