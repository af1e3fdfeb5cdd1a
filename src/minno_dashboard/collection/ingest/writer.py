"""Group commit: one thread stores all waiting posts in one transaction, then each is answered."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

from minno_dashboard.collection.ingest.posts import Kind

MAX_BATCH = 1_000
MAX_PENDING = 10_000
MAX_PENDING_BYTES = 128 * 1024 * 1024
REOPEN_SECONDS = 0.5

log = logging.getLogger(__name__)


class PostOutcome(Enum):
    """Result of a post; only STORED and DUPLICATE mean that it is on the disk."""

    STORED = auto()
    DUPLICATE = auto()
    UNKNOWN_SESSION = auto()
    CLOSED_SESSION = auto()
    WRONG_VERSION = auto()
    FULL_SESSION = auto()
    REFUSED_BY_DATABASE = auto()
    UNAVAILABLE = auto()


@dataclass(slots=True, eq=False)
class Post:
    """A submission to be stored, or with `quarantine` a body to be kept aside for that reason.

    Either `experiment` is the experiment's database id, or `study_id` and `version_id` are the public ids that must be
    the session's own. `size` is the length of the body in bytes.
    """

    session_id: int
    kind: Kind
    text: str
    size: int
    task: str = ""
    sequence: int | None = None
    experiment: int | None = None
    study_id: str = ""
    version_id: str = ""
    quarantine: str = ""
    raw: bytes = b""


class StoreUnavailable(Exception):
    """The database is full, locked or unreachable; the batch was rolled back."""


class StoreRefused(Exception):
    """The database refused a row of this batch; the batch was rolled back."""


class Store(Protocol):
    """A connection to the database, used by one thread."""

    def commit(self, posts: Sequence[Post]) -> list[PostOutcome]:
        """Store posts in one transaction that is on the disk on return; return the outcome of each.

        Raises:
            StoreUnavailable: nothing was stored; the connection is to be opened again.
            StoreRefused: nothing was stored; a smaller batch may be.
        """

    def close(self) -> None:
        """Close the connection."""


Deliver = Callable[[list[Post], list[PostOutcome]], None]


class GroupWriter:
    """A bounded queue of posts and the thread that commits them together."""

    def __init__(
        self,
        open_store: Callable[[], Store],
        deliver: Deliver,
        *,
        max_pending: int = MAX_PENDING,
        max_pending_bytes: int = MAX_PENDING_BYTES,
    ) -> None:
        self._open_store = open_store
        self._deliver = deliver
        self._max_pending, self._max_pending_bytes = max_pending, max_pending_bytes
        self._waiting: deque[Post] = deque()
        self._pending = 0
        self._pending_bytes = 0
        self._is_closing = False
        self._changed = threading.Condition()
        self._store: Store | None = None
        self._not_before = 0.0
        self._thread = threading.Thread(target=self._run, name="group-commit", daemon=True)
        self._thread.start()

    def put(self, post: Post) -> bool:
        """Queue a post; return False, and queue nothing, when the queue is full."""
        with self._changed:
            is_full = (
                self._pending >= self._max_pending
                or self._pending_bytes + post.size > self._max_pending_bytes
                or self._is_closing
            )
            if is_full:
                return False
            self._pending += 1
            self._pending_bytes += post.size
            self._waiting.append(post)
            if len(self._waiting) == 1:
                self._changed.notify()
        return True

    def close(self) -> None:
        """Store waiting posts, then end the thread."""
        with self._changed:
            self._is_closing = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while batch := self._take():
            outcomes = self._stored(batch)
            with self._changed:
                self._pending -= len(batch)
                self._pending_bytes -= sum(post.size for post in batch)
            self._deliver(batch, outcomes)
        if self._store is not None:
            self._store.close()

    def _take(self) -> list[Post]:
        with self._changed:
            while not self._waiting and not self._is_closing:
                self._changed.wait()
            count = min(len(self._waiting), MAX_BATCH)
            return [self._waiting.popleft() for _ in range(count)]

    def _stored(self, batch: list[Post]) -> list[PostOutcome]:
        try:
            return self._opened().commit(batch)
        except StoreRefused as error:
            if len(batch) == 1:
                log.warning("a post of session %d cannot be stored: %s", batch[0].session_id, error)
                return [PostOutcome.REFUSED_BY_DATABASE]
            return [outcome for post in batch for outcome in self._stored([post])]
        except StoreUnavailable as error:
            log.error("%d posts cannot be stored now: %s", len(batch), error)
            self._forget_store()
            return [PostOutcome.UNAVAILABLE] * len(batch)

    def _opened(self) -> Store:
        if self._store is None:
            if time.monotonic() < self._not_before:
                raise StoreUnavailable("the database was away a moment ago")
            self._store = self._open_store()
        return self._store

    def _forget_store(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None
        if time.monotonic() >= self._not_before:
            self._not_before = time.monotonic() + REOPEN_SECONDS
