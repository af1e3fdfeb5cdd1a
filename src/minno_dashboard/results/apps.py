"""The Django app `results`."""

from __future__ import annotations

from django.apps import AppConfig


class ResultsConfig(AppConfig):
    """The Django app `results`."""

    name = "minno_dashboard.results"
    label = "results"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the job that makes downloads, and the app's periodic work."""
        from minno_dashboard.results import data_files, data_requests, schedule  # noqa: F401
