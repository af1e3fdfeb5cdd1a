"""The Django app `studies`."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy


class StudiesConfig(AppConfig):
    """The Django app `studies`."""

    name = "minno_dashboard.studies"
    label = "studies"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the periodic work, the app's part of the top bar, and its first steps."""
        from minno_dashboard.accounts import revocation_hooks
        from minno_dashboard.studies import first_steps, schedule, sharing  # noqa: F401
        from minno_dashboard.studies.views import messages
        from minno_dashboard.ui import slots

        first_steps.contribute()
        revocation_hooks.register(sharing.end_with_account)
        slots.contribute(
            "topbar", name="messages", title=gettext_lazy("Messages"), order=5, render=messages.mark
        )
