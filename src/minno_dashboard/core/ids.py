"""Random identifiers that cannot be guessed."""

from __future__ import annotations

import hashlib
import secrets


def public_id() -> str:
    """Return 16 URL-safe characters (96 random bits), the id of an object in addresses."""
    return secrets.token_urlsafe(12)


def launch_id() -> str:
    """Return 40 random hexadecimal digits: the name of an experiment or a version in launch addresses and in data."""
    return secrets.token_hex(20)


def session_id() -> int:
    """Return a random session id: 1 to 2**52 - 1, so that JavaScript holds it exactly."""
    return secrets.randbelow(2**52 - 1) + 1


def secret_code() -> str:
    """Return 43 URL-safe characters (256 random bits) to hand over once; store only its `fingerprint`."""
    return secrets.token_urlsafe(32)


def fingerprint(code: str) -> str:
    """Return the SHA-256 of a code in hexadecimal; the database stores it instead of the code."""
    return hashlib.sha256(code.encode()).hexdigest()
