"""Tells Django of this room."""

from __future__ import annotations

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """The `accounts` room."""

    name = "minno_dashboard.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the work of this room, and its parts of pages."""
        from minno_dashboard.accounts import housekeeping, recovery  # noqa: F401
        from minno_dashboard.accounts.views import appearance, mail, security
        from minno_dashboard.ui import slots

        slots.contribute("configuration.sections", name="mail", title="Mail", order=20, render=mail.section)
        slots.contribute(
            "settings.sections", name="security", title="Security", order=20, render=security.section
        )
        slots.contribute(
            "settings.sections", name="appearance", title="Appearance", order=60, render=appearance.section
        )
