"""Errors named by what the caller should do, not by where they arose."""

from __future__ import annotations


class Refused(Exception):
    """An expected "no": `str(error)` is one sentence for the person who asked."""

    status = 422


class NotFound(Refused):
    """The thing asked for is not there, or the asker may not know that it is."""

    status = 404


class NotAllowed(Refused):
    """The asker may see the thing, and may not do this to it."""

    status = 403


class Conflict(Refused):
    """Somebody else changed the thing first; nothing was overwritten."""

    status = 409


class Invalid(Refused):
    """What was given cannot be accepted as it is."""

    status = 422


class TooLarge(Refused):
    """What was given is larger than this Dashboard accepts."""

    status = 413


class TooMany(Refused):
    """Asked too often; `retry_after_seconds` says when to come back."""

    status = 429

    def __init__(self, sentence: str, *, retry_after_seconds: int) -> None:
        super().__init__(sentence)
        self.retry_after_seconds = retry_after_seconds


class Unavailable(Exception):
    """Nobody's fault and worth trying again after `retry_after_seconds`."""

    def __init__(self, sentence: str, *, retry_after_seconds: int = 5) -> None:
        super().__init__(sentence)
        self.retry_after_seconds = retry_after_seconds
