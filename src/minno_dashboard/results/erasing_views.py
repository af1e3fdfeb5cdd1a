"""Study → Data → Erase a participant: who it is, the confirmation, and the receipts."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from minno_dashboard.accounts.access import person
from minno_dashboard.core.errors import Conflict, Invalid
from minno_dashboard.core.numbers import whole_number
from minno_dashboard.results import erasing
from minno_dashboard.results.forms import ErasureForm
from minno_dashboard.results.models import Erasure
from minno_dashboard.studies.access import Action, standing
from minno_dashboard.studies.queries import get_study

RECEIPTS_SHOWN = 50


@never_cache
@require_http_methods(["GET", "POST"])
def show(request: HttpRequest, public_id: str) -> HttpResponse:
    """Find a participant, erase them once the study's name is typed, list the receipts.

    Both steps are posted: a participant's code has no place in addresses, which browsers and proxies remember.
    """
    user = person(request)
    study = get_study(user, public_id, Action.DELETE_DATA)
    form = ErasureForm(request.POST if request.method == "POST" else None)
    context: dict[str, Any] = {
        "study": study,
        "rights": standing(user, study).rights,
        "form": form,
        "error": "",
        "also": erasing.also_removed(),
        "not_erased": erasing.not_erased(),
        "receipts": Erasure.objects.filter(study=study).order_by("-at", "-pk")[:RECEIPTS_SHOWN],
    }
    if form.is_valid():
        who = form.who()
        try:
            if "study_name" in request.POST:
                receipt = erasing.erase_participant(
                    study=study,
                    who=who,
                    size=whole_number(request.POST.get("size", "")),
                    typed_name=request.POST["study_name"],
                    by=user,
                )
                said = gettext("The participant was erased. Receipt %(number)s is below.")
                messages.success(request, said % {"number": receipt.pk})
                return redirect("erase_participant", public_id)
        except (Invalid, Conflict) as refused:
            context["error"] = str(refused)
        try:
            context["found"] = found = erasing.find_participant(study, who)
            context["counts"] = erasing.named_counts(found.counts())
        except Invalid as refused:
            context["error"] = str(refused)
    status = 422 if form.errors or context["error"] else 200
    return render(request, "results/erase_participant.html", context, status=status)


@never_cache
@require_GET
def receipt(request: HttpRequest, public_id: str, erasure_id: int) -> HttpResponse:
    """Answer with a receipt as a text file."""
    study = get_study(person(request), public_id, Action.DELETE_DATA)
    found = erasing.get_receipt(study, erasure_id)
    answer = HttpResponse(erasing.receipt_text(found), content_type="text/plain; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="erasure-{found.pk}.txt"'
    return answer
