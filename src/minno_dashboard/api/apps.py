"""The Django app `api`."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy


class ApiConfig(AppConfig):
    """The Django app `api`."""

    name = "minno_dashboard.api"
    label = "api"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the periodic work, what ends with an account, and its section of the Settings page."""
        from minno_dashboard.accounts import revocation_hooks
        from minno_dashboard.api import schedule, services  # noqa: F401
        from minno_dashboard.api.views import tokens
        from minno_dashboard.ui import slots

        revocation_hooks.register(services.revoke_all)
        revocation_hooks.register_at_a_reset(services.revoke_all)
        revocation_hooks.register_on_request(services.revoke_all)
        slots.contribute(
            "settings.sections",
            name="tokens",
            title=gettext_lazy("API tokens"),
            order=50,
            render=tokens.section,
        )
