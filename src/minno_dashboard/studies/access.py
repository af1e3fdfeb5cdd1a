"""Permission rules for studies: one table of who may do what.

Whoever may not even see a study is told that it is not there; whoever sees it and lacks a right is told so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext, gettext_noop

from minno_dashboard.accounts.audit import admin_acting
from minno_dashboard.accounts.models import User
from minno_dashboard.core.errors import NotAllowed, NotFound
from minno_dashboard.studies.models import Collaboration, Study

Person = User | AnonymousUser | None


class Visitor(StrEnum):
    """The relation of a person to a study (owner, collaborator …)."""

    OWNER = "owner"
    EDITOR = "editor"
    READER = "reader"
    DATA_ONLY = "data only"
    PENDING = "pending"
    DECLINED = "declined"
    STRANGER = "stranger"
    ANONYMOUS = "anonymous"
    ADMIN = "admin"
    PUBLIC = "public"
    LINK = "link"


class Action(StrEnum):
    """What can be done to a study.

    `SEE_MEMBERS` is who works on it and who did what; `READ_HISTORY` is what its files were before and what was deleted
    of them, by whom; `MANAGE` is rename, describe, archive, publish and new versions;
    `SHARE` is members, public or not, and the read-only link; `DELETE` is also bringing back; `TRANSFER` is giving it
    to another owner; `LAUNCH` is making, setting and closing experiments, with all their links; `ANSWER` is taking or declining an invitation.
    """

    SEE = "see"
    SEE_MEMBERS = "see_members"
    READ_FILES = "read_files"
    READ_HISTORY = "read_history"
    EDIT_FILES = "edit_files"
    MANAGE = "manage"
    SHARE = "share"
    DELETE = "delete"
    READ_DATA = "read_data"
    DELETE_DATA = "delete_data"
    DUPLICATE = "duplicate"
    TRANSFER = "transfer"
    LAUNCH = "launch"
    LEAVE = "leave"
    ANSWER = "answer"


_NOTHING: frozenset[Action] = frozenset()
_OF_A_READER = frozenset(
    {
        Action.SEE,
        Action.SEE_MEMBERS,
        Action.READ_FILES,
        Action.READ_HISTORY,
        Action.DUPLICATE,
        Action.LEAVE,
    }
)

RIGHTS: dict[Visitor, frozenset[Action]] = {
    Visitor.OWNER: frozenset(Action) - {Action.LEAVE, Action.ANSWER},
    Visitor.EDITOR: _OF_A_READER
    | {Action.EDIT_FILES, Action.MANAGE, Action.SHARE, Action.DELETE, Action.LAUNCH},
    Visitor.READER: _OF_A_READER,
    Visitor.DATA_ONLY: frozenset({Action.SEE, Action.SEE_MEMBERS, Action.LEAVE}),
    Visitor.PENDING: frozenset({Action.ANSWER}),
    Visitor.DECLINED: _NOTHING,
    Visitor.STRANGER: _NOTHING,
    Visitor.ANONYMOUS: _NOTHING,
    Visitor.ADMIN: _NOTHING,
    Visitor.PUBLIC: frozenset({Action.SEE, Action.READ_FILES, Action.DUPLICATE}),
    Visitor.LINK: frozenset({Action.SEE, Action.READ_FILES}),
}
"""The rights of each visitor.

A collaborator who was also given the data has READ_DATA besides, and with Edit access DELETE_DATA. PUBLIC is what
everybody who is logged in may do to a public study, besides what they are to it; LINK is whoever holds its read-only
link.
"""

OF_THE_DATA = frozenset({Action.READ_DATA, Action.DELETE_DATA})
"""What an admin who acts as somebody may never do: participants' data are for those whom the owner gave them."""
OF_A_DELETED_STUDY = frozenset({Action.SEE, Action.DELETE})
"""What is left, once a study is deleted, to those who could delete it (DELETE includes bringing back)."""

_REFUSALS: dict[Action, str] = {
    Action.SEE_MEMBERS: gettext_noop("Only people who work on this study can see its members."),
    Action.READ_FILES: gettext_noop(
        "You have no access to the files of this study; its owner can change that."
    ),
    Action.READ_HISTORY: gettext_noop(
        "Only people who work on this study can see earlier states of its files and what was deleted."
    ),
    Action.EDIT_FILES: gettext_noop(
        "You can read the files of this study and not change them; its owner can change that."
    ),
    Action.MANAGE: gettext_noop("Only the owner of this study and people with Edit access can do this."),
    Action.SHARE: gettext_noop("Only the owner of this study and people with Edit access can share it."),
    Action.DELETE: gettext_noop("Only the owner of this study and people with Edit access can delete it."),
    Action.READ_DATA: gettext_noop(
        "You have no access to the data of this study; its owner can change that."
    ),
    Action.DELETE_DATA: gettext_noop(
        "Only the owner of this study and people with both Edit access and data access can delete its data."
    ),
    Action.DUPLICATE: gettext_noop("You have no access to the files of this study, so you cannot copy it."),
    Action.TRANSFER: gettext_noop("Only the owner of this study can transfer it."),
    Action.LAUNCH: gettext_noop(
        "Only the owner of this study and people with Edit access can change its experiments."
    ),
    Action.LEAVE: gettext_noop("This study was not shared with you, so there is nothing to leave."),
    Action.ANSWER: gettext_noop("There is no open invitation to this study for you."),
}

_BY_FILES = {
    Collaboration.Files.EDIT: Visitor.EDITOR,
    Collaboration.Files.READ: Visitor.READER,
    Collaboration.Files.NONE: Visitor.DATA_ONLY,
}


@dataclass(frozen=True, slots=True)
class Standing:
    """The relation of a person to a study, and the actions it allows."""

    visitor: Visitor
    rights: frozenset[Action]

    def may(self, action: Action | str) -> bool:
        """Return whether the person may do this."""
        return action in self.rights


def standing(user: Person, study: Study, shares: Iterable[Collaboration] | None = None) -> Standing:
    """Return the relation of a person to a study; one query unless all its shares are given, or were prefetched."""
    visitor, sees_data = _visitor(user, study, study.collaborations.all() if shares is None else shares)
    rights = RIGHTS[visitor]
    if sees_data:
        rights |= OF_THE_DATA if Action.MANAGE in rights else {Action.READ_DATA}
    if study.deleted_at is not None:
        rights = rights & OF_A_DELETED_STUDY if Action.DELETE in rights else _NOTHING
    elif study.is_public and visitor is not Visitor.ANONYMOUS:
        rights |= RIGHTS[Visitor.PUBLIC]
    if admin_acting.get() is not None:
        rights -= OF_THE_DATA
    return Standing(visitor, rights)


def standing_by_link(study: Study) -> Standing:
    """Return what the read-only link allows; nothing while the study is archived or deleted."""
    is_shown = study.deleted_at is None and study.archived_at is None
    return Standing(Visitor.LINK, RIGHTS[Visitor.LINK] if is_shown else _NOTHING)


def may(user: Person, action: Action | str, study: Study) -> bool:
    """Return whether a person may do this to a study."""
    return standing(user, study).may(Action(action))


def require(user: Person, action: Action | str, study: Study) -> Standing:
    """Return the person's relation to the study, if they may do this.

    Raises:
        NotFound: they may not know that there is such a study.
        NotAllowed: they may see it and not do this.
    """
    found = standing(user, study)
    if not found.may(Action(action)):
        if not found.may(Action.SEE):
            raise NotFound(gettext("This study does not exist, or it is not shared with you."))
        if study.deleted_at is not None:
            raise NotAllowed(gettext("This study is deleted. Bring it back to work on it."))
        raise NotAllowed(gettext(_REFUSALS[Action(action)]))
    return found


def _visitor(user: Person, study: Study, shares: Iterable[Collaboration]) -> tuple[Visitor, bool]:
    """Return the relation of a person to a study, and whether an accepted share gives them the data."""
    if not isinstance(user, User) or not user.is_active:
        return Visitor.ANONYMOUS, False
    if study.owner_id == user.pk:
        return Visitor.OWNER, False
    share = next((one for one in shares if one.user_id == user.pk), None)
    if share is None:
        return (Visitor.ADMIN if user.is_admin else Visitor.STRANGER), False
    if share.status == Collaboration.Status.PENDING:
        return Visitor.PENDING, False
    if share.status != Collaboration.Status.ACCEPTED:
        return Visitor.DECLINED, False
    return _BY_FILES[Collaboration.Files(share.file_access)], share.sees_data
