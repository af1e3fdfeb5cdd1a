"""Tells Django of this room."""

from __future__ import annotations

from django.apps import AppConfig


class SiteconfigConfig(AppConfig):
    """The `siteconfig` room."""

    name = "minno_dashboard.siteconfig"
    label = "siteconfig"
    default_auto_field = "django.db.models.BigAutoField"
