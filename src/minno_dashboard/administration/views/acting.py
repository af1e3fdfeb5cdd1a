"""Begin and end acting as a user."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import rotate_token
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from minno_dashboard.accounts.access import admin_required, person
from minno_dashboard.accounts.audit import admin_acting
from minno_dashboard.accounts.queries import user_by_id
from minno_dashboard.accounts.views.confirm_password import confirmation_required
from minno_dashboard.administration import acting
from minno_dashboard.core.errors import Refused


@never_cache
@require_http_methods(["GET", "POST"])
@admin_required
@confirmation_required
def begin(request: HttpRequest, user_id: int) -> HttpResponse:
    """Ask for a reason; then show the studies of the user as that user sees them."""
    user, refused = user_by_id(user_id), None
    if request.method == "POST":
        try:
            acting.begin(
                session=request.session, user=user, by=person(request), reason=request.POST.get("reason", "")
            )
        except Refused as error:
            refused = error
        else:
            rotate_token(request)  # forms of pages that name the admin end with it
            return redirect("studies")
    context = {"who": user, "reason": request.POST.get("reason", ""), "refused": refused}
    return render(request, "administration/act_as.html", context, status=refused.status if refused else 200)


@require_POST
def end(request: HttpRequest) -> HttpResponse:
    """Stop acting as a user; without effect for everybody else."""
    admin = admin_acting.get()
    if admin is None:
        return redirect("studies")
    acting.end(session=request.session, by=admin, user=person(request))
    rotate_token(request)
    messages.success(request, gettext("You are %(admin)s again.") % {"admin": admin})
    return redirect("user_management")
