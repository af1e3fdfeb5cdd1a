"""One row per configuration section."""

from __future__ import annotations

from django.db import models


class Section(models.Model):
    """The values of one section; `sealed` holds its secrets, each sealed (see `sealing`), never shown again."""

    name = models.CharField(max_length=50, unique=True)
    values = models.JSONField(default=dict)
    sealed = models.JSONField(default=dict)
    changed_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name
