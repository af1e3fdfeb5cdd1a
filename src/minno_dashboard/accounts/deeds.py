"""What the deeds of the audit log are called: the stable word that is stored, and the phrase that people read."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy

BY_THE_SYSTEM = "system"
ACTING_AS = " as "

# After the name of who did it, and before a colon and what it was done to.
PHRASES: dict[str, Promise] = {
    "log in": gettext_lazy("logged in"),
    "give the password": gettext_lazy("gave the password, and was asked for the second step"),
    "lost password": gettext_lazy("answered a request for a new password"),
    "end a session": gettext_lazy("ended a session"),
    "log out everywhere": gettext_lazy("logged out everywhere"),
    "add a passkey": gettext_lazy("added a passkey"),
    "remove a passkey": gettext_lazy("removed a passkey"),
    "refuse a passkey": gettext_lazy("refused a passkey"),
    "turn two-step log-in on": gettext_lazy("turned two-step log-in on"),
    "turn two-step log-in off": gettext_lazy("turned two-step log-in off"),
    "make new recovery codes": gettext_lazy("made new recovery codes"),
    "use a recovery code": gettext_lazy("used a recovery code"),
    "set password by link": gettext_lazy("set a password by a link"),
    "change own password": gettext_lazy("changed their own password"),
    "change own full name": gettext_lazy("changed their own full name"),
    "change own e-mail address": gettext_lazy("changed their own e-mail address"),
    "ask for another e-mail address": gettext_lazy("asked for another e-mail address"),
    "create user": gettext_lazy("created a user"),
    "import users": gettext_lazy("imported users"),
    "make activation link": gettext_lazy("made an activation link"),
    "make password reset link": gettext_lazy("made a link to a new password"),
    "make e-mail confirmation link": gettext_lazy("made a link that confirms an e-mail address"),
    "change role": gettext_lazy("changed a role"),
    "deactivate user": gettext_lazy("deactivated a user"),
    "activate user": gettext_lazy("activated a user"),
    "begin to act as": gettext_lazy("began to act as somebody"),
    "act as": gettext_lazy("did something as somebody"),
    "end to act as": gettext_lazy("stopped acting as somebody"),
    "changed the configuration": gettext_lazy("changed the configuration"),
    "try mails again": gettext_lazy("had mails tried again"),
    "mail refused": gettext_lazy("could not send a mail"),
    "make an API token": gettext_lazy("made an API token"),
    "revoke an API token": gettext_lazy("revoked an API token"),
    "revoke all API tokens": gettext_lazy("revoked all API tokens"),
    "connected a Dropbox": gettext_lazy("connected a Dropbox"),
    "disconnected a Dropbox": gettext_lazy("disconnected a Dropbox"),
    "study.create": gettext_lazy("made a study"),
    "study.duplicate": gettext_lazy("made a study as a copy of another"),
    "study.restore": gettext_lazy("restored a study from a copy"),
    "study.rename": gettext_lazy("renamed a study"),
    "study.describe": gettext_lazy("changed the description of a study"),
    "study.archive": gettext_lazy("archived a study"),
    "study.unarchive": gettext_lazy("took a study out of the archive"),
    "study.delete": gettext_lazy("deleted a study"),
    "study.bring_back": gettext_lazy("brought a study back"),
    "study.purge": gettext_lazy("removed a deleted study for good"),
    "study.publish": gettext_lazy("published a version"),
    "study.new_version": gettext_lazy("began a version"),
    "study.note_version": gettext_lazy("changed the note of a version"),
    "study.invite": gettext_lazy("invited somebody to a study"),
    "study.change_share": gettext_lazy("changed what somebody may do with a study"),
    "study.remove_member": gettext_lazy("removed somebody from a study"),
    "study.accept": gettext_lazy("accepted the invitation to a study"),
    "study.decline": gettext_lazy("declined the invitation to a study"),
    "study.leave": gettext_lazy("left a study"),
    "study.make_public": gettext_lazy("made a study public"),
    "study.make_private": gettext_lazy("made a study private"),
    "study.make_link": gettext_lazy("made a read-only link to a study"),
    "study.renew_link": gettext_lazy("made a new read-only link to a study; the one before ended"),
    "study.revoke_link": gettext_lazy("ended the read-only link to a study"),
    "study.transfer": gettext_lazy("gave a study to somebody else"),
}


def phrase(verb: str) -> str:
    """Return what a deed is called in the reader's language; "" where its word is not known here."""
    return str(PHRASES[verb]) if verb in PHRASES else ""


def doer(name: str, *, is_person: bool) -> str:
    """Return who did it in the reader's language: a person, an admin "as" a person, or the Dashboard itself."""
    if name == BY_THE_SYSTEM and not is_person:
        return gettext("the Dashboard")
    admin, acts, person = name.partition(ACTING_AS)
    return gettext("%(admin)s as %(name)s") % {"admin": admin, "name": person} if acts else name


def meant(text: str) -> list[str]:
    """Return the stored words of the deeds whose phrase contains the text."""
    wanted = text.casefold()
    return [verb for verb, words in PHRASES.items() if wanted in str(words).casefold()]
