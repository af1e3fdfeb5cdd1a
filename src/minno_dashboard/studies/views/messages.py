"""The Messages page: invitations to others' studies, and their answers; the counter in the top bar."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from minno_dashboard.accounts.access import person
from minno_dashboard.core.errors import Invalid
from minno_dashboard.studies import sharing
from minno_dashboard.studies.queries import get_invitation, invitations_of


@never_cache
@require_GET
def show(request: HttpRequest) -> HttpResponse:
    """Show the unanswered invitations."""
    return render(request, "studies/messages.html", {"invitations": list(invitations_of(person(request)))})


@require_POST
def answer(request: HttpRequest, share_id: int) -> HttpResponse:
    """Accept or decline an invitation."""
    user = person(request)
    share = get_invitation(user, share_id)
    given = request.POST.get("answer", "")
    if given not in ("accept", "decline"):
        raise Invalid(gettext("Accept the invitation, or decline it."))
    sharing.answer(share=share, accept=given == "accept", by=user)
    if given == "decline":
        messages.success(
            request,
            gettext("You declined “%(name)s”. %(owner)s sees your answer.")
            % {"name": share.study.name, "owner": share.study.owner},
        )
        return redirect("messages")
    messages.success(request, gettext("“%(name)s” is now among your studies.") % {"name": share.study.name})
    return redirect("studies")


def mark(request: HttpRequest) -> str:
    """Render the counter of unanswered invitations in the top bar."""
    if not request.user.is_authenticated:
        return ""
    count = invitations_of(request.user).count()
    return render_to_string("studies/messages_mark.html", {"count": count}, request)
