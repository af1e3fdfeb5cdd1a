"""A lost password, and a changed email address, both by mail."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from minno_dashboard.accounts import emails, mail, services, throttle
from minno_dashboard.accounts.audit import record
from minno_dashboard.accounts.audit_actions import AuditAction
from minno_dashboard.accounts.models import User
from minno_dashboard.accounts.names import fold
from minno_dashboard.core import clock
from minno_dashboard.core.ids import fingerprint
from minno_dashboard.jobs.registry import handles
from minno_dashboard.jobs.services import enqueue
from minno_dashboard.siteconfig.sealing import seal, unseal

LOST = "accounts.lost_password"


def ask_for_password(*, name: str, address: str) -> None:
    """Record that the person of this user name or email address lost the password.

    Who it is, and whether there is anybody, is looked up by the worker: the answer takes the same work for all names.

    Raises:
        TooMany: this was asked too often for this name, or from this address.
    """
    throttle.begin(name=f"lost password of {fold(name)}", address=address, max_anywhere=throttle.MAX_FAILURES)
    enqueue(LOST, key=fingerprint(fold(name)), args={"sealed": seal(name)})


@handles(LOST)
@transaction.atomic
def _help(args: dict[str, Any]) -> None:
    try:
        user = User.objects.get_by_natural_key(unseal(args["sealed"]))
    except User.DoesNotExist:
        return
    if not user.is_active:
        return
    record(actor=None, action=AuditAction.PASSWORD_ASK, target=user.username, by_mail=mail.is_enabled())
    if not mail.is_enabled():
        User.objects.filter(pk=user.pk).update(reset_asked_at=clock.now())
        return
    link = services.link_asked_for(user=user)
    (emails.send_reset if user.is_activated else emails.send_activation)(user=user, link=link)


@transaction.atomic
def change_email(*, user: User, email: str) -> bool:
    """Change one's email address at once, or, where mail is configured, send a link to the new one.

    Returns whether the address waits for its confirmation.

    Raises:
        FieldRefused: it is no address, or belongs to another user.
        TooMany: too many mails were asked for.
    """
    checked = services.check_new_email(user=user, email=email)
    if checked == user.email or not mail.is_enabled():
        services.change_email(user=user, email=checked)
        return False
    throttle.count_mail(user=user)
    link = services.email_link(user=user, email=checked)
    emails.send_email_confirmation(user=user, email=checked, link=link)
    return True


@transaction.atomic
def confirm_email(*, code_fingerprint: str) -> User:
    """Use up a link that confirms an address, and mail the former address.

    Raises:
        NotFound, LinkEnded, FieldRefused: the address cannot be taken (any more).
    """
    user, before = services.confirm_email(code_fingerprint=code_fingerprint)
    if before != user.email:
        emails.tell_former_address(user=user, email=before)
    return user
