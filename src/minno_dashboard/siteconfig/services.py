"""Changes the admin's configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from minno_dashboard.core import clock
from minno_dashboard.siteconfig.models import Section
from minno_dashboard.siteconfig.sealing import seal


@transaction.atomic
def save_section(name: str, values: Mapping[str, Any], secrets: Mapping[str, str | None]) -> None:
    """Replace a section's values; seal the given secrets.

    A secret left empty, or not named, keeps the stored one; `None` forgets it. The caller writes the audit log.
    """
    Section.objects.get_or_create(name=name)
    section = Section.objects.select_for_update().get(name=name)
    now = clock.now()
    sealed = dict(section.sealed)
    for key, secret in secrets.items():
        if secret is None:
            sealed.pop(key, None)
        elif secret:
            sealed[key] = {"sealed": seal(secret), "set_at": now.isoformat()}
    section.values = dict(values)
    section.sealed = sealed
    section.changed_at = now
    section.save()
