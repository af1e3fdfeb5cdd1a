"""Tells Django of this room."""

from __future__ import annotations

from django.apps import AppConfig


class MirrorConfig(AppConfig):
    """The `mirror` room."""

    name = "minno_dashboard.mirror"
    label = "mirror"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Take the mirror's places in the pages of other rooms."""
        from minno_dashboard.mirror import (
            schedule,  # noqa: F401
            sections,
        )

        sections.contribute()
