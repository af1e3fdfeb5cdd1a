"""Failed logins: written to the log for the operator, and to the audit log where the account exists."""

from __future__ import annotations

import logging

from django.db.models import Q

from minno_dashboard.accounts.audit import record
from minno_dashboard.accounts.audit_actions import AuditAction
from minno_dashboard.accounts.models import User
from minno_dashboard.accounts.names import fold

log = logging.getLogger(__name__)


def note(*, name: str, address: str) -> None:
    """Write a failed login to the log, and to the audit log where the account exists.

    Whatever else was typed may be a password in the wrong box, and is written nowhere.
    """
    user = User.objects.filter(Q(username=fold(name)) | Q(email=fold(name))).first()
    log.warning("failed login of %s from %s", user.username if user else "an unknown name", address)
    if user is not None:
        record(actor=None, action=AuditAction.SESSION_REFUSE, target=user.username, address=address)
