"""Tells Django of this room."""

from __future__ import annotations

from django.apps import AppConfig


class RuntimeConfig(AppConfig):
    """The `runtime` room."""

    name = "minno_dashboard.runtime"
    label = "runtime"
