"""Sends mail by a job that tries again, so that no request waits for a mail server; off until it is configured."""

from __future__ import annotations

import json
import smtplib
import socket
import ssl
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend
from django.utils.translation import gettext

from minno_dashboard.accounts.audit import record
from minno_dashboard.accounts.audit_actions import AuditAction
from minno_dashboard.accounts.models import AccessCode
from minno_dashboard.core import clock
from minno_dashboard.core.errors import Refused
from minno_dashboard.core.ids import public_id
from minno_dashboard.jobs.lease import is_unleased
from minno_dashboard.jobs.models import Job
from minno_dashboard.jobs.registry import handles
from minno_dashboard.jobs.services import enqueue
from minno_dashboard.siteconfig import queries as siteconfig
from minno_dashboard.siteconfig.queries import MailSettings
from minno_dashboard.siteconfig.sealing import SealBroken, seal, unseal

KIND = "accounts.mail"
SEND_TIMEOUT_SECONDS = 20
_PERMANENT = 500


class MailNotSent(Refused):
    """The mail server refused a mail; the sentence says why."""


class NoSuchMailbox(MailNotSent):
    """The mail server permanently refuses mail for this address."""


@dataclass(frozen=True)
class Letter:
    """One plain-text mail."""

    to: str
    subject: str
    body: str


@dataclass(frozen=True)
class WaitingMails:
    """Mails that were not sent yet; `given_up` of them are not tried any more."""

    count: int
    given_up: int
    last_error: str


def is_enabled() -> bool:
    """Return whether mail is configured; without it, people hand links over themselves."""
    return siteconfig.mail().is_enabled


def post(letter: Letter, *, only_while_open: str = "") -> None:
    """Queue a mail for the worker, in the transaction of the action it is about; stored sealed, since it may hold a link.

    `only_while_open` is the fingerprint of the code it holds: once the code does not work any more, nothing is sent.
    """
    sealed = seal(json.dumps(asdict(letter)))
    enqueue(KIND, key=public_id(), args={"sealed": sealed, "code": only_while_open})


@handles(KIND)
def _deliver(args: dict[str, Any]) -> None:
    if args["code"] and not _is_open(args["code"]):
        return
    letter = Letter(**json.loads(unseal(args["sealed"])))
    try:
        send(letter)
    except NoSuchMailbox as error:
        record(actor=None, action=AuditAction.MAIL_REFUSE, target=letter.to, why=str(error))


def _is_open(fingerprint: str) -> bool:
    return AccessCode.objects.filter(
        fingerprint=fingerprint, used_at=None, expires_at__gt=clock.now()
    ).exists()


def send(letter: Letter) -> None:
    """Send a mail now and wait for the mail server.

    Raises:
        MailNotSent: it was not taken; `NoSuchMailbox` where trying again is no use.
    """
    chosen = siteconfig.mail()
    if not chosen.is_enabled:
        raise MailNotSent(gettext("Email is turned off, so nothing was sent."))
    host = urlsplit(settings.SERVER_URL).hostname or "localhost"
    message = EmailMessage(
        subject=letter.subject,
        body=letter.body,
        from_email=f"Minno <{chosen.sender}>",
        to=[letter.to],
        headers={"Message-ID": f"<{public_id()}@{host}>", "Auto-Submitted": "auto-generated"},
    )
    try:
        _hand_in(_backend(chosen), message)
    except SealBroken as error:
        raise MailNotSent(
            gettext(
                "The stored password cannot be decrypted, because the secret key of this "
                "installation changed. Enter the password again."
            )
        ) from error
    except OSError as error:  # smtplib's errors are OSErrors too
        raise _refusal(error, chosen) from error


def _backend(chosen: MailSettings) -> EmailBackend:
    return EmailBackend(
        host=chosen.host,
        port=chosen.port,
        username=chosen.username,
        password=chosen.password() if chosen.username else "",
        use_tls=chosen.security == "starttls",
        use_ssl=chosen.security == "tls",
        timeout=SEND_TIMEOUT_SECONDS,
    )


def _hand_in(backend: EmailBackend, message: EmailMessage) -> None:
    try:
        backend.send_messages([message])
    finally:
        with suppress(OSError):  # what went wrong before this is what counts
            backend.close()


def _refusal(error: OSError, chosen: MailSettings) -> MailNotSent:
    """Translate an error into a sentence that says what to change."""
    where = gettext("%(host)s, port %(port)s") % {"host": chosen.host, "port": chosen.port}
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, answer = next(iter(error.recipients.values()))
        kind = NoSuchMailbox if code >= _PERMANENT else MailNotSent
        return kind(gettext("The mail server rejected the recipient: %(said)s") % {"said": _said(answer)})
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return MailNotSent(
            gettext("The mail server rejected the user name or the password: %(said)s")
            % {"said": _said(error.smtp_error)}
        )
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return MailNotSent(
            gettext(
                "The mail server at %(where)s does not support what is needed (%(error)s). Choose "
                "another encryption."
            )
            % {"where": where, "error": error}
        )
    if isinstance(error, smtplib.SMTPResponseException):
        return MailNotSent(
            gettext("The mail server rejected the email: %(smtp_code)s %(said)s")
            % {"smtp_code": error.smtp_code, "said": _said(error.smtp_error)}
        )
    if isinstance(error, ssl.SSLCertVerificationError):
        return MailNotSent(
            gettext("The certificate of %(where)s is not trusted: %(verify_message)s.")
            % {"where": where, "verify_message": error.verify_message}
        )
    if isinstance(error, ssl.SSLError):
        return MailNotSent(
            gettext("No encrypted connection to %(where)s could be made. Choose another encryption or port.")
            % {"where": where}
        )
    if isinstance(error, socket.gaierror):
        return MailNotSent(
            gettext("No mail server called %(host)s was found. Check its name.") % {"host": chosen.host}
        )
    if isinstance(error, TimeoutError | smtplib.SMTPServerDisconnected):
        return MailNotSent(
            gettext("The mail server at %(where)s does not answer as expected. Check port and encryption.")
            % {"where": where}
        )
    return MailNotSent(
        gettext("The mail server at %(where)s cannot be reached: %(value)s.")
        % {"where": where, "value": error.strerror or error}
    )


def _said(answer: bytes | str) -> str:
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return " ".join(text.split())[:300]


def waiting() -> WaitingMails:
    """Return how many mails wait, and why the last one failed."""
    unsent = Job.objects.filter(kind=KIND, finished_at=None)
    newest = unsent.exclude(last_error="").order_by("-id").first()
    why = newest.last_error.rpartition(": ")[0] and newest.last_error.partition(": ")[2] if newest else ""
    return WaitingMails(unsent.count(), unsent.filter(parked_at__isnull=False).count(), why)


def try_again() -> int:
    """Make every unsent mail due now; return how many."""
    unsent = Job.objects.filter(is_unleased(clock.now()), kind=KIND, finished_at=None)
    return unsent.update(parked_at=None, not_before=None, attempt=0)
