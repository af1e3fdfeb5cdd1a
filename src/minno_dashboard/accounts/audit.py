"""The audit log: who did what to what."""

from __future__ import annotations

from typing import Any

from minno_dashboard.accounts.models import AuditEntry, User

BY_THE_SYSTEM = "system"


def record(*, actor: User | None, verb: str, target: str = "", **details: Any) -> None:
    """Write one entry; called inside the transaction of the deed. Details are JSON and never hold a secret."""
    AuditEntry.objects.create(
        actor=actor,
        actor_name=actor.username if actor else BY_THE_SYSTEM,
        verb=verb,
        target=target[:300],
        details=details,
    )
