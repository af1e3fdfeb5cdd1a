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
        from minno_dashboard.accounts.views import mail
        from minno_dashboard.ui import slots

        slots.contribute("configuration.sections", name="mail", title="Mail", order=20, render=mail.section)
