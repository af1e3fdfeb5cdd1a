"""Making, using and revoking tokens."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext

from minno_dashboard.accounts.audit import record
from minno_dashboard.accounts.audit_actions import AuditAction
from minno_dashboard.accounts.confirmation import check_password
from minno_dashboard.accounts.models import User
from minno_dashboard.accounts.names import FieldRefused
from minno_dashboard.accounts.notices import Notice, tell
from minno_dashboard.api.models import ApiToken
from minno_dashboard.api.scopes import Scope
from minno_dashboard.core import clock
from minno_dashboard.core.errors import NotFound
from minno_dashboard.core.ids import fingerprint, secret_code

PREFIX = "minno_"
"""Every token begins so: people and programs that look for lost secrets recognise it."""

MAX_DAYS = 365
MAX_TOKENS = 50
USED_EVERY = timedelta(minutes=1)
KEPT_AFTER_END = timedelta(days=30)


def make_token(
    *, user: User, name: str, scopes: Collection[str], days: int, password: str, address: str
) -> tuple[ApiToken, str]:
    """Make a token and return it with its code, which nobody sees again.

    Raises:
        FieldRefused: the password is wrong, or a field is not good.
        TooMany: the password was guessed too often.
    """
    name = _checked_name(name)
    chosen = [scope for scope in Scope if scope in scopes]
    if not chosen or len(chosen) != len(set(scopes)):
        raise FieldRefused("scopes", gettext("Choose what this token may be used for."))
    if not 1 <= days <= MAX_DAYS:
        raise FieldRefused(
            "days", gettext("A token works for 1 to %(longest_days)s days.") % {"longest_days": MAX_DAYS}
        )
    check_password(user=user, password=password, address=address)
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        if ApiToken.objects.filter(user=user).count() >= MAX_TOKENS:
            raise FieldRefused(
                "name",
                gettext("You already have %(most_tokens)s tokens. Revoke one first.")
                % {"most_tokens": MAX_TOKENS},
            )
        code, now = PREFIX + secret_code(), clock.now()
        token = ApiToken.objects.create(
            user=user,
            name=name,
            fingerprint=fingerprint(code),
            scopes=[str(scope) for scope in chosen],
            created_at=now,
            expires_at=now + timedelta(days=days),
        )
        record(actor=user, action=AuditAction.TOKEN_CREATE, target=name, scopes=token.scopes, days=days)
        tell(user, Notice.TOKEN, name=name)
    return token, code


@transaction.atomic
def revoke_token(*, user: User, token_id: int, by: User | None) -> None:
    """End one of a person's tokens at once.

    Raises:
        NotFound: it was revoked already, or is somebody else's.
    """
    token = ApiToken.objects.filter(user=user, pk=token_id).first()
    if token is None:
        raise NotFound(gettext("This token has already been revoked."))
    token.delete()
    record(actor=by, action=AuditAction.TOKEN_REVOKE, target=token.name, user=user.username)


@transaction.atomic
def revoke_all(*, user: User, by: User | None) -> int:
    """End every token of a person at once; return how many there were."""
    count, _ = ApiToken.objects.filter(user=user).delete()
    if count:
        record(actor=by, action=AuditAction.TOKEN_REVOKE_ALL, target=user.username, count=count)
    return count


def note_use(*, token: ApiToken) -> None:
    """Remember when a token was used last, at most once a minute."""
    now, before = clock.now(), token.last_used_at
    if before is None or now - before >= USED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)


def forget_ended() -> None:
    """Delete tokens that ended a while ago."""
    ApiToken.objects.filter(expires_at__lt=clock.now() - KEPT_AFTER_END).delete()


def _checked_name(name: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise FieldRefused("name", gettext("Give the token a name that you will recognise."))
    if len(name) > 60 or not name.isprintable():
        raise FieldRefused("name", gettext("The name of a token can have at most 60 printable characters."))
    return name
