"""The tokens by which a person's programs come in."""

from __future__ import annotations

from typing import Any

from django.db import models

from minno_dashboard.accounts.models import User


class ApiToken(models.Model):
    """A key of a person's own programs. Only its fingerprint is kept; `scopes` are values of `scopes.Scope`."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=60)
    fingerprint = models.CharField(max_length=64, unique=True)
    scopes: Any = models.JSONField(default=list)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.name} of {self.user_id}"
