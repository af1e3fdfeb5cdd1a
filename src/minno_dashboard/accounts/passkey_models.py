"""The table of passkeys."""

from __future__ import annotations

from django.db import models

from minno_dashboard.accounts.models import User


class Passkey(models.Model):
    """A passkey (WebAuthn credential) of a person: its public key; the private key never leaves their device.

    `fingerprint` is the SHA-256 of its id; `sign_count` is what the device counted last, 0 for those that do not count.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="passkeys")
    name = models.CharField(max_length=60)
    fingerprint = models.CharField(max_length=64, unique=True)
    credential_id = models.BinaryField()
    public_key = models.BinaryField()
    sign_count = models.BigIntegerField(default=0)
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.name} of {self.user_id}"
