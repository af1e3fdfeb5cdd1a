"""The Django app `jobs`."""

from __future__ import annotations

from django.apps import AppConfig


class JobsConfig(AppConfig):
    """The Django app `jobs`."""

    name = "minno_dashboard.jobs"
    label = "jobs"
    default_auto_field = "django.db.models.BigAutoField"
