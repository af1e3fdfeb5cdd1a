"""Tells Django of this room."""

from __future__ import annotations

from django.apps import AppConfig


class UiConfig(AppConfig):
    """The `ui` room."""

    name = "minno_dashboard.ui"
    label = "ui"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let the pure rooms speak the reader's language."""
        from django.utils.translation import gettext, ngettext

        from minno_dashboard.core import translation

        translation.translate_with(gettext, ngettext)
