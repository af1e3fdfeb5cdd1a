"""The mail that tells somebody of an invitation; where mail is not configured, Messages alone tells it."""

from __future__ import annotations

from django.conf import settings

from minno_dashboard.accounts import mail
from minno_dashboard.accounts.letters import site_name
from minno_dashboard.accounts.mail import Letter
from minno_dashboard.studies.models import Collaboration

_GIVES = {
    Collaboration.Files.EDIT: "You would be able to read and change its files",
    Collaboration.Files.READ: "You would be able to read its files",
    Collaboration.Files.NONE: "You would have no access to its files",
}


def send_invitation(share: Collaboration) -> bool:
    """Tell who was invited, by mail, in the transaction of the invitation; answer whether mail is configured."""
    if not mail.is_enabled():
        return False
    study, data = (
        share.study,
        "its data would be visible" if share.sees_data else "its data would stay hidden",
    )
    paragraphs = [
        f"Hello {share.user},",
        f"{share.invited_by or study.owner} invites you to work on the study “{study.name}”.",
        f"{_GIVES[Collaboration.Files(share.file_access)]}; {data}.",
        f"Accept or decline here, after logging in as {share.user.username}:\n{settings.SERVER_URL}/messages/",
        f"Until you accept, you have no access. {study.owner} sees your answer. If you connected a Dropbox, a study "
        "whose files you can read is also copied there.",
        f"{site_name()}\n{settings.SERVER_URL}/",
    ]
    subject = f"{share.invited_by or study.owner} invites you to “{study.name}”"
    mail.post(Letter(to=share.user.email, subject=subject, body="\n\n".join(paragraphs) + "\n"))
    return True
