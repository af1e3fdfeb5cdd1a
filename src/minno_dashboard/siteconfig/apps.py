"""The Django app `siteconfig`."""

from __future__ import annotations

from django.apps import AppConfig


class SiteconfigConfig(AppConfig):
    """The Django app `siteconfig`."""

    name = "minno_dashboard.siteconfig"
    label = "siteconfig"
    default_auto_field = "django.db.models.BigAutoField"
