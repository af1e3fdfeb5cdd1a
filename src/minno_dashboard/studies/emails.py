"""The mail about an invitation; where mail is not configured, only the page Messages shows it."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext, gettext_noop

from minno_dashboard.accounts import mail, throttle
from minno_dashboard.accounts.emails import site_name
from minno_dashboard.accounts.language import spoken_with
from minno_dashboard.accounts.mail import Letter
from minno_dashboard.studies.models import Collaboration, LinkInvitation

_GIVES = {
    Collaboration.Files.EDIT: gettext_noop("You would be able to read and change its files; %(data)s."),
    Collaboration.Files.READ: gettext_noop("You would be able to read its files; %(data)s."),
    Collaboration.Files.NONE: gettext_noop("You would have no access to its files; %(data)s."),
}


def send_invitation(share: Collaboration) -> bool:
    """Mail the invited person, in the transaction of the invitation; return whether mail is configured."""
    if not mail.is_enabled():
        return False
    throttle.count_mail(user=share.invited_by or share.study.owner)
    with spoken_with(share.user):
        mail.post(_invitation(share))
    return True


def send_link_invitation(invitation: LinkInvitation, link: str) -> bool:
    """Mail the link of an invitation, in the inviter's language; return whether mail is configured."""
    if not mail.is_enabled():
        return False
    study, who = invitation.study, invitation.invited_by or invitation.study.owner
    throttle.count_mail(user=who)
    paragraphs = [
        gettext("Hello,"),
        gettext("%(who)s invites you to work on the study “%(name)s”.") % {"who": who, "name": study.name},
        _what_it_would_give(invitation),
        gettext("Accept or decline here; the link works once, for 30 days:\n%(link)s") % {"link": link},
        gettext(
            "You need an account for it, which only an administrator can create; ask the person "
            "who invited you. Until you accept, you have no access."
        ),
        f"{site_name()}\n{settings.SERVER_URL}/",
    ]
    subject = gettext("%(who)s invites you to “%(name)s”") % {"who": who, "name": study.name}
    mail.post(Letter(to=invitation.email, subject=subject, body="\n\n".join(paragraphs) + "\n"))
    return True


def _what_it_would_give(share: Collaboration | LinkInvitation) -> str:
    data = gettext("its data would be visible") if share.sees_data else gettext("its data would stay hidden")
    return gettext(_GIVES[Collaboration.Files(share.file_access)]) % {"data": data}


def _invitation(share: Collaboration) -> Letter:
    study = share.study
    paragraphs = [
        gettext("Hello %(user)s,") % {"user": share.user},
        gettext("%(who)s invites you to work on the study “%(name)s”.")
        % {"who": share.invited_by or study.owner, "name": study.name},
        _what_it_would_give(share),
        gettext("Accept or decline here, after logging in as %(username)s:\n%(server_url)s/messages/")
        % {"username": share.user.username, "server_url": settings.SERVER_URL},
        gettext(
            "Until you accept, you have no access. %(owner)s sees your answer. If you connected a Dropbox, a study whose files you can read is also copied there."
        )
        % {"owner": study.owner},
        f"{site_name()}\n{settings.SERVER_URL}/",
    ]
    subject = gettext("%(who)s invites you to “%(name)s”") % {
        "who": share.invited_by or study.owner,
        "name": study.name,
    }
    return Letter(to=share.user.email, subject=subject, body="\n\n".join(paragraphs) + "\n")
