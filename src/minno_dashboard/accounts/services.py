"""Changes of users: creation, links, login, passwords, roles. Every action is in the audit log."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext, gettext_noop

from minno_dashboard.accounts import failed_logins, queries, revocation_hooks, second_factor, throttle
from minno_dashboard.accounts.audit import record
from minno_dashboard.accounts.audit_actions import AuditAction
from minno_dashboard.accounts.confirmation import check_password
from minno_dashboard.accounts.models import AccessCode, User
from minno_dashboard.accounts.names import (
    FieldRefused,
    checked_email,
    checked_full_name,
    checked_username,
)
from minno_dashboard.accounts.notices import Notice, tell
from minno_dashboard.core import clock
from minno_dashboard.core.errors import Conflict, Invalid, NotAllowed
from minno_dashboard.core.ids import fingerprint, secret_code

LIFETIMES = {
    AccessCode.Purpose.ACTIVATE: timedelta(days=14),
    AccessCode.Purpose.RESET: timedelta(hours=24),
    AccessCode.Purpose.EMAIL: timedelta(hours=24),
}
URL_NAMES = {
    AccessCode.Purpose.ACTIVATE: "activate",
    AccessCode.Purpose.RESET: "reset",
    AccessCode.Purpose.EMAIL: "confirm_email",
}
_LINK_ACTIONS = {
    AccessCode.Purpose.ACTIVATE: AuditAction.USER_MAKE_ACTIVATION_LINK,
    AccessCode.Purpose.RESET: AuditAction.USER_MAKE_RESET_LINK,
}
WRONG_PAIR = gettext_noop("Wrong user name or password.")


@transaction.atomic
def create_user(
    *,
    by: User | None,
    username: str,
    email: str,
    full_name: str = "",
    role: str = User.Role.RESEARCHER,
    password: str | None = None,
) -> User:
    """Create a user, without a password unless one is given; `invite` creates the link to set it.

    Raises:
        FieldRefused: a field is not acceptable, or its value belongs to another user.
    """
    user = User(
        username=checked_username(username),
        email=checked_email(email),
        full_name=checked_full_name(full_name),
        role=_checked_role(role),
    )
    _refuse_taken_names(user)
    if password is None:
        user.set_unusable_password()
    else:
        user.set_password(_checked_password(password, user))
    _save_names(user)
    record(actor=by, action=AuditAction.USER_CREATE, target=user.username, role=user.role)
    return user


def _checked_role(role: str) -> str:
    if role not in User.Role.values:
        raise FieldRefused("role", gettext("Choose one of the two roles."))
    return role


def _refuse_taken_names(user: User) -> None:
    """Refuse a name that would also find another user: both kinds of name are typed into the same login field."""
    others = User.objects.exclude(pk=user.pk)
    for field, sentence in (
        ("username", gettext("This user name belongs to another user.")),
        ("email", gettext("This email address belongs to another user.")),
    ):
        value = getattr(user, field)
        if others.filter(Q(username=value) | Q(email=value)).exists():
            raise FieldRefused(field, sentence)


def _save_names(user: User, *, fields: list[str] | None = None) -> None:
    """Save a user, or some fields; refuse a name that was taken in the meantime."""
    try:
        with transaction.atomic():
            user.save(update_fields=fields)
    except IntegrityError:
        _refuse_taken_names(user)
        raise


def _checked_password(password: str, user: User) -> str:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise FieldRefused("password", " ".join(error.messages)) from error
    return password


def invite(*, by: User | None, user: User) -> str:
    """Return a new activation link for a user without a password; earlier links stop working.

    Raises:
        Conflict: the user is activated already, or deactivated.
    """
    if user.is_activated:
        raise Conflict(
            gettext("%(username)s has already set a password. Create a reset link instead.")
            % {"username": user.username}
        )
    return _new_link(by=by, user=user, purpose=AccessCode.Purpose.ACTIVATE)


def reset(*, by: User | None, user: User) -> str:
    """Return a new link to set another password; the old password works until the link is used.

    Raises:
        Conflict: the user is not activated yet, or deactivated.
    """
    if not user.is_activated:
        raise Conflict(
            gettext("%(username)s has not set a password yet. Create an activation link instead.")
            % {"username": user.username}
        )
    return _new_link(by=by, user=user, purpose=AccessCode.Purpose.RESET)


def link_asked_for(*, user: User) -> str:
    """Return a link for a person who lost the password; links created by others stay valid."""
    purpose = AccessCode.Purpose.RESET if user.is_activated else AccessCode.Purpose.ACTIVATE
    return _new_link(by=None, user=user, purpose=purpose, ends_earlier=False)


@transaction.atomic
def _new_link(*, by: User | None, user: User, purpose: AccessCode.Purpose, ends_earlier: bool = True) -> str:
    if not user.is_active:
        raise Conflict(
            gettext("%(username)s is deactivated, so a link would not work. Activate the user first.")
            % {"username": user.username}
        )
    if ends_earlier:
        _end_codes(user)
        User.objects.filter(pk=user.pk).update(reset_asked_at=None)
    code = secret_code()
    AccessCode.objects.create(
        user=user,
        purpose=purpose,
        fingerprint=fingerprint(code),
        expires_at=clock.now() + LIFETIMES[purpose],
    )
    record(actor=by, action=_LINK_ACTIONS[purpose], target=user.username)
    return str(settings.SERVER_URL + reverse(URL_NAMES[purpose], args=[code]))


def _end_codes(user: User) -> None:
    now = clock.now()
    user.codes.filter(used_at=None, expires_at__gt=now).update(expires_at=now)


@transaction.atomic
def activate(*, purpose: str, code_fingerprint: str, password: str) -> User:
    """Use up an activation or reset link: set the password and end every session of the user.

    Raises:
        NotFound, LinkEnded: the link does not work (any more).
        FieldRefused: the password is not acceptable; the link still works.
    """
    code = queries.open_code(purpose=purpose, fingerprint=code_fingerprint)
    user = code.user
    checked = _checked_password(password, user)
    unused = AccessCode.objects.filter(pk=code.pk, used_at=None)
    if not unused.update(used_at=clock.now()):
        raise queries.LinkEnded(gettext("This link was used a moment ago. A link works only once. Log in."))
    _set_password(user, checked)
    if purpose == AccessCode.Purpose.RESET:
        revocation_hooks.end_at_a_reset(user=user)
        tell(user, Notice.PASSWORD)
    record(actor=user, action=AuditAction.PASSWORD_SET_BY_LINK, target=user.username, purpose=purpose)
    return user


def _set_password(user: User, password: str) -> None:
    """Store a password; other sessions and open links end, the count of failed logins is reset."""
    user.set_password(password)
    user.must_change_password = False
    user.session_generation += 1
    user.reset_asked_at = None
    user.save(update_fields=["password", "must_change_password", "session_generation", "reset_asked_at"])
    _end_codes(user)


def check_log_in(*, name: str, password: str, address: str, browser: str = "") -> User:
    """Return the user to whom this name (or email address) and password belong.

    Unknown, deactivated and not yet activated users cost the same work and get the same answer as a wrong password.

    `browser` is the id of a browser that the person logged in with before.

    Raises:
        TooMany: this name failed too often from here; nothing was checked.
        Invalid: they do not belong together.
    """
    attempt = throttle.begin(name=name, address=address, browser=browser)
    user = authenticate(username=name, password=password)
    if not isinstance(user, User):
        failed_logins.note(name=name, address=address)
        raise Invalid(gettext(WRONG_PAIR))
    with transaction.atomic():
        throttle.succeeded(attempt)
        needs_more = second_factor.is_on(user)
        action = AuditAction.SESSION_GIVE_PASSWORD if needs_more else AuditAction.SESSION_LOG_IN
        record(actor=user, action=action, target=user.username)
    return user


def change_password(
    *, user: User, old_password: str, new_password: str, address: str, end_tokens: bool = False
) -> None:
    """Change one's own password; other sessions end (the caller refreshes the present one), tokens on request.

    Raises:
        FieldRefused: the old password is wrong, or the new one is not acceptable.
        TooMany: the old password was guessed too often.
    """
    check_password(user=user, password=old_password, address=address, field="old_password")
    _change_own_password(user, new_password)
    if end_tokens:
        revocation_hooks.end_on_request(user=user)


def replace_one_time_password(*, user: User, new_password: str) -> None:
    """Replace a password that must be changed at the first login.

    Raises:
        NotAllowed: the present password need not be changed; Settings changes it.
        FieldRefused: the new password is not acceptable.
    """
    if not user.must_change_password:
        raise NotAllowed(
            gettext("You do not need to change your password here. You can change it in Settings.")
        )
    _change_own_password(user, new_password)


@transaction.atomic
def _change_own_password(user: User, new_password: str) -> None:
    checked = _checked_password(new_password, user)
    if user.check_password(checked):
        raise FieldRefused("password", gettext("This is your current password. Choose another one."))
    _set_password(user, checked)
    record(actor=user, action=AuditAction.PASSWORD_CHANGE, target=user.username)
    tell(user, Notice.PASSWORD)


@transaction.atomic
def change_full_name(*, user: User, full_name: str) -> None:
    """Change a user's full name."""
    user.full_name = checked_full_name(full_name)
    user.save(update_fields=["full_name"])
    record(actor=user, action=AuditAction.USER_RENAME, target=user.username)


@transaction.atomic
def change_email(*, user: User, email: str) -> None:
    """Change a user's email address.

    Raises:
        FieldRefused: it is none, or belongs to another user.
    """
    user.email = check_new_email(user=user, email=email)
    _save_names(user, fields=["email"])
    record(actor=user, action=AuditAction.EMAIL_CHANGE, target=user.username)


def check_new_email(*, user: User, email: str) -> str:
    """Return the folded address, if this user may have it.

    Raises:
        FieldRefused: it is none, or belongs to another user.
    """
    checked = checked_email(email)
    _refuse_taken_names(User(pk=user.pk, username=user.username, email=checked))
    return checked


@transaction.atomic
def email_link(*, user: User, email: str) -> str:
    """Return a link that confirms a checked address for the user; earlier ones stop working."""
    now, code = clock.now(), secret_code()
    user.codes.filter(purpose=AccessCode.Purpose.EMAIL, used_at=None, expires_at__gt=now).update(
        expires_at=now
    )
    AccessCode.objects.create(
        user=user,
        purpose=AccessCode.Purpose.EMAIL,
        fingerprint=fingerprint(code),
        expires_at=now + LIFETIMES[AccessCode.Purpose.EMAIL],
        new_email=email,
    )
    record(actor=user, action=AuditAction.EMAIL_ASK, target=user.username)
    return str(settings.SERVER_URL + reverse("confirm_email", args=[code]))


@transaction.atomic
def confirm_email(*, code_fingerprint: str) -> tuple[User, str]:
    """Use up a link that confirms an address; return the user and the address from before.

    Raises:
        NotFound, LinkEnded: the link does not work (any more).
        FieldRefused: the address belongs to another user meanwhile.
    """
    code = queries.open_code(purpose=AccessCode.Purpose.EMAIL, fingerprint=code_fingerprint)
    before = code.user.email
    change_email(user=code.user, email=code.new_email)
    AccessCode.objects.filter(pk=code.pk).update(used_at=clock.now())
    return code.user, before


@transaction.atomic
def change_role(*, by: User, user: User, role: str) -> None:
    """Make a user an admin or a researcher; takes effect with the next request.

    Raises:
        NotAllowed: this would remove the last active admin, or oneself.
    """
    _checked_role(role)
    if role != User.Role.ADMIN:
        _refuse_removing_admin(by=by, user=user)
    user.role = role
    user.save(update_fields=["role"])
    record(actor=by, action=AuditAction.USER_CHANGE_ROLE, target=user.username, role=role)
    tell(user, Notice.ROLE, role=user.get_role_display())


@transaction.atomic
def deactivate(*, by: User, user: User) -> None:
    """Deactivate a user; every session, link and token ends at once, nothing else is deleted.

    Raises:
        NotAllowed: this would remove the last active admin, or oneself.
    """
    _refuse_removing_admin(by=by, user=user)
    user.is_active = False
    user.session_generation += 1
    user.save(update_fields=["is_active", "session_generation"])
    _end_codes(user)
    revocation_hooks.end_all(user=user, by=by)
    record(actor=by, action=AuditAction.USER_DEACTIVATE, target=user.username)


@transaction.atomic
def reactivate(*, by: User, user: User) -> None:
    """Reactivate a user with the same password; earlier sessions stay ended."""
    user.is_active = True
    user.save(update_fields=["is_active"])
    record(actor=by, action=AuditAction.USER_ACTIVATE, target=user.username)


def _refuse_removing_admin(*, by: User, user: User) -> None:
    if by.pk == user.pk:
        raise NotAllowed(gettext("You cannot take away your own access. Another admin can."))
    # Locked, so that two admins removing each other at once cannot both succeed.
    admins = User.objects.select_for_update().filter(role=User.Role.ADMIN, is_active=True)
    others = [admin for admin in admins.order_by("pk") if admin.pk != user.pk and admin.is_activated]
    if user.is_admin and not others:
        raise NotAllowed(
            gettext(
                "%(username)s is the last active admin. Make someone else an admin first, so that "
                "users can still be managed."
            )
            % {"username": user.username}
        )
