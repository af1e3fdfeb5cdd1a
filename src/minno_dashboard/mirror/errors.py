"""Errors of Dropbox calls, named by what the mirror should do about them.

`reason` is a short stable code (`full`, `reconnect`, `lock` …), never a token, a path or a body.
"""

from __future__ import annotations

from math import inf


class MirrorError(Exception):
    """A call failed; the class says what to do, `reason` why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Retry(MirrorError):
    """Make no call for this account for `after` seconds, then continue; the call changed nothing."""

    def __init__(self, reason: str, after: float = 0.0) -> None:
        super().__init__(reason)
        self.after = after


class LookLater(Retry):
    """Read no listing for `after` seconds; files saved meanwhile are sent without one."""


class RetryItem(MirrorError):
    """This item failed and is to be tried again later; others are not affected.

    `correct_offset` is how many bytes an upload session holds, where Dropbox told.
    """

    def __init__(self, reason: str, correct_offset: int | None = None) -> None:
        super().__init__(reason)
        self.correct_offset = correct_offset


class ParkItem(MirrorError):
    """Dropbox refuses this item until its name or content changes."""


class NeedsUser(MirrorError):
    """Only the owner of the Dropbox account can help."""


class NeedsAdmin(MirrorError):
    """Only an admin of this Dashboard can help; all accounts with this app key are affected."""


class Rescan(MirrorError):
    """The Dropbox is not as we know it: read the changes; with `is_full`, list everything again."""

    def __init__(self, reason: str, *, is_full: bool = False) -> None:
        super().__init__(reason)
        self.is_full = is_full


class Unsupported(MirrorError):
    """This Dropbox does not know the route; use another one."""


class Ambiguous(MirrorError):
    """The call may or may not have taken effect: read the Dropbox before repeating it."""

    def __init__(self, reason: str, after: float = 0.0) -> None:
        super().__init__(reason)
        self.after = after


def seconds_asked(error: MirrorError) -> float:
    """Return for how many seconds an error asks to make no calls for the account; infinity where a person must act."""
    if isinstance(error, NeedsUser | NeedsAdmin):
        return inf
    return error.after if isinstance(error, Retry | Ambiguous) else 0.0
