"""Connecting, disconnecting, and the user's choices about the mirror."""

from __future__ import annotations

import contextlib

from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext

from minno_dashboard.accounts.models import User
from minno_dashboard.accounts.notices import Notice, tell
from minno_dashboard.core import clock
from minno_dashboard.core.errors import Conflict, NotFound, Refused
from minno_dashboard.mirror import backoff
from minno_dashboard.mirror.connecting import credentials, installation
from minno_dashboard.mirror.dropbox_api import oauth_calls
from minno_dashboard.mirror.dropbox_api.port import Grant
from minno_dashboard.mirror.errors import MirrorError
from minno_dashboard.mirror.known import journal_lag
from minno_dashboard.mirror.models import (
    TAKEN_OVER,
    Doubt,
    Intent,
    Link,
    Manifest,
    Parked,
    RemoteNode,
    Taken,
    UploadSession,
)
from minno_dashboard.mirror.sending import ledger
from minno_dashboard.siteconfig.sealing import SealBroken

THROTTLED = "throttled"
ACCEPT = "accept"


def link(*, user: User, grant: Grant, app_key: str) -> Link:
    """Store the authorisation of a user's Dropbox account and make its mirror due.

    The same account again continues with what is known of it; another account begins anew, with nothing known.
    Whoever has just consented owns the account: another user's mirror into it ends, and they are told.

    Raises:
        Conflict: another user connects it at this very moment.
    """
    try:
        with transaction.atomic():
            known = _end_others(user, grant.account_id)
            row, _ = Link.objects.select_for_update().get_or_create(
                user=user,
                defaults={"account_id": grant.account_id, "app_key": app_key, "linked_at": clock.now()},
            )
            is_same = (row.account_id, row.app_key) == (grant.account_id, app_key)
            if not is_same:
                _begin_anew(row)
            row.account_id, row.app_key, row.linked_at = grant.account_id, app_key, clock.now()
            row.state, row.reason, row.reason_at, row.probe_at = Link.State.ACTIVE, "", None, None
            if not (is_same and row.last_error == THROTTLED):  # a new token is not a new allowance
                row.last_error, row.failures, row.not_before = "", 0, None
            row.needs_listing, row.is_reading_withdrawn = True, False
            row.marker = installation.taking_over(row, known)  # who has just consented means this Dashboard
            row.learned = journal_lag.looking_now(row.learned)
            row.lease_token, row.lease_owner, row.lease_until = row.lease_token + 1, "", None
            credentials.store_grant(row, grant)
            row.save()
    except IntegrityError as error:
        raise Conflict(
            gettext(
                "Another user of this Dashboard is connecting this Dropbox account at this moment; nothing was connected. Try again."
            )
        ) from error
    _learn_whose(row)
    return row


def _end_others(user: User, account_id: str) -> list[str]:
    """End other users' mirrors into an account; return the hashes of the markers that they wrote there."""
    known: list[str] = []
    others = Link.objects.select_for_update(of=("self",)).filter(account_id=account_id).exclude(user=user)
    dead = set(others.filter(is_dead()).values_list("pk", flat=True))
    for other in others.select_related("user"):
        known += (other.marker or {}).get("known", [])
        if other.state == Link.State.OFF or other.reason == TAKEN_OVER:
            continue
        _switch_off(other)
        if other.pk not in dead:
            Link.objects.filter(pk=other.pk).update(
                state=Link.State.NEEDS_USER, reason=TAKEN_OVER, reason_at=clock.now()
            )
            tell(other.user, Notice.DROPBOX_TAKEN_OVER)
    return known


def is_dead() -> Q:
    """Return the condition "Dropbox no longer accepts the link, or its user's account is deactivated"."""
    return Q(state=Link.State.NEEDS_USER, reason="reconnect") | Q(user__is_active=False)


def _begin_anew(row: Link) -> None:
    """Delete what was known of another Dropbox account; none of it holds for this one."""
    for model in (RemoteNode, Doubt, Intent, UploadSession, Parked, Taken, Manifest):
        model.objects.filter(link=row).delete()
    row.epoch += 1
    row.cursor, row.last_write = "", None
    row.wants_everything = True
    row.proven_at = row.next_proof_at = row.listed_at = None
    row.proven_files = row.proven_bytes = 0
    row.account_name = row.account_email = ""
    row.removal_question, row.removal_answer = None, ""


def _learn_whose(row: Link) -> None:
    """Ask Dropbox for the account's name and space; what fails now is asked again by the first run."""
    try:
        port = credentials.open_port(row)
        account, space = port.account(), port.space()
    except MirrorError:
        return
    row.account_name, row.account_email = account.name, account.email
    row.space_used, row.space_allocated = space.used, space.allocated
    Link.objects.filter(pk=row.pk).update(
        account_name=account.name,
        account_email=account.email,
        space_used=space.used,
        space_allocated=space.allocated,
    )


def unlink(*, user: User) -> None:
    """Stop mirroring: delete the tokens, then revoke them at Dropbox if it can be reached. The files stay there."""
    with transaction.atomic():
        row = _link_of(user)
        _switch_off(row)
    _give_back(row)


def end_with_account(*, user: User, by: User | None) -> None:
    """Stop mirroring for a user whose account ends; call it in the transaction that ends it. The files stay in Dropbox."""
    row = Link.objects.select_for_update().filter(user=user).exclude(state=Link.State.OFF).first()
    if row is not None:
        _switch_off(row)
        transaction.on_commit(lambda: _give_back(row))


def _switch_off(row: Link) -> None:
    """Delete the tokens, and end the lease of whoever works on the link."""
    Link.objects.filter(pk=row.pk).update(
        state=Link.State.OFF,
        reason="",
        reason_at=None,
        probe_at=None,
        sealed_refresh_token="",
        sealed_access_token="",
        access_expires_at=None,
        removal_question=None,
        removal_answer="",
        lease_token=F("lease_token") + 1,
        lease_owner="",
        lease_until=None,
    )
    UploadSession.objects.filter(link=row).delete()


def _give_back(row: Link) -> None:
    """Revoke tokens at Dropbox, read from the given row; a refresh that this may take holds no database transaction.

    Where another Dashboard may work with a copy of them, that would end its connection too.
    """
    if row.reason in installation.QUESTIONS or not installation.is_here(row):
        return
    with contextlib.suppress(SealBroken, MirrorError):
        oauth_calls.revoke(access_token=credentials.stored_access_token(row))


def _link_of(user: User) -> Link:
    row = Link.objects.select_for_update().filter(user=user).exclude(state=Link.State.OFF).first()
    if row is None:
        raise NotFound(gettext("Your studies are not connected to a Dropbox account."))
    return row


@transaction.atomic
def prove_now(*, user: User) -> None:
    """Make a proof due at once, and try parked files again; shortens no wait that Dropbox asked for."""
    row = _link_of(user)
    ledger.try_again(row, list(Parked.objects.filter(link=row).values_list("identity", flat=True)))
    if row.last_error in backoff.LOOKS:
        Link.objects.filter(pk=row.pk).update(not_before=None, learned=journal_lag.looking_now(row.learned))
    Link.objects.filter(pk=row.pk).update(next_proof_at=clock.now(), needs_reading=True, probe_at=clock.now())


@transaction.atomic
def choose_policy(*, user: User, keep_deleted: bool) -> None:
    """Store whether what is deleted in the Dashboard moves to `/Deleted` or is deleted in Dropbox too."""
    row = _link_of(user)
    Link.objects.filter(pk=row.pk).update(keep_deleted=keep_deleted)


@transaction.atomic
def confirm_removal(*, user: User, accept: bool) -> None:
    """Store the answer to the question about a mass removal, or about which Dashboard may write.

    What the Dashboard was about to remove: `accept` lets it, else the mirror stays paused. What the user removed in
    Dropbox: `accept` puts it back there, else the mirror stays paused. With another Dashboard: `accept` lets this one
    write, else it is disconnected.

    Raises:
        Refused: there is no question.
    """
    row = _link_of(user)
    if row.reason in installation.QUESTIONS:
        if accept:
            use_here(Link.objects.filter(pk=row.pk))
        else:
            _switch_off(row)
        return
    if row.removal_question is None:
        raise Refused(gettext("Nothing is waiting for your confirmation any more."))
    if not accept:
        return
    Link.objects.filter(pk=row.pk).update(
        removal_answer=ACCEPT,
        state=Link.State.ACTIVE,
        reason="",
        reason_at=None,
        not_before=None,
        next_proof_at=clock.now(),
    )


def use_here(links: QuerySet[Link]) -> int:
    """Let this Dashboard write into all Dropboxes that wait for the question which Dashboard may; return how many."""
    asking = Q(state=Link.State.NEEDS_USER, reason__in=installation.QUESTIONS)
    moved = [one.pk for one in links.filter(backoff.IS_WORKING) if not installation.is_here(one)]
    found = list(links.filter(asking | Q(pk__in=moved)))
    for one in found:
        Link.objects.filter(pk=one.pk).update(
            marker=installation.taking_over(one),
            state=Link.State.ACTIVE,
            reason="",
            reason_at=None,
            not_before=None,
            next_proof_at=clock.now(),
        )
    return len(found)


@transaction.atomic
def follow_configuration(*, app_key: str) -> None:
    """Apply a changed Dropbox section: links of another app key must reconnect, refused ones are tried again."""
    at = clock.now()
    working = backoff.IS_WORKING | Q(state=Link.State.NEEDS_ADMIN)
    Link.objects.exclude(app_key=app_key).filter(working).update(
        state=Link.State.NEEDS_USER, reason="other_app_key", reason_at=at, probe_at=None
    )
    again = Link.objects.filter(app_key=app_key)
    again.filter(state=Link.State.NEEDS_ADMIN).update(
        state=Link.State.ACTIVE, reason="", reason_at=None, probe_at=None, not_before=None, next_proof_at=at
    )
    again.filter(state=Link.State.NEEDS_USER, reason="other_app_key").update(
        state=Link.State.ACTIVE, reason="", reason_at=None, not_before=None, next_proof_at=at
    )
