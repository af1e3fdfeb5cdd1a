"""Tells Django of this room."""

from __future__ import annotations

from django.apps import AppConfig


class FilesConfig(AppConfig):
    """The `files` room."""

    name = "minno_dashboard.files"
    label = "files"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the room's periodic work."""
        from minno_dashboard.files import schedule  # noqa: F401
