"""The audit log: who did what to what."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from minno_dashboard.accounts.audit_actions import ACTING_AS, BY_THE_SYSTEM, AuditAction
from minno_dashboard.accounts.models import AuditEntry, User

MAX_NAME_LENGTH = 150

admin_acting: ContextVar[User | None] = ContextVar("admin_acting", default=None)
"""The admin who acts as somebody else in the present request; what happens then is the admin's action."""

made_through: ContextVar[str] = ContextVar("made_through", default="")
"""The name of the API token by which the present request came in; "" for one of a page."""


def record(*, actor: User | None, action: AuditAction, target: str = "", **details: Any) -> None:
    """Write one entry; called inside the transaction of the change. Details are JSON and never hold a secret."""
    name, admin = actor.username if actor else BY_THE_SYSTEM, admin_acting.get()
    if admin is not None and actor != admin:
        actor, name = admin, f"{admin.username}{ACTING_AS}{name}"
    if token := made_through.get():
        details = {**details, "api_token": token}
    AuditEntry.objects.create(
        actor=actor,
        actor_name=name[:MAX_NAME_LENGTH],
        action=action,
        target=target[:300],
        details=details,
    )
