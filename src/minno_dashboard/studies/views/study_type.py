"""The study type: detected after the first upload, and changed by whoever manages the study."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from minno_dashboard.accounts.access import person
from minno_dashboard.core.errors import Refused
from minno_dashboard.studies import players, services
from minno_dashboard.studies.access import Action
from minno_dashboard.studies.models import Study
from minno_dashboard.studies.queries import get_study, newest_version
from minno_dashboard.studies.type_detection import kind_of_tree
from minno_dashboard.studies.views.json_requests import JsonRequest, api


def choices() -> dict[str, object]:
    """Return the choices of study type; MinnoJS is the first where a player is installed, else HTML."""
    has_player = players.is_installed()
    first = Study.Kind.MINNOJS if has_player else Study.Kind.HTML
    return {"kinds": Study.Kind.choices, "has_player": has_player, "first_kind": first}


@never_cache
@require_http_methods(["GET", "POST"])
def show(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show and change the study type."""
    user = person(request)
    study = get_study(user, public_id, Action.MANAGE)
    chosen, refused, status = study.kind, "", 200
    if request.method == "POST":
        chosen = request.POST.get("kind", "")
        try:
            services.change_kind(study=study, kind=chosen, by=user)
        except Refused as error:
            refused, status = str(error), error.status
        else:
            messages.success(request, gettext("The study type is saved."))
            return redirect("study", study.public_id)
    looks = kind_of_tree(newest_version(study).tree)
    context = {
        "study": study,
        "chosen": chosen,
        "refused": refused,
        "recognised": Study.Kind(looks).label if looks else "",
        **choices(),
    }
    return render(request, "studies/study_type.html", context, status=status)


@api("POST", Action.MANAGE)
def recognise(request: HttpRequest, what: JsonRequest) -> HttpResponseBase:
    """Set the study type by its files, after the first upload into an empty study; return whether it changed."""
    looks = kind_of_tree(what.tree) or what.study.kind
    has_changed = looks != what.study.kind
    if has_changed:
        services.change_kind(study=what.study, kind=looks, by=what.user)
    return JsonResponse({"kind": looks, "label": Study.Kind(looks).label, "has_changed": has_changed})
