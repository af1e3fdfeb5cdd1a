"""The page of an invitation's link: what is offered, and the answer of the logged-in visitor."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from minno_dashboard.accounts.access import login_not_required, person
from minno_dashboard.core.errors import Invalid, Refused
from minno_dashboard.studies import link_invitations
from minno_dashboard.studies.models import Collaboration


@login_not_required
@never_cache
@require_GET
def show(request: HttpRequest, code: str) -> HttpResponse:
    """Show an invitation, to answer it or to log in first; the address is the key, so no referrer is sent."""
    return _page(request, code)


def _page(request: HttpRequest, code: str, *, refused: Refused | None = None) -> HttpResponse:
    invitation = link_invitations.find(code)
    context = {
        "invitation": invitation,
        "until": invitation.invited_at + link_invitations.LIFE,
        "refused": str(refused) if refused else "",
    }
    response = render(request, "studies/invitation.html", context, status=refused.status if refused else 200)
    response["Referrer-Policy"] = "same-origin"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


@never_cache
@require_POST
def answer(request: HttpRequest, code: str) -> HttpResponse:
    """Accept or decline."""
    given = request.POST.get("answer", "")
    try:
        if given not in ("accept", "decline"):
            raise Invalid(gettext("Accept the invitation, or decline it."))
        invitation = link_invitations.answer(code=code, accept=given == "accept", by=person(request))
    except Invalid as refused:
        return _page(request, code, refused=refused)
    study = invitation.study
    if given == "decline":
        said = gettext("You declined “%(name)s”. %(owner)s sees your answer.")
        messages.success(request, said % {"name": study.name, "owner": study.owner})
        return redirect("studies")
    messages.success(request, gettext("“%(name)s” is now among your studies.") % {"name": study.name})
    if invitation.file_access == Collaboration.Files.NONE:
        return redirect("studies")
    return redirect("study", study.public_id)
