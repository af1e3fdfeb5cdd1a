"""Creates the user `admin` of a new Dashboard."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.db import IntegrityError, transaction

from minno_dashboard.accounts.audit import record
from minno_dashboard.accounts.audit_actions import AuditAction
from minno_dashboard.accounts.models import User

NAME = "admin"
EMAIL = "admin@localhost"


def ensure_first_admin() -> str | None:
    """Create the user `admin` where there is no user yet; return its random password, to be shown once.

    With `MINNO_ADMIN_PASSWORD` that password is taken and nothing returned: who set it knows it, and logs need not.
    Either way it must be changed at the first login.
    """
    if User.objects.exists():
        return None
    given: str = settings.FIRST_ADMIN_PASSWORD
    password = given or secrets.token_urlsafe(12)
    try:
        with transaction.atomic():
            admin = User(
                username=NAME,
                email=EMAIL,
                role=User.Role.ADMIN,
                must_change_password=True,
            )
            admin.set_password(password)
            admin.save()
            record(actor=None, action=AuditAction.USER_CREATE, target=NAME, role=admin.role)
    except IntegrityError:
        return None  # another process of this installation was first
    return None if given else password
