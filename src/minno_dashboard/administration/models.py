"""The table of daily totals."""

from __future__ import annotations

from django.db import models


class UsageDay(models.Model):
    """The site's totals at the last count of one day (UTC)."""

    day = models.DateField(unique=True)
    users = models.PositiveIntegerField()
    studies = models.PositiveIntegerField()
    files = models.PositiveBigIntegerField()
    bytes = models.PositiveBigIntegerField()

    def __str__(self) -> str:
        return f"{self.day}: {self.bytes} bytes"
