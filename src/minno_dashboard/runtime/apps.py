"""The Django app `runtime`."""

from __future__ import annotations

from django.apps import AppConfig


class RuntimeConfig(AppConfig):
    """The Django app `runtime`."""

    name = "minno_dashboard.runtime"
    label = "runtime"
