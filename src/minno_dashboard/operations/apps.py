"""The Django app `operations`."""

from __future__ import annotations

from django.apps import AppConfig


class OperationsConfig(AppConfig):
    """The Django app `operations`."""

    name = "minno_dashboard.operations"
    label = "operations"
