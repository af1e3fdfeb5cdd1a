"""Reads users and codes."""

from __future__ import annotations

from datetime import date, timedelta

from django.db.models import Q, QuerySet
from django.utils.formats import date_format
from django.utils.translation import gettext, gettext_noop

from minno_dashboard.accounts import audit_actions
from minno_dashboard.accounts.models import AccessCode, AuditEntry, User
from minno_dashboard.accounts.names import fold
from minno_dashboard.core import clock
from minno_dashboard.core.errors import NotFound, Refused


class LinkEnded(Refused):
    """A link was used, replaced, or has expired."""

    status = 410


def find_user(name: str) -> User:
    """Return the user of this user name or email address.

    Raises:
        NotFound: there is no such user.
    """
    try:
        # PostgreSQL takes no U+0000, not even to look for it.
        return User.objects.get_by_natural_key(name.replace("\0", "\ufffd"))
    except User.DoesNotExist as error:
        raise NotFound(gettext("There is no user “%(name)s”.") % {"name": name}) from error


def user_by_id(user_id: int) -> User:
    """Return one user for the pages of admins.

    Raises:
        NotFound: there is no such user.
    """
    user = User.objects.filter(pk=user_id).first()
    if user is None:
        raise NotFound(gettext("This user does not exist. The list may have changed since you opened it."))
    return user


def search_users(text: str = "") -> list[User]:
    """Return the users whose user name, email address or full name contains the text, by user name."""
    # Compared here, because SQLite folds ASCII letters only.
    words = fold(text).split()
    return [
        user
        for user in User.objects.select_related("second_factor").order_by("username")
        if all(word in f"{user.username}\n{user.email}\n{fold(user.full_name)}" for word in words)
    ]


HOW_TO_GET_ANOTHER: dict[str, str] = {
    AccessCode.Purpose.ACTIVATE: gettext_noop("Ask your administrator for a new one."),
    AccessCode.Purpose.RESET: gettext_noop("Request a new one with “Lost your password?” on the login page."),
    AccessCode.Purpose.EMAIL: gettext_noop("Save the address in Settings → Email again to get a new one."),
}


def open_code(*, purpose: str, fingerprint: str) -> AccessCode:
    """Return the code of this fingerprint if it is still valid.

    Raises:
        NotFound: it is unknown.
        LinkEnded: it was used, is too old, or its account is deactivated.
    """
    code = AccessCode.objects.select_related("user").filter(purpose=purpose, fingerprint=fingerprint).first()
    another = gettext(HOW_TO_GET_ANOTHER[purpose]) if purpose in HOW_TO_GET_ANOTHER else ""
    if code is None:
        raise NotFound(
            (
                gettext("This link is not valid; maybe part of it was not copied. %(another)s")
                % {"another": another}
            ).strip()
        )
    if code.used_at is not None:
        raise LinkEnded(
            gettext("This link has already been used. A link works only once. %(another)s")
            % {"another": another}
        )
    if code.expires_at <= clock.now():
        ended = date_format(code.expires_at, "j F Y, H:i")
        raise LinkEnded(
            gettext(
                "This link expired on %(ended)s UTC, because it was too old or was replaced by a "
                "newer one. %(another)s"
            )
            % {"ended": ended, "another": another}
        )
    if not code.user.is_active:
        raise LinkEnded(
            gettext("This account is deactivated, so its link does not work. Ask your administrator.")
        )
    return code


def audit_entries(
    *, text: str = "", action: str = "", since: date | None = None, until: date | None = None
) -> QuerySet[AuditEntry]:
    """Return the entries of the audit log, the latest first.

    Each word of `text` is somewhere in who, what (as stored, or as the reader's language says it) or to what; both
    days are whole days of UTC.
    """
    found = AuditEntry.objects.order_by("-at", "-pk")
    for word in text.split():
        found = found.filter(
            Q(actor_name__icontains=word)
            | Q(action__icontains=word)
            | Q(action__in=audit_actions.matching(word))
            | Q(target__icontains=word)
        )
    if action:
        found = found.filter(action=action)
    if since:
        found = found.filter(at__gte=clock.start_of_day(since))
    if until:
        found = found.filter(at__lt=clock.start_of_day(until) + timedelta(days=1))
    return found


def recorded_actions() -> list[tuple[str, str]]:
    """Return every action that is in the audit log, with its phrase ("" if none is known), by phrase."""
    actions = AuditEntry.objects.order_by("action").values_list("action", flat=True).distinct()
    return sorted(
        ((action, audit_actions.phrase(action)) for action in actions),
        key=lambda one: (one[1] or one[0]).casefold(),
    )


_OF_SECURITY = (
    "session.",
    "password.",
    "passkey.",
    "second_step.",
    "email.",
    "token.",
    "acting.begin",
    "dropbox.",
)
MAX_EVENTS = 10


def security_events(user: User) -> list[AuditEntry]:
    """Return the latest entries about who can use a person's account, whoever made them."""
    starts = Q()
    for start in _OF_SECURITY:
        starts |= Q(action__startswith=start)
    theirs = Q(target=user.username) | Q(actor=user)
    return list(AuditEntry.objects.filter(theirs, starts).order_by("-at", "-pk")[:MAX_EVENTS])
