"""SQLite and PostgreSQL stores of the group commit; the only module of the intake with SQL."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import psycopg

from minno_dashboard.collection.ingest.writer import Post, PostOutcome, Store, StoreRefused, StoreUnavailable
from minno_dashboard.core import clock

LOCK_SECONDS = 10
MAX_SESSION_BYTES = 200 * 1024 * 1024
MAX_SESSION_POSTS = 200_000
MAX_QUARANTINED_OF_A_SESSION = 20
LATE_POSTS = timedelta(minutes=10)
"""So long after its end a session takes what was still on its way."""


class SessionRow(NamedTuple):
    """The columns of a session that decide whether a post is accepted."""

    id: int
    experiment: int
    study_id: str
    version_id: str
    study: int
    state: str
    finished_at: Any
    data_pending: bool
    posts: int
    bytes: int


_SESSION_COLUMNS = """
    s.id, s.experiment_id, e.public_id, v.launch_id, e.study_id, s.state, s.finished_at, s.data_pending,
    s.submission_count, s.byte_count
    FROM collection_session s
    JOIN studies_experiment e ON e.id = s.experiment_id
    JOIN studies_version v ON v.id = s.version_id
"""


class _Added:
    """What a batch adds to one session."""

    __slots__ = ("bytes", "posts", "task")

    def __init__(self) -> None:
        self.posts = self.bytes = 0
        self.task = ""


def judge(
    posts: Sequence[Post],
    sessions: Mapping[int, SessionRow],
    *,
    now: datetime,
    has_version: Callable[[int, str], bool],
) -> list[PostOutcome | None]:
    """Return for each post why it is refused, None for those to be stored.

    `has_version` says whether a study has a version of a launch id: publishing may hand a version's id on to the next
    one while its sessions still run.
    """
    return [_refusal(post, sessions.get(post.session_id), now, has_version) for post in posts]


def _refusal(
    post: Post, session: SessionRow | None, now: datetime, has_version: Callable[[int, str], bool]
) -> PostOutcome | None:
    if session is None:
        return PostOutcome.UNKNOWN_SESSION
    if post.experiment is not None:
        if post.experiment != session.experiment:
            return PostOutcome.UNKNOWN_SESSION
    elif post.study_id != session.study_id:
        return PostOutcome.UNKNOWN_SESSION
    elif post.version_id != session.version_id and not has_version(session.study, post.version_id):
        return PostOutcome.WRONG_VERSION
    if post.quarantine:
        return None
    if session.posts >= MAX_SESSION_POSTS or session.bytes + post.size > MAX_SESSION_BYTES:
        return PostOutcome.FULL_SESSION
    return PostOutcome.CLOSED_SESSION if _is_closed(session, now) else None


def _is_closed(session: SessionRow, now: datetime) -> bool:
    """Return whether a session ended a while ago and none of its posts is known to be missing."""
    if session.state == "started" or session.data_pending:
        return False
    ended = session.finished_at
    if isinstance(ended, str):
        ended = datetime.fromisoformat(ended).replace(tzinfo=UTC)
    return ended is None or now - ended > LATE_POSTS


def _added(posts: Sequence[Post], outcomes: Sequence[PostOutcome | None]) -> dict[int, _Added]:
    found: dict[int, _Added] = defaultdict(_Added)
    for post, outcome in zip(posts, outcomes, strict=True):
        if outcome is PostOutcome.STORED and not post.quarantine:
            one = found[post.session_id]
            one.posts += 1
            one.bytes += post.size
            one.task = post.task or one.task
    return found


class SQLiteStore:
    """SQLite: one writer at a time over all processes, WAL, fsync at every COMMIT."""

    def __init__(self, path: str) -> None:
        try:
            self._database = sqlite3.connect(
                f"file:{path}?mode=rw", uri=True, timeout=LOCK_SECONDS, isolation_level=None
            )
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=FULL")
            self._database.execute("PRAGMA foreign_keys=ON")
        except sqlite3.Error as error:
            raise StoreUnavailable(str(error)) from error

    def close(self) -> None:
        """Close the connection."""
        self._database.close()

    def commit(self, posts: Sequence[Post]) -> list[PostOutcome]:
        """Store posts; see `Store.commit`."""
        try:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                outcomes = self._store(posts)
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise
        except (sqlite3.IntegrityError, sqlite3.DataError, UnicodeEncodeError) as error:
            raise StoreRefused(str(error)) from error
        except sqlite3.Error as error:
            raise StoreUnavailable(str(error)) from error
        return outcomes

    def _store(self, posts: Sequence[Post]) -> list[PostOutcome]:
        execute = self._database.execute
        now = clock.now()
        at = now.strftime("%Y-%m-%d %H:%M:%S.%f")
        ids = {post.session_id for post in posts}
        marks = ",".join("?" * len(ids))
        rows = execute(f"SELECT {_SESSION_COLUMNS} WHERE s.id IN ({marks})", tuple(ids))
        sessions = {row[0]: SessionRow(*row) for row in rows}
        outcomes = judge(posts, sessions, now=now, has_version=self._has_version)
        for number, post in enumerate(posts):
            if outcomes[number] is None:
                outcomes[number] = self._insert(post, at)
        updates = [
            (at, one.posts, one.bytes, one.task, one.task, session)
            for session, one in _added(posts, outcomes).items()
        ]
        self._database.executemany(
            "UPDATE collection_session SET last_post_at = ?, submission_count = submission_count + ?,"
            " byte_count = byte_count + ?, progress = CASE WHEN ? = '' THEN progress ELSE ? END WHERE id = ?",
            updates,
        )
        return [outcome or PostOutcome.DUPLICATE for outcome in outcomes]

    def _insert(self, post: Post, at: str) -> PostOutcome:
        if post.quarantine:
            self._database.execute(
                "INSERT INTO collection_quarantinedbody (session_id, received_at, reason, size, body)"
                " SELECT ?, ?, ?, ?, ? WHERE"
                " (SELECT count(*) FROM collection_quarantinedbody WHERE session_id = ?) < ?",
                (post.session_id, at, post.quarantine[:200], post.size, post.raw, post.session_id, MAX_QUARANTINED_OF_A_SESSION),
            )  # fmt: skip
            return PostOutcome.STORED
        done = self._database.execute(
            "INSERT INTO collection_submission (session_id, sequence, received_at, kind, task, size, body)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (session_id, sequence) DO NOTHING",
            (post.session_id, post.sequence, at, post.kind.value, post.task, post.size, post.text),
        )
        return PostOutcome.STORED if done.rowcount else PostOutcome.DUPLICATE

    def _has_version(self, study: int, launch_id: str) -> bool:
        sql = "SELECT 1 FROM studies_version WHERE study_id = ? AND launch_id = ?"
        return self._database.execute(sql, (study, launch_id)).fetchone() is not None


class PostgreSQLStore:
    """PostgreSQL, with its `synchronous_commit` on."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        try:
            self._database = psycopg.connect(**parameters, connect_timeout=5)
            self._database.execute("SET synchronous_commit = on")
            self._database.execute(f"SET lock_timeout = '{LOCK_SECONDS}s'")
            self._database.commit()
        except psycopg.Error as error:
            raise StoreUnavailable(str(error)) from error

    def close(self) -> None:
        """Close the connection."""
        self._database.close()

    def commit(self, posts: Sequence[Post]) -> list[PostOutcome]:
        """Store posts; see `Store.commit`."""
        try:
            with self._database.transaction():
                return self._store(posts)
        except (psycopg.DataError, psycopg.IntegrityError, UnicodeEncodeError) as error:
            raise StoreRefused(str(error)) from error
        except psycopg.Error as error:
            raise StoreUnavailable(str(error)) from error

    def _store(self, posts: Sequence[Post]) -> list[PostOutcome]:
        now = clock.now()
        ids = sorted({post.session_id for post in posts})
        rows = self._database.execute(
            f"SELECT {_SESSION_COLUMNS} WHERE s.id = ANY(%s) ORDER BY s.id FOR NO KEY UPDATE OF s", (ids,)
        )
        sessions = {row[0]: SessionRow(*row) for row in rows}
        outcomes = judge(posts, sessions, now=now, has_version=self._has_version)
        taken = [
            number for number, post in enumerate(posts) if outcomes[number] is None and not post.quarantine
        ]
        for number in self._inserted([posts[number] for number in taken], taken, now):
            outcomes[number] = PostOutcome.STORED
        for number, post in enumerate(posts):
            if outcomes[number] is None and post.quarantine:
                self._quarantine(post, now)
                outcomes[number] = PostOutcome.STORED
        added = _added(posts, outcomes)
        if added:
            columns = zip(*((key, one.posts, one.bytes, one.task) for key, one in added.items()), strict=True)
            self._database.execute(
                "UPDATE collection_session s SET last_post_at = %s, submission_count = submission_count + a.posts,"
                " byte_count = byte_count + a.bytes,"
                " progress = CASE WHEN a.task = '' THEN s.progress ELSE a.task END"
                " FROM unnest(%s::bigint[], %s::int[], %s::bigint[], %s::text[]) AS a(id, posts, bytes, task)"
                " WHERE s.id = a.id",
                (now, *map(list, columns)),
            )
        return [outcome or PostOutcome.DUPLICATE for outcome in outcomes]

    def _inserted(self, posts: list[Post], numbers: list[int], now: datetime) -> list[int]:
        """Insert posts and return the numbers of those that were new."""
        new: list[int] = []
        kept: list[Post] = []
        seen: set[tuple[int, int]] = set()
        for number, post in zip(numbers, posts, strict=True):
            if post.sequence is not None:
                if (post.session_id, post.sequence) in seen:
                    continue
                seen.add((post.session_id, post.sequence))
            new.append(number)
            kept.append(post)
        if not kept:
            return []
        there = self._there(seen)
        pairs = [
            (number, post)
            for number, post in zip(new, kept, strict=True)
            if post.sequence is None or (post.session_id, post.sequence) not in there
        ]
        if pairs:
            with self._database.cursor().copy(
                "COPY collection_submission (session_id, sequence, received_at, kind, task, size, body) FROM STDIN"
            ) as copy:
                for _, post in pairs:
                    copy.write_row(
                        (
                            post.session_id,
                            post.sequence,
                            now,
                            post.kind.value,
                            post.task,
                            post.size,
                            post.text,
                        )
                    )
        return [number for number, _ in pairs]

    def _there(self, wanted: set[tuple[int, int]]) -> set[tuple[int, int]]:
        """Return which (session, sequence) are stored already; the sessions' rows are locked by this transaction."""
        if not wanted:
            return set()
        sessions, sequences = zip(*wanted, strict=True)
        rows = self._database.execute(
            "SELECT session_id, sequence FROM collection_submission"
            " JOIN unnest(%s::bigint[], %s::bigint[]) AS w(session, number)"
            " ON session_id = w.session AND sequence = w.number",
            (list(sessions), list(sequences)),
        )
        return {(row[0], row[1]) for row in rows}

    def _quarantine(self, post: Post, now: datetime) -> None:
        self._database.execute(
            "INSERT INTO collection_quarantinedbody (session_id, received_at, reason, size, body)"
            " SELECT %s, %s, %s, %s, %s WHERE"
            " (SELECT count(*) FROM collection_quarantinedbody WHERE session_id = %s) < %s",
            (post.session_id, now, post.quarantine[:200], post.size, post.raw, post.session_id, MAX_QUARANTINED_OF_A_SESSION),
        )  # fmt: skip

    def _has_version(self, study: int, launch_id: str) -> bool:
        sql = "SELECT 1 FROM studies_version WHERE study_id = %s AND launch_id = %s"
        return self._database.execute(sql, (study, launch_id)).fetchone() is not None


def opener(database: Mapping[str, Any]) -> Callable[[], Store]:
    """Return a function that connects to the database of Django's settings."""
    if database["ENGINE"].endswith("sqlite3"):
        return lambda: SQLiteStore(str(database["NAME"]))
    names = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
    parameters = {ours: database[theirs] for theirs, ours in names.items() if database.get(theirs)}
    return lambda: PostgreSQLStore({**parameters, **database.get("OPTIONS", {})})
