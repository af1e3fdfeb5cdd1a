"""Encryption of stored secrets with a key derived from the installation's secret key."""

from __future__ import annotations

import base64

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.utils.translation import gettext


class SealBroken(Exception):
    """A sealed secret cannot be decrypted: the installation's secret key has changed."""


def _fernet() -> Fernet:
    derived = HKDF(hashes.SHA256(), 32, salt=None, info=b"minno-dashboard sealed secrets v1")
    return Fernet(base64.urlsafe_b64encode(derived.derive(settings.SECRET_KEY.encode())))


def seal(secret: str) -> str:
    """Return the secret encrypted."""
    return _fernet().encrypt(secret.encode()).decode()


def unseal(sealed: str) -> str:
    """Return the secret decrypted.

    Raises:
        SealBroken: it was sealed with another key, or was changed since.
    """
    try:
        return _fernet().decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise SealBroken(
            gettext("A stored secret cannot be decrypted with this installation's secret key.")
        ) from error
