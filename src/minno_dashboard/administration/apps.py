"""The Django app `administration`."""

from __future__ import annotations

from django.apps import AppConfig


class AdministrationConfig(AppConfig):
    """The Django app `administration`."""

    name = "minno_dashboard.administration"
    label = "administration"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register this app's parts of other apps' pages."""
        from minno_dashboard.administration import limits, page_parts, schedule  # noqa: F401
        from minno_dashboard.files.limits import register

        page_parts.contribute()
        register(limits)
