"""The Django app `ui`."""

from __future__ import annotations

from django.apps import AppConfig


class UiConfig(AppConfig):
    """The Django app `ui`."""

    name = "minno_dashboard.ui"
    label = "ui"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Set Django's translation functions for the packages without Django."""
        from django.utils.translation import gettext, ngettext

        from minno_dashboard.core import translation

        translation.translate_with(gettext, ngettext)
