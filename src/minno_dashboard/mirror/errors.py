"""What Dropbox answered, named by what the mirror should do about it.

`reason` is a short stable code (`full`, `reconnect`, `lock` …), never a token, a path or a body.
"""

from __future__ import annotations

from math import inf


class MirrorError(Exception):
    """A call did not end well; the class says what to do, `reason` says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Retry(MirrorError):
    """Leave the whole account alone for `after` seconds, then go on; nothing was changed by the call."""

    def __init__(self, reason: str, after: float = 0.0) -> None:
        super().__init__(reason)
        self.after = after


class LookLater(Retry):
    """Dropbox's listings are of no use for `after` seconds; what is saved meanwhile is sent without them."""


class RetryItem(MirrorError):
    """This item did not go through and will, later; the others are not concerned.

    `correct_offset` is how many bytes an upload session holds, where Dropbox told.
    """

    def __init__(self, reason: str, correct_offset: int | None = None) -> None:
        super().__init__(reason)
        self.correct_offset = correct_offset


class ParkItem(MirrorError):
    """This item will be refused again until its name or content is another."""


class NeedsUser(MirrorError):
    """Only the owner of the Dropbox account can help."""


class NeedsAdmin(MirrorError):
    """Only the admin of this Dashboard can help; every account with this app key is concerned."""


class Rescan(MirrorError):
    """The Dropbox is not as we know it: read what changed; with `is_full`, list all of it anew."""

    def __init__(self, reason: str, *, is_full: bool = False) -> None:
        super().__init__(reason)
        self.is_full = is_full


class Unsupported(MirrorError):
    """This Dropbox does not know the route; there is another way."""


class Ambiguous(MirrorError):
    """Nobody knows whether the call took effect: look before doing it again."""

    def __init__(self, reason: str, after: float = 0.0) -> None:
        super().__init__(reason)
        self.after = after


def seconds_asked(error: MirrorError) -> float:
    """Return how many seconds an error asks to leave the account alone; without end for what only people can mend."""
    if isinstance(error, NeedsUser | NeedsAdmin):
        return inf
    return error.after if isinstance(error, Retry | Ambiguous) else 0.0
