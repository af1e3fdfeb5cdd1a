"""Tells Django of this app."""

from __future__ import annotations

from django.apps import AppConfig


class OperationsConfig(AppConfig):
    """The `operations` app."""

    name = "minno_dashboard.operations"
    label = "operations"
