"""Tells Django of this room."""

from __future__ import annotations

from django.apps import AppConfig


class CollectionConfig(AppConfig):
    """The `collection` room."""

    name = "minno_dashboard.collection"
    label = "collection"
    default_auto_field = "django.db.models.BigAutoField"
