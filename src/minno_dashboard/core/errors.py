"""Errors named by what the caller should do."""

from __future__ import annotations


class Refused(Exception):
    """An expected refusal: `str(error)` is one sentence for the person who asked."""

    status = 422


class NotFound(Refused):
    """The object does not exist, or the person may not know that it does."""

    status = 404


class NotAllowed(Refused):
    """The person may see the object but not do this to it."""

    status = 403


class Conflict(Refused):
    """Somebody else changed the object first; nothing was overwritten."""

    status = 409


class Invalid(Refused):
    """The input is not acceptable."""

    status = 422


class TooLarge(Refused):
    """The input is larger than this Dashboard accepts."""

    status = 413


class TooMany(Refused):
    """Too many requests; try again after `retry_after_seconds`."""

    status = 429

    def __init__(self, sentence: str, *, retry_after_seconds: int) -> None:
        super().__init__(sentence)
        self.retry_after_seconds = retry_after_seconds


class Unavailable(Exception):
    """Temporarily unavailable; try again after `retry_after_seconds`."""

    def __init__(self, sentence: str, *, retry_after_seconds: int = 5) -> None:
        super().__init__(sentence)
        self.retry_after_seconds = retry_after_seconds
