"""The Django app `collection`."""

from __future__ import annotations

from django.apps import AppConfig


class CollectionConfig(AppConfig):
    """The Django app `collection`."""

    name = "minno_dashboard.collection"
    label = "collection"
    default_auto_field = "django.db.models.BigAutoField"
