"""Login sessions: the browsers in which a person is logged in."""

from __future__ import annotations

from django.contrib.auth import login, logout, update_session_auth_hash
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext

from minno_dashboard.accounts import revocation_hooks
from minno_dashboard.accounts.access import address_of
from minno_dashboard.accounts.audit import record
from minno_dashboard.accounts.audit_actions import AuditAction
from minno_dashboard.accounts.models import SignIn, User
from minno_dashboard.accounts.session_store import stored_key
from minno_dashboard.core import clock
from minno_dashboard.core.errors import NotFound

# The first that is found in the user agent counts: browsers name their ancestors too.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
    ("python", "a Python program"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def browser_name(agent: str) -> str:
    """Return "Firefox on Windows" for a browser's user agent."""
    browser = next((name for mark, name in _BROWSERS if mark in agent), "A browser")
    system = next((name for mark, name in _SYSTEMS if mark in agent), "")
    return f"{browser} on {system}" if system else browser


def enter(request: HttpRequest, user: User) -> None:
    """Log a person in, in a new session."""
    if request.user.is_authenticated:
        logout(request)
    login(request, user)
    seen(request, user)


def seen(request: HttpRequest, user: User) -> None:
    """Store that this browser was seen now."""
    if not request.session.session_key:
        return
    SignIn.objects.update_or_create(
        session_key=stored_key(request.session.session_key),
        defaults={
            "user": user,
            "generation": user.session_generation,
            "browser": browser_name(request.headers.get("User-Agent", "")),
            "address": address_of(request)[:64],
            "last_seen_at": clock.now(),
        },
    )


def keep(request: HttpRequest, user: User) -> None:
    """Keep this browser's session after a change that ended all of them."""
    SignIn.objects.filter(session_key=stored_key(request.session.session_key or "")).delete()
    update_session_auth_hash(request, user)
    seen(request, user)


def of(user: User) -> list[SignIn]:
    """Return a person's login sessions, the last seen first."""
    living = Session.objects.filter(expire_date__gt=clock.now()).values("session_key")
    counts = SignIn.objects.filter(user=user, generation=user.session_generation, session_key__in=living)
    return list(counts.order_by("-last_seen_at", "-pk"))


@transaction.atomic
def end(*, user: User, sign_in_id: int) -> None:
    """End one of a person's own sessions.

    Raises:
        NotFound: it ended already, or is somebody else's.
    """
    one = SignIn.objects.filter(user=user, pk=sign_in_id).first()
    if one is None:
        raise NotFound(gettext("This session has already ended."))
    Session.objects.filter(session_key=one.session_key).delete()
    one.delete()
    record(actor=user, action=AuditAction.SESSION_END, target=user.username, browser=one.browser)


@transaction.atomic
def end_all(*, user: User, end_tokens: bool = False) -> None:
    """End every session of a person, tokens on request; the caller keeps the present session."""
    user.session_generation += 1
    user.save(update_fields=["session_generation"])
    record(actor=user, action=AuditAction.SESSION_END_OTHERS, target=user.username)
    if end_tokens:
        revocation_hooks.end_on_request(user=user)


def forget_ended() -> None:
    """Delete the rows of ended sessions."""
    SignIn.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()
