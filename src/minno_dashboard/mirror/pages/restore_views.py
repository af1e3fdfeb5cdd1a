"""The page Settings → Dropbox → Restore a study from Dropbox."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from minno_dashboard.accounts.access import person
from minno_dashboard.accounts.models import User
from minno_dashboard.accounts.views.confirm_password import confirmation_required
from minno_dashboard.core.errors import Refused
from minno_dashboard.mirror.models import Restore, link_of
from minno_dashboard.mirror.pages import notices, views
from minno_dashboard.mirror.restoring import restore

MAX_SHOWN = 10
NAME = "dropbox_restore"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """Show which studies are in the Dropbox; POST asks to restore one of them."""
    user = person(request)
    if request.method == "POST":
        try:
            restore.ask(user=user, path=request.POST.get("path", ""))
        except Refused as error:
            notices.say(request, str(error), is_refusal=True)
        response = HttpResponseRedirect(resolve_url(NAME))
        response.status_code = 303
        return response
    link = link_of(user)
    context = {
        **_progress(user),
        "link": link,
        "found": restore.studies_of(link) if link else [],
        "may_read": link is not None and link.may_read,
        "why": gettext(restore.WHY_READ),
        "notices": notices.take(request),
    }
    return render(request, "mirror/restore.html", context)


@never_cache
@require_GET
def progress(request: HttpRequest) -> HttpResponse:
    """Render the live part: restores that run and how they ended."""
    return render(request, "mirror/restore_progress.html", _progress(person(request)))


@never_cache
@require_POST
@confirmation_required
def allow(request: HttpRequest) -> HttpResponse:
    """Redirect the user to Dropbox to grant reading, and back to this page."""
    request.session[views.GO_ON_AT] = NAME
    return views.to_dropbox(request, may_read=True)


def _progress(user: User) -> dict[str, object]:
    rows = Restore.objects.filter(link__user=user).select_related("study").order_by("-asked_at", "-pk")
    restores = list(rows[:MAX_SHOWN])
    return {
        "restores": restores,
        "is_moving": any(one.state == Restore.State.OPEN for one in restores),
    }
