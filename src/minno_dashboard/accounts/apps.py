"""The Django app `accounts`."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy


class AccountsConfig(AppConfig):
    """The Django app `accounts`."""

    name = "minno_dashboard.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the periodic work, and the app's parts of pages."""
        from minno_dashboard.accounts import first_steps, recovery, schedule  # noqa: F401
        from minno_dashboard.accounts.views import appearance, mail, passkeys, security
        from minno_dashboard.ui import slots

        passkeys.contribute()
        first_steps.contribute()
        slots.contribute(
            "configuration.sections", name="mail", title=gettext_lazy("Email"), order=20, render=mail.section
        )
        slots.contribute(
            "settings.sections",
            name="security",
            title=gettext_lazy("Security"),
            order=20,
            render=security.section,
        )
        slots.contribute(
            "settings.sections",
            name="appearance",
            title=gettext_lazy("Appearance"),
            order=60,
            render=appearance.section,
        )
