"""The actions of the audit log: the dotted name that is stored, and the phrase that people read."""

from __future__ import annotations

from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy

BY_THE_SYSTEM = "system"
ACTING_AS = " as "


class AuditAction(StrEnum):
    """An action of the audit log; the stored name is `subject.verb` and never changes."""

    SESSION_LOG_IN = "session.log_in"
    SESSION_REFUSE = "session.refuse"
    SESSION_GIVE_PASSWORD = "session.give_password"
    PASSWORD_ASK = "password.ask"
    SESSION_END = "session.end"
    SESSION_END_OTHERS = "session.end_others"
    PASSKEY_ADD = "passkey.add"
    PASSKEY_REMOVE = "passkey.remove"
    PASSKEY_REFUSE = "passkey.refuse"
    SECOND_STEP_TURN_ON = "second_step.turn_on"
    SECOND_STEP_TURN_OFF = "second_step.turn_off"
    SECOND_STEP_NEW_RECOVERY_CODES = "second_step.new_recovery_codes"
    SECOND_STEP_USE_RECOVERY_CODE = "second_step.use_recovery_code"
    PASSWORD_SET_BY_LINK = "password.set_by_link"
    PASSWORD_CHANGE = "password.change"
    USER_RENAME = "user.rename"
    EMAIL_CHANGE = "email.change"
    EMAIL_ASK = "email.ask"
    USER_CREATE = "user.create"
    USER_IMPORT = "user.import"
    USER_MAKE_ACTIVATION_LINK = "user.make_activation_link"
    USER_MAKE_RESET_LINK = "user.make_reset_link"
    USER_CHANGE_ROLE = "user.change_role"
    USER_DEACTIVATE = "user.deactivate"
    USER_ACTIVATE = "user.activate"
    ACTING_BEGIN = "acting.begin"
    ACTING_CHANGE = "acting.change"
    ACTING_END = "acting.end"
    CONFIGURATION_CHANGE = "configuration.change"
    MAIL_RETRY = "mail.retry"
    MAIL_REFUSE = "mail.refuse"
    TOKEN_CREATE = "token.create"
    TOKEN_REVOKE = "token.revoke"
    TOKEN_REVOKE_ALL = "token.revoke_all"
    DROPBOX_CONNECT = "dropbox.connect"
    DROPBOX_DISCONNECT = "dropbox.disconnect"
    STUDY_CREATE = "study.create"
    STUDY_DUPLICATE = "study.duplicate"
    STUDY_RESTORE = "study.restore"
    STUDY_RENAME = "study.rename"
    STUDY_DESCRIBE = "study.describe"
    STUDY_CHANGE_KIND = "study.change_kind"
    STUDY_ARCHIVE = "study.archive"
    STUDY_UNARCHIVE = "study.unarchive"
    STUDY_DELETE = "study.delete"
    STUDY_BRING_BACK = "study.bring_back"
    STUDY_PURGE = "study.purge"
    STUDY_PUBLISH = "study.publish"
    STUDY_NEW_VERSION = "study.new_version"
    STUDY_NOTE_VERSION = "study.note_version"
    STUDY_INVITE = "study.invite"
    STUDY_CHANGE_SHARE = "study.change_share"
    STUDY_REMOVE_MEMBER = "study.remove_member"
    STUDY_ACCEPT = "study.accept"
    STUDY_DECLINE = "study.decline"
    STUDY_LEAVE = "study.leave"
    STUDY_MAKE_PUBLIC = "study.make_public"
    STUDY_MAKE_PRIVATE = "study.make_private"
    STUDY_MAKE_LINK = "study.make_link"
    STUDY_RENEW_LINK = "study.renew_link"
    STUDY_REVOKE_LINK = "study.revoke_link"
    STUDY_ADD_EXPERIMENT = "study.add_experiment"
    STUDY_RENAME_EXPERIMENT = "study.rename_experiment"
    STUDY_CLOSE_EXPERIMENT = "study.close_experiment"
    STUDY_REOPEN_EXPERIMENT = "study.reopen_experiment"
    STUDY_CHANGE_EXPERIMENT = "study.change_experiment"
    STUDY_CHANGE_TIME_ZONE = "study.change_time_zone"
    STUDY_CHANGE_CONDITIONS = "study.change_conditions"
    STUDY_MAKE_PERSONAL_LINKS = "study.make_personal_links"
    STUDY_REVOKE_PERSONAL_LINK = "study.revoke_personal_link"
    STUDY_ACTIVATE_VERSION = "study.activate_version"
    STUDY_DEACTIVATE_VERSION = "study.deactivate_version"
    STUDY_TRANSFER = "study.transfer"
    STUDY_MARK_DATA = "study.mark_data"
    STUDY_DELETE_DATA = "study.delete_data"
    STUDY_BRING_DATA_BACK = "study.bring_data_back"
    STUDY_PURGE_DATA = "study.purge_data"
    STUDY_ERASE_PARTICIPANT = "study.erase_participant"
    STUDY_CHANGE_RETENTION = "study.change_retention"
    STUDY_REQUEST_DATA = "study.request_data"
    STUDY_DOWNLOAD_DATA = "study.download_data"
    STUDY_SEND_DATA = "study.send_data"
    STUDY_STOP_SENDING_DATA = "study.stop_sending_data"


# After the name of who did it, and before a colon and what it was done to.
PHRASES: dict[AuditAction, Promise] = {
    AuditAction.SESSION_LOG_IN: gettext_lazy("logged in"),
    AuditAction.SESSION_REFUSE: gettext_lazy("failed to log in: wrong password or code"),
    AuditAction.SESSION_GIVE_PASSWORD: gettext_lazy("entered the password and was asked for the second step"),
    AuditAction.PASSWORD_ASK: gettext_lazy("requested a new password"),
    AuditAction.SESSION_END: gettext_lazy("ended a session"),
    AuditAction.SESSION_END_OTHERS: gettext_lazy("logged out everywhere"),
    AuditAction.PASSKEY_ADD: gettext_lazy("added a passkey"),
    AuditAction.PASSKEY_REMOVE: gettext_lazy("removed a passkey"),
    AuditAction.PASSKEY_REFUSE: gettext_lazy("was refused: invalid passkey"),
    AuditAction.SECOND_STEP_TURN_ON: gettext_lazy("turned on two-step login"),
    AuditAction.SECOND_STEP_TURN_OFF: gettext_lazy("turned off two-step login"),
    AuditAction.SECOND_STEP_NEW_RECOVERY_CODES: gettext_lazy("created new recovery codes"),
    AuditAction.SECOND_STEP_USE_RECOVERY_CODE: gettext_lazy("used a recovery code"),
    AuditAction.PASSWORD_SET_BY_LINK: gettext_lazy("set a password through a link"),
    AuditAction.PASSWORD_CHANGE: gettext_lazy("changed their own password"),
    AuditAction.USER_RENAME: gettext_lazy("changed their own full name"),
    AuditAction.EMAIL_CHANGE: gettext_lazy("changed their own email address"),
    AuditAction.EMAIL_ASK: gettext_lazy("requested a change of email address"),
    AuditAction.USER_CREATE: gettext_lazy("created a user"),
    AuditAction.USER_IMPORT: gettext_lazy("imported users"),
    AuditAction.USER_MAKE_ACTIVATION_LINK: gettext_lazy("created an activation link"),
    AuditAction.USER_MAKE_RESET_LINK: gettext_lazy("created a password reset link"),
    AuditAction.USER_CHANGE_ROLE: gettext_lazy("changed a role"),
    AuditAction.USER_DEACTIVATE: gettext_lazy("deactivated a user"),
    AuditAction.USER_ACTIVATE: gettext_lazy("activated a user"),
    AuditAction.ACTING_BEGIN: gettext_lazy("started acting as someone"),
    AuditAction.ACTING_CHANGE: gettext_lazy("made a change while acting as someone"),
    AuditAction.ACTING_END: gettext_lazy("stopped acting as someone"),
    AuditAction.CONFIGURATION_CHANGE: gettext_lazy("changed the configuration"),
    AuditAction.MAIL_RETRY: gettext_lazy("retried sending emails"),
    AuditAction.MAIL_REFUSE: gettext_lazy("could not send an email"),
    AuditAction.TOKEN_CREATE: gettext_lazy("created an API token"),
    AuditAction.TOKEN_REVOKE: gettext_lazy("revoked an API token"),
    AuditAction.TOKEN_REVOKE_ALL: gettext_lazy("revoked all API tokens"),
    AuditAction.DROPBOX_CONNECT: gettext_lazy("connected a Dropbox"),
    AuditAction.DROPBOX_DISCONNECT: gettext_lazy("disconnected a Dropbox"),
    AuditAction.STUDY_CREATE: gettext_lazy("created a study"),
    AuditAction.STUDY_DUPLICATE: gettext_lazy("created a study as a copy of another"),
    AuditAction.STUDY_RESTORE: gettext_lazy("restored a study from a copy"),
    AuditAction.STUDY_RENAME: gettext_lazy("renamed a study"),
    AuditAction.STUDY_DESCRIBE: gettext_lazy("changed the description of a study"),
    AuditAction.STUDY_CHANGE_KIND: gettext_lazy("changed the type of a study"),
    AuditAction.STUDY_ARCHIVE: gettext_lazy("archived a study"),
    AuditAction.STUDY_UNARCHIVE: gettext_lazy("unarchived a study"),
    AuditAction.STUDY_DELETE: gettext_lazy("deleted a study"),
    AuditAction.STUDY_BRING_BACK: gettext_lazy("brought a study back"),
    AuditAction.STUDY_PURGE: gettext_lazy("permanently removed a deleted study"),
    AuditAction.STUDY_PUBLISH: gettext_lazy("published a version"),
    AuditAction.STUDY_NEW_VERSION: gettext_lazy("started a version"),
    AuditAction.STUDY_NOTE_VERSION: gettext_lazy("changed the note of a version"),
    AuditAction.STUDY_INVITE: gettext_lazy("invited somebody to a study"),
    AuditAction.STUDY_CHANGE_SHARE: gettext_lazy("changed what somebody may do with a study"),
    AuditAction.STUDY_REMOVE_MEMBER: gettext_lazy("removed somebody from a study"),
    AuditAction.STUDY_ACCEPT: gettext_lazy("accepted the invitation to a study"),
    AuditAction.STUDY_DECLINE: gettext_lazy("declined the invitation to a study"),
    AuditAction.STUDY_LEAVE: gettext_lazy("left a study"),
    AuditAction.STUDY_MAKE_PUBLIC: gettext_lazy("made a study public"),
    AuditAction.STUDY_MAKE_PRIVATE: gettext_lazy("made a study private"),
    AuditAction.STUDY_MAKE_LINK: gettext_lazy("created a read-only link to a study"),
    AuditAction.STUDY_RENEW_LINK: gettext_lazy("replaced the read-only link to a study"),
    AuditAction.STUDY_REVOKE_LINK: gettext_lazy("revoked the read-only link to a study"),
    AuditAction.STUDY_ADD_EXPERIMENT: gettext_lazy("made a file an experiment"),
    AuditAction.STUDY_RENAME_EXPERIMENT: gettext_lazy("renamed an experiment"),
    AuditAction.STUDY_MARK_DATA: gettext_lazy("marked sessions of a study"),
    AuditAction.STUDY_DELETE_DATA: gettext_lazy("deleted data of a study"),
    AuditAction.STUDY_BRING_DATA_BACK: gettext_lazy("brought back deleted data of a study"),
    AuditAction.STUDY_PURGE_DATA: gettext_lazy("permanently removed deleted data of a study"),
    AuditAction.STUDY_ERASE_PARTICIPANT: gettext_lazy("erased a participant of a study"),
    AuditAction.STUDY_CHANGE_RETENTION: gettext_lazy("changed how long a study keeps its data"),
    AuditAction.STUDY_REQUEST_DATA: gettext_lazy("requested a download of a study's data"),
    AuditAction.STUDY_DOWNLOAD_DATA: gettext_lazy("downloaded a study's data"),
    AuditAction.STUDY_SEND_DATA: gettext_lazy("started writing a study's data to their Dropbox"),
    AuditAction.STUDY_STOP_SENDING_DATA: gettext_lazy("stopped writing a study's data to their Dropbox"),
    AuditAction.STUDY_CLOSE_EXPERIMENT: gettext_lazy("closed an experiment"),
    AuditAction.STUDY_REOPEN_EXPERIMENT: gettext_lazy("reopened an experiment"),
    AuditAction.STUDY_CHANGE_EXPERIMENT: gettext_lazy("changed the launch settings of an experiment"),
    AuditAction.STUDY_CHANGE_TIME_ZONE: gettext_lazy("changed the time zone of a study"),
    AuditAction.STUDY_CHANGE_CONDITIONS: gettext_lazy("changed the conditions of an experiment"),
    AuditAction.STUDY_MAKE_PERSONAL_LINKS: gettext_lazy("created personal links of an experiment"),
    AuditAction.STUDY_REVOKE_PERSONAL_LINK: gettext_lazy("revoked a personal link of an experiment"),
    AuditAction.STUDY_ACTIVATE_VERSION: gettext_lazy("made a version active"),
    AuditAction.STUDY_DEACTIVATE_VERSION: gettext_lazy("made a version inactive"),
    AuditAction.STUDY_TRANSFER: gettext_lazy("transferred a study to someone else"),
}


def phrase(action: str) -> str:
    """Return the name of an action in the reader's language; "" for an unknown one."""
    return str(PHRASES[AuditAction(action)]) if action in PHRASES else ""


def doer(name: str, *, is_person: bool) -> str:
    """Return the actor in the reader's language: a person, an admin "as" a person, or the Dashboard itself."""
    if name == BY_THE_SYSTEM and not is_person:
        return gettext("the Dashboard")
    admin, acts, person = name.partition(ACTING_AS)
    return gettext("%(admin)s as %(name)s") % {"admin": admin, "name": person} if acts else name


def matching(text: str) -> list[str]:
    """Return the stored names of the actions whose phrase contains the text."""
    wanted = text.casefold()
    return [action for action, words in PHRASES.items() if wanted in str(words).casefold()]
