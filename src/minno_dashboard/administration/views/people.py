"""User management → Deactivate: the consequences, and the new owner of the studies."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from minno_dashboard.accounts.access import admin_required, person
from minno_dashboard.accounts.models import User
from minno_dashboard.accounts.queries import find_user, user_by_id
from minno_dashboard.accounts.views.confirm_password import confirmation_required
from minno_dashboard.administration import queries, services
from minno_dashboard.core.errors import Refused
from minno_dashboard.ui.words import plural

KEEP, GIVE = "keep", "give"


@never_cache
@require_http_methods(["GET", "POST"])
@admin_required
@confirmation_required
def deactivate(request: HttpRequest, user_id: int) -> HttpResponse:
    """Ask for the new owner of the studies; then deactivate the user."""
    user = user_by_id(user_id)
    refused: Refused | None = None
    if request.method == "POST":
        try:
            to = find_user(request.POST.get("to", "")) if request.POST.get("studies") == GIVE else None
            count = services.deactivate(user=user, to=to, by=person(request))
        except Refused as error:
            refused = error
        else:
            said = (
                gettext(
                    "%(username)s is deactivated and logged out everywhere. %(studies)s transferred to "
                    "%(to)s."
                )
                if to
                else gettext("%(username)s is deactivated and logged out everywhere. Nothing was deleted.")
            )
            values = {"username": user.username, "studies": plural(count, "study", "studies"), "to": to}
            messages.success(request, said % values)
            return redirect("user_management")
    context = {
        "who": user,
        "studies": queries.studies_to_hand_over(user),
        "people": User.objects.filter(is_active=True).exclude(pk=user.pk).order_by("username"),
        "typed": request.POST,
        "refused": refused,
    }
    return render(
        request, "administration/deactivate.html", context, status=refused.status if refused else 200
    )
