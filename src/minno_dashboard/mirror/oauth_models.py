"""The table of connections that were begun and not finished."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class OAuthState(models.Model):
    """One begun connection: its user, browser and end of validity, and the sealed PKCE verifier.

    Only fingerprints (SHA-256) of the state and of the browser's mark are kept. `used_at` is set by the first
    answer that names the state, whatever becomes of it.
    """

    fingerprint = models.CharField(max_length=64, unique=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    browser = models.CharField(max_length=64)
    verifier = models.TextField()
    app_key = models.CharField(max_length=100)
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"connection begun by {self.user_id}"
