"""Sets the user of the request to the user an admin acts as, in the pages of studies only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.translation import gettext, gettext_noop

from minno_dashboard.accounts.audit import admin_acting, record
from minno_dashboard.accounts.audit_actions import AuditAction
from minno_dashboard.accounts.models import User
from minno_dashboard.administration import acting
from minno_dashboard.ui.errors import answer

PACKAGES = ("minno_dashboard.studies.", "minno_dashboard.runtime.")
# Besides the pages of studies: the way out, the manual, and the two badges, which only say how a mirror stands.
ALSO = frozenset(
    {
        "end_act_as",
        "logout",
        "healthz",
        "readyz",
        "help",
        "help_chapter",
        "help_image",
        "dropbox_badge",
        "dropbox_study_badge",
    }
)
# What a person answers for themself or cannot take back, and what would give the admin, or anybody, a way to the
# studies that lasts longer than the acting.
NEVER = frozenset(
    {
        "answer_invitation",
        "answer_link_invitation",
        "leave_study",
        "transfer_study",
        "invite_member",
        "change_member",
        "remove_member",
        "take_back_invitation",
        "set_public",
        "make_link",
        "revoke_link",
        "add_experiment",
        "change_experiment",
        "personal_links",
        "export_personal_links",
        "download",
    }
)
REFUSED = gettext_noop(
    "While you act as someone else you can use only their studies: no settings, no "
    "Dropbox, no administration. Stop first, with the button above."
)
NOT_FOR_OTHERS = gettext_noop(
    "While you act as someone else you cannot decide who works on a study, create links "
    "to it, make it public, transfer it or download it. Nothing was changed. Ask its "
    "owner to do it."
)


class ActAsMiddleware:
    """Replaces the user of the request; records each change in the audit log before it is tried."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass the request on, as the user acted as."""
        if acting.SESSION_KEY not in request.session or not isinstance(request.user, User):
            return self.get_response(request)
        admin = request.user
        user = acting.acted_as(session=request.session, admin=admin)
        if user is None:
            return self.get_response(request)
        request.user = user
        token = admin_acting.set(admin)
        try:
            return self.get_response(request)
        finally:
            admin_acting.reset(token)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """Refuse pages other than those of studies."""
        admin = admin_acting.get()
        if admin is None or not isinstance(request.user, User):
            return None
        name = request.resolver_match.url_name if request.resolver_match else ""
        if name in NEVER:
            return answer(request, 403, gettext(NOT_FOR_OTHERS))
        if name not in ALSO and not view.__module__.startswith(PACKAGES):
            return answer(request, 403, gettext(REFUSED))
        if request.method not in ("GET", "HEAD", "OPTIONS") and name not in ALSO:
            deed = f"{request.method} {request.path}"[:300]
            record(actor=admin, action=AuditAction.ACTING_CHANGE, target=request.user.username, request=deed)
        return None
