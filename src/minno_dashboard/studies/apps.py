"""Tells Django of this room."""

from __future__ import annotations

from django.apps import AppConfig


class StudiesConfig(AppConfig):
    """The `studies` room."""

    name = "minno_dashboard.studies"
    label = "studies"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the room's periodic work."""
        from minno_dashboard.studies import schedule  # noqa: F401
