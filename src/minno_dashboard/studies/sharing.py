"""Every change of who works on a study: invitations, members, the public, the read-only link, the owner.

Who may do it is asked before, in `access`. Nobody gives away more than they have: who does not see the data of a
study cannot let others see it, and nobody changes their own share.
"""

from __future__ import annotations

from django.db.models import Q
from django.utils.translation import gettext, gettext_noop

from minno_dashboard.accounts.audit import record
from minno_dashboard.accounts.audit_actions import AuditAction
from minno_dashboard.accounts.models import User
from minno_dashboard.accounts.queries import find_user
from minno_dashboard.core import clock, ids, names
from minno_dashboard.core.errors import Invalid, NotAllowed, NotFound, Refused
from minno_dashboard.siteconfig.sealing import seal
from minno_dashboard.studies import access, emails
from minno_dashboard.studies.models import Collaboration, LinkInvitation, ReadOnlyLink, Study
from minno_dashboard.studies.services import changing, free_name

Status = Collaboration.Status


class NobodyHere(Invalid):
    """No user can be found by this name or address."""


NO_SUCH_USER = gettext_noop(
    "No user has this user name or email address. Check it, or ask an admin of this Dashboard to add them."
)


def invite(*, study: Study, who: str, file_access: str, sees_data: bool, by: User) -> Collaboration:
    """Offer a share to the user of this user name or email address; it gives no right before it is accepted.

    Who declined can be invited again.

    Raises:
        NobodyHere: there is no such user.
        Invalid: they are the owner or invited already, or the share would be empty.
        NotAllowed: `by` does not see the data and would let others see it.
    """
    check_share(study, file_access, sees_data, had_data=False, by=by)
    user = _find(who)
    with changing(study) as current:
        if user.pk == current.owner_id:
            raise Invalid(gettext("%(user)s owns this study.") % {"user": user})
        share = Collaboration.objects.filter(study=current, user=user).first()
        if share is not None and share.status != Status.DECLINED:
            is_in = share.status == Status.ACCEPTED
            said = (
                gettext("%(user)s already works on this study.")
                if is_in
                else gettext("%(user)s is already invited.")
            )
            raise Invalid(said % {"user": user})
        share = share or Collaboration(study=current, user=user)
        share.file_access, share.sees_data = file_access, sees_data
        share.status, share.answered_at = Status.PENDING, None
        share.invited_at, share.invited_by = clock.now(), by
        share.save()
        _record(by, AuditAction.STUDY_INVITE, current, user, **_given(share))
        emails.send_invitation(share)
    return share


def change_share(*, share: Collaboration, file_access: str, sees_data: bool, by: User) -> Collaboration:
    """Change what somebody may do; it holds at once, also for an invitation not answered yet.

    Raises:
        Invalid: the share would be empty.
        NotAllowed: it is one's own share, or `by` does not see the data and would change who does.
    """
    with changing(share.study) as current:
        share = _again(share)
        _refuse_own(share, by)
        check_share(current, file_access, sees_data, had_data=share.sees_data, by=by)
        if (share.file_access, share.sees_data) != (file_access, sees_data):
            before = _given(share)
            share.file_access, share.sees_data = file_access, sees_data
            share.save(update_fields=["file_access", "sees_data"])
            _record(by, AuditAction.STUDY_CHANGE_SHARE, current, share.user, **_given(share), before=before)
            _show_in_mirrors(share, current)
            if not access.may(share.user, access.Action.SHARE, current):
                _end_channels(share.user, current, by)
    return share


def remove_member(*, share: Collaboration, by: User) -> None:
    """Take somebody's share, or an invitation, back; it ends at once.

    Raises:
        NotAllowed: it is one's own; that is `leave`.
    """
    with changing(share.study) as current:
        share = _again(share)
        _refuse_own(share, by)
        _record(by, AuditAction.STUDY_REMOVE_MEMBER, current, share.user, status=share.status)
        _show_in_mirrors(share, current)
        _end_channels(share.user, current, by)
        share.delete()


def answer(*, share: Collaboration, accept: bool, by: User) -> Collaboration:
    """Accept or decline an invitation to oneself.

    Raises:
        NotFound: it was taken back, or answered already.
    """
    with changing(share.study) as current:
        waiting = Collaboration.objects.filter(pk=share.pk, user=by, status=Status.PENDING)
        found = waiting.select_related("study", "user").first()
        if found is None:
            raise NotFound(
                gettext("This invitation no longer exists; it may have been cancelled or answered.")
            )
        found.status = Status.ACCEPTED if accept else Status.DECLINED
        found.answered_at = clock.now()
        found.save(update_fields=["status", "answered_at"])
        _record(by, AuditAction.STUDY_ACCEPT if accept else AuditAction.STUDY_DECLINE, current, by)
        _show_in_mirrors(found, current)
    return found


def leave(*, study: Study, by: User) -> None:
    """Give one's own share in somebody's study back.

    Raises:
        NotFound: there is none.
    """
    with changing(study) as current:
        share = Collaboration.objects.filter(study=current, user=by, status=Status.ACCEPTED).first()
        if share is None:
            raise NotFound(gettext("You do not work on this study any more."))
        _record(by, AuditAction.STUDY_LEAVE, current, by)
        _show_in_mirrors(share, current)
        _end_channels(by, current, by)
        share.delete()


def set_public(*, study: Study, is_public: bool, by: User) -> Study:
    """Let everybody who is logged in read and copy a study, or nobody but its members."""
    with changing(study) as current:
        if current.is_public != is_public:
            current.is_public = is_public
            action = AuditAction.STUDY_MAKE_PUBLIC if is_public else AuditAction.STUDY_MAKE_PRIVATE
            record(actor=by, action=action, target=current.name, study=current.public_id)
    return current


def make_link(*, study: Study, by: User) -> str:
    """Make a new read-only link and return its code; a link made before does not work any more."""
    code = ids.secret_code()
    with changing(study) as current:
        values = {
            "fingerprint": ids.fingerprint(code),
            "sealed": seal(code),
            "made_at": clock.now(),
            "made_by": by,
        }
        _, is_first = ReadOnlyLink.objects.update_or_create(study=current, defaults=values)
        action = AuditAction.STUDY_MAKE_LINK if is_first else AuditAction.STUDY_RENEW_LINK
        record(actor=by, action=action, target=current.name, study=current.public_id)
    return code


def end_with_account(*, user: User, by: User | None) -> None:
    """End what somebody whose account ends gave others: links, and invitations that nobody has answered."""
    studies = Study._base_manager.filter(
        Q(read_only_link__made_by=user)
        | Q(link_invitations__invited_by=user)
        | Q(collaborations__invited_by=user, collaborations__status=Status.PENDING)
    )
    for study in studies.distinct().order_by("pk"):
        with changing(study, deleted=True) as current:
            _end_channels(user, current, by or user)


def _end_channels(user: User, study: Study, by: User) -> None:
    """End the read-only link and the unanswered invitations of somebody who may not share the study any more."""
    pending = Collaboration.objects.filter(study=study, invited_by=user, status=Status.PENDING)
    for share in pending.select_related("user"):
        _record(by, AuditAction.STUDY_REMOVE_MEMBER, study, share.user, status=Status.PENDING)
        share.delete()
    for invitation in LinkInvitation.objects.filter(study=study, invited_by=user):
        details = {"member": invitation.email, "by_link": True, "status": Status.PENDING}
        action = AuditAction.STUDY_REMOVE_MEMBER
        record(actor=by, action=action, target=study.name, study=study.public_id, **details)
        invitation.delete()
    if ReadOnlyLink.objects.filter(study=study, made_by=user).delete()[0]:
        record(actor=by, action=AuditAction.STUDY_REVOKE_LINK, target=study.name, study=study.public_id)


def revoke_link(*, study: Study, by: User) -> None:
    """End the read-only link; without one, nothing changes."""
    with changing(study) as current:
        if ReadOnlyLink.objects.filter(study=current).delete()[0]:
            record(
                actor=by, action=AuditAction.STUDY_REVOKE_LINK, target=current.name, study=current.public_id
            )


def transfer(*, study: Study, share_id: int, by: User) -> Study:
    """Give a study to one of its accepted members; who owned it stays as a member who edits and sees the data.

    The read-only link and the unanswered invitations of who owned it end. The new owner gets it as `name (2)` where they have a study of its name.

    Raises:
        NotAllowed: it is not theirs (any more).
        Refused: this person is no accepted member, or their account is deactivated.
    """
    with changing(study) as current:
        # Asked again under the lock: who gives a study away twice at once owned it only the first time.
        access.require(by, access.Action.TRANSFER, current)
        shares = Collaboration.objects.filter(pk=share_id, study=current, status=Status.ACCEPTED)
        share = shares.select_related("user").first()
        if share is None or not share.user.is_active:
            raise Refused(
                gettext("A study can be transferred only to someone who works on it and can log in.")
            )
        before = current.owner
        _give(current, share.user, by)
        Collaboration.objects.create(
            study=current,
            user=before,
            file_access=Collaboration.Files.EDIT,
            sees_data=True,
            status=Status.ACCEPTED,
            invited_at=clock.now(),
            invited_by=by,
            answered_at=clock.now(),
        )
    return current


def hand_over(*, study: Study, to: User, by: User) -> Study:
    """Give a study to another owner when its owner goes; who owned it keeps no access."""
    with changing(study, deleted=True) as current:
        if current.owner_id != to.pk:
            _give(current, to, by)
    return current


def _give(current: Study, to: User, by: User) -> None:
    name = free_name(to, current.name)
    details = {"study": current.public_id, "from": current.owner.username, "to": to.username}
    record(actor=by, action=AuditAction.STUDY_TRANSFER, target=current.name, **details)
    _end_channels(current.owner, current, by)
    Collaboration.objects.filter(study=current, user=to).delete()
    current.owner, current.name = to, name


def _find(who: str) -> User:
    try:
        user = find_user(who)
    except NotFound as error:
        raise NobodyHere(gettext(NO_SUCH_USER)) from error
    if not user.is_active:
        raise NobodyHere(gettext(NO_SUCH_USER))
    return user


def check_share(study: Study, file_access: str, sees_data: bool, *, had_data: bool, by: User) -> None:
    """Check that a share is one, and that `by` can give it.

    Raises:
        Invalid: it would be empty.
        NotAllowed: `by` does not see the data and would change who does.
    """
    if file_access not in Collaboration.Files.values:
        raise Invalid(
            gettext("There is no access to files called %(file_access)s.")
            % {"file_access": names.quoted(file_access)}
        )
    if sees_data != had_data and not access.may(by, access.Action.READ_DATA, study):
        raise NotAllowed(gettext("You cannot see the data of this study, so you cannot change who can."))
    if file_access == Collaboration.Files.NONE and not sees_data:
        raise Invalid(
            gettext("Without access to files or data, nothing is shared. Choose at least one of them.")
        )


def _refuse_own(share: Collaboration, by: User) -> None:
    if share.user_id == by.pk:
        raise NotAllowed(gettext("You cannot change your own access. To give it up, leave the study."))


def _again(share: Collaboration) -> Collaboration:
    found = Collaboration.objects.filter(pk=share.pk).select_related("user", "study").first()
    if found is None:
        raise NotFound(gettext("This person is no longer a member."))
    return found


def _given(share: Collaboration) -> dict[str, object]:
    return {"files": share.file_access, "data": share.sees_data}


def _record(by: User, action: AuditAction, study: Study, member: User, **details: object) -> None:
    known = {"study": study.public_id, "member": member.username, **details}
    record(actor=by, action=action, target=study.name, **known)


def _show_in_mirrors(share: Collaboration, current: Study) -> None:
    """Raise the study's revision if the share gives a right: an invitation not accepted shows nowhere."""
    if share.status == Status.ACCEPTED:
        current.revision += 1
