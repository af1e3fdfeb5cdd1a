"""Types of the JSON that links and intents store."""

from __future__ import annotations

from typing import TypedDict


class LastWrite(TypedDict):
    """The listing entry that shows our last write; id and revision are "" where something was removed."""

    path: str
    id: str
    rev: str
    at: str  # ISO 8601


class PostponedLook(TypedDict):
    """Until when no listing is read, why, and how many looks in a row were useless."""

    reason: str
    tries: int
    until: str  # ISO 8601


class Relistings(TypedDict):
    """How many times in a row, within an hour, everything had to be listed again."""

    count: int
    at: str  # ISO 8601


class SpaceRefusal(TypedDict):
    """A file that did not fit: its size and the free space at that time, in bytes."""

    room: int
    refused: int
    at: str  # ISO 8601


class Marker(TypedDict, total=False):
    """What is known of the marker file that says which Dashboard writes into a Dropbox (`connecting.installation`)."""

    known: list[str]  # content hashes of those that we wrote
    place: dict[str, str]  # where our database lay as it was written
    at: str  # ISO 8601
    takes_over: bool  # the user has just decided for this Dashboard


class Learned(TypedDict, total=False):
    """What the runs of one link have measured and found out about its line and account."""

    lane_rate: int  # bytes per second of one lane
    line_rate: int  # bytes per second of all lanes together
    header: int  # bytes of arguments that one call may carry
    commits: int  # files that one commit may carry
    page: int  # entries that one page of a listing may carry, where the largest failed
    no_batch_until: str  # ISO 8601; the app may not append in batches before
    look: PostponedLook
    relisted: Relistings
    space_at: str  # ISO 8601; when Dropbox was asked for its space
    full: SpaceRefusal
    readers: list[str]  # the processes that have read this Dropbox


class RemovalQuestion(TypedDict):
    """A question to the user: `removed` of `total` files are to be removed, vanished from the Dropbox, or are newer there."""

    reason: str
    removed: int
    total: int


class Expected(TypedDict):
    """What the Dropbox will hold if a call succeeded; `hash` is "" for a folder, `size` is in bytes."""

    identity: str
    path: str
    hash: str
    size: int


class StoredJob(TypedDict):
    """Dropbox's id of an asynchronous job, and the route that reports on it."""

    route: str
    job_id: str
