"""Acting as a user: with a reason, for an hour, in studies only, recorded in the audit log."""

from __future__ import annotations

from collections.abc import MutableMapping
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext

from minno_dashboard.accounts.audit import record
from minno_dashboard.accounts.audit_actions import AuditAction
from minno_dashboard.accounts.models import User
from minno_dashboard.accounts.notices import Notice, tell
from minno_dashboard.core import clock
from minno_dashboard.core.errors import Invalid, NotAllowed

SESSION_KEY = "acting_as"
LASTS = timedelta(hours=1)
MIN_REASON_LENGTH, MAX_REASON_LENGTH = 5, 300

Session = MutableMapping[str, Any]


def begin(*, session: Session, user: User, by: User, reason: str) -> None:
    """Let an admin act as a researcher.

    Raises:
        Invalid: no reason is given.
        NotAllowed: the other is an admin too, or deactivated.
    """
    reason = " ".join(reason.split())
    if not MIN_REASON_LENGTH <= len(reason) <= MAX_REASON_LENGTH:
        raise Invalid(
            gettext(
                "Give a reason of %(shortest_reason)s to %(longest_reason)s characters. It is "
                "recorded in the audit log."
            )
            % {"shortest_reason": MIN_REASON_LENGTH, "longest_reason": MAX_REASON_LENGTH}
        )
    if not _can_be_acted_as(user):
        raise NotAllowed(gettext("You can act only as a researcher whose account is active."))
    record(actor=by, action=AuditAction.ACTING_BEGIN, target=user.username, reason=reason)
    tell(user, Notice.ACTING, admin=str(by), reason=reason)
    session[SESSION_KEY] = {
        "user": user.pk,
        "admin": by.pk,
        "until": (clock.now() + LASTS).timestamp(),
    }


def end(*, session: Session, by: User, user: User) -> None:
    """Stop acting as a user."""
    session.pop(SESSION_KEY, None)
    record(actor=by, action=AuditAction.ACTING_END, target=user.username)


def acted_as(*, session: Session, admin: User) -> User | None:
    """Return the user whom this admin acts as now; delete it where it has expired."""
    known = session.get(SESSION_KEY)
    if known is None:
        return None
    user = User.objects.filter(pk=known["user"]).first()
    is_valid = known["admin"] == admin.pk and admin.is_admin and known["until"] > clock.now().timestamp()
    if is_valid and user is not None and _can_be_acted_as(user):
        return user
    session.pop(SESSION_KEY, None)
    return None


def _can_be_acted_as(user: User) -> bool:
    return user.is_active and not user.is_admin
