"""Invitations by a link for people without an account; the link is answered once, after logging in.

Accounts are made by admins alone. The link waits for that: it works for 30 days.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext

from minno_dashboard.accounts.audit import record
from minno_dashboard.accounts.audit_actions import AuditAction
from minno_dashboard.accounts.models import User
from minno_dashboard.accounts.names import checked_email
from minno_dashboard.core import clock, ids
from minno_dashboard.core.errors import Invalid, NotFound
from minno_dashboard.siteconfig.sealing import SealBroken, seal, unseal
from minno_dashboard.studies import access, emails, sharing
from minno_dashboard.studies.models import Collaboration, LinkInvitation, Study
from minno_dashboard.studies.services import changing

LIFE = timedelta(days=30)
MAX_WAITING = 50
"""Of one person: the Dashboard sends mails to whom an address is given, so not to everybody."""


@dataclass(frozen=True, slots=True)
class WaitingInvitation:
    """An unanswered invitation; `link` is "" where it cannot be shown any more."""

    invitation: LinkInvitation
    link: str


def invite(
    *, study: Study, email: str, file_access: str, sees_data: bool, by: User
) -> tuple[LinkInvitation, bool]:
    """Offer a share to the person who gets the link; return the link and whether it was mailed.

    Raises:
        Invalid: this is no address, it is invited already, too many wait, or the share would be empty.
        NotAllowed: `by` does not see the data and would let others see it.
    """
    email = checked_email(email)
    sharing.check_share(study, file_access, sees_data, had_data=False, by=by)
    with changing(study) as current:
        forget_old()
        if LinkInvitation.objects.filter(study=current, email=email).exists():
            raise Invalid(
                gettext("%(user)s is already invited. Cancel that invitation first.") % {"user": email}
            )
        if LinkInvitation.objects.filter(invited_by=by).count() >= MAX_WAITING:
            raise Invalid(
                gettext(
                    "%(count)s of your invitations are already waiting for an answer. Cancel some of "
                    "them first."
                )
                % {"count": MAX_WAITING}
            )
        code = ids.secret_code()
        made = LinkInvitation.objects.create(
            study=current,
            email=email,
            file_access=file_access,
            sees_data=sees_data,
            invited_at=clock.now(),
            invited_by=by,
            fingerprint=ids.fingerprint(code),
            sealed=seal(code),
        )
        _record(by, AuditAction.STUDY_INVITE, made, files=file_access, data=sees_data)
        is_mailed = emails.send_link_invitation(made, _address(code))
    return made, is_mailed


def waiting(study: Study) -> list[WaitingInvitation]:
    """Return a study's unanswered invitations, with their links for those who may share it."""
    found = LinkInvitation.objects.filter(study=study, invited_at__gt=clock.now() - LIFE)
    in_order = found.select_related("invited_by").order_by("invited_at", "pk")
    return [WaitingInvitation(one, _link(one)) for one in in_order if _still_stands(one, study)]


def find(code: str) -> LinkInvitation:
    """Return the invitation of a link.

    Raises:
        NotFound: it was answered, taken back, is too old, or whoever invited may do so no more.
    """
    known = LinkInvitation.objects.filter(fingerprint=ids.fingerprint(code), study__deleted_at=None)
    found = (
        known.filter(invited_at__gt=clock.now() - LIFE).select_related("study__owner", "invited_by").first()
    )
    if found is None or not _still_stands(found, found.study):
        raise NotFound(
            gettext(
                "This invitation no longer works: it was answered or cancelled, or is older than "
                "%(days)s days. Ask the person who invited you for a new one."
            )
            % {"days": LIFE.days}
        )
    return found


def answer(*, code: str, accept: bool, by: User) -> LinkInvitation:
    """Accept or decline an invitation by its link, which ends the link.

    Raises:
        NotFound: it was answered, taken back, or is too old.
        Invalid: whoever has the link works on the study already.
    """
    with changing(find(code).study) as current:
        invitation = find(code)  # again, under the lock: it is answered once
        if by.pk == current.owner_id:
            raise Invalid(gettext("This study is yours. The link is for someone who has no account yet."))
        share = Collaboration.objects.filter(study=current, user=by).first()
        if share is not None and share.status == Collaboration.Status.ACCEPTED:
            raise Invalid(gettext("You already work on this study. The link is for someone else."))
        invitation.delete()
        _record(
            by,
            AuditAction.STUDY_ACCEPT if accept else AuditAction.STUDY_DECLINE,
            invitation,
            member=by.username,
        )
        if accept:
            share = share or Collaboration(study=current, user=by)
            share.file_access, share.sees_data = invitation.file_access, invitation.sees_data
            share.invited_at, share.invited_by = invitation.invited_at, invitation.invited_by
            share.status, share.answered_at = Collaboration.Status.ACCEPTED, clock.now()
            share.save()
            current.revision += 1
    return invitation


def take_back(*, study: Study, invitation_id: int, by: User) -> LinkInvitation:
    """End an invitation before it is answered.

    Raises:
        NotFound: it was answered or taken back, or is of another study.
    """
    with changing(study) as current:
        found = LinkInvitation.objects.filter(study=current, pk=invitation_id).first()
        if found is None:
            raise NotFound(
                gettext("This invitation no longer exists; it may have been cancelled or answered.")
            )
        found.delete()
        _record(by, AuditAction.STUDY_REMOVE_MEMBER, found, status=Collaboration.Status.PENDING)
    return found


def forget_old() -> int:
    """Delete invitations whose link has expired; return how many."""
    return LinkInvitation.objects.filter(invited_at__lte=clock.now() - LIFE).delete()[0]


def _still_stands(invitation: LinkInvitation, study: Study) -> bool:
    """Return whether the inviter could still invite now: a removed member cannot return by their own link."""
    inviter = access.standing(invitation.invited_by, study)
    sees_enough = inviter.may(access.Action.READ_DATA) or not invitation.sees_data
    return inviter.may(access.Action.SHARE) and sees_enough


def _link(invitation: LinkInvitation) -> str:
    try:
        return _address(unseal(invitation.sealed))
    except SealBroken:
        return ""  # sealed with another key: the link still works, and can be taken back


def _address(code: str) -> str:
    return f"{settings.SERVER_URL}{reverse('invitation', args=[code])}"


def _record(by: User, action: AuditAction, invitation: LinkInvitation, **details: object) -> None:
    study = invitation.study
    known = {"study": study.public_id, "member": invitation.email, "by_link": True, **details}
    record(actor=by, action=action, target=study.name, **known)
