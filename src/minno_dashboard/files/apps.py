"""The Django app `files`."""

from __future__ import annotations

from django.apps import AppConfig


class FilesConfig(AppConfig):
    """The Django app `files`."""

    name = "minno_dashboard.files"
    label = "files"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the periodic work."""
        from minno_dashboard.files import schedule  # noqa: F401
