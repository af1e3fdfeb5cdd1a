"""Handles participants' posts: from the request to the answer, which is sent once the post is on the disk."""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from minno_dashboard.collection.ingest import launch_token
from minno_dashboard.collection.ingest.launch_token import BadToken, LaunchToken
from minno_dashboard.collection.ingest.posts import (
    MAX_BODY_BYTES,
    Body,
    Kind,
    Malformed,
    read_body,
    read_sequence,
)
from minno_dashboard.collection.ingest.writer import (
    MAX_PENDING,
    MAX_PENDING_BYTES,
    GroupWriter,
    Post,
    PostOutcome,
    Store,
)

MAX_KNOWN_TOKENS = 20_000
MAX_STARTS_AT_ONCE = 16
RETRY_SECONDS = 2
RETRY_WHEN_AWAY_SECONDS = 5


@dataclass(frozen=True, slots=True)
class PostResponse:
    """The response to the participant's browser; `body` is JSON."""

    status: int
    body: bytes
    retry_after_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class ReceivedPost:
    """One request as received: the token of its address ("" for plain `/data`), its sequence number, its body."""

    token: str
    sequence: bytes | None
    raw: bytes
    user_agent: bytes = b""


def _refusal(status: int, reason: str, sentence: str, retry_after_seconds: int | None = None) -> PostResponse:
    body = {"stored": False, "reason": reason, "sentence": sentence}
    return PostResponse(status, json.dumps(body).encode(), retry_after_seconds)


STORED = PostResponse(200, b'{"stored": true}')
TEST = _refusal(200, "test", "This is a test: nothing is stored.")
UNKNOWN_ADDRESS = _refusal(404, "unknown_address", "This address takes no data. Nothing was stored.")
MALFORMED = _refusal(400, "malformed", "This cannot be read as data. Nothing was stored.")
TOO_LARGE = _refusal(
    413, "too_large", f"One post takes at most {MAX_BODY_BYTES // 2**20} MB. Nothing was stored."
)
WRONG_SESSION = _refusal(
    409, "wrong_session", "These data name another session than this page's. Nothing was stored."
)
UNKNOWN_SESSION = _refusal(404, "unknown_session", "There is no such session. Nothing was stored.")
WRONG_VERSION = _refusal(
    409, "wrong_version", "These data name another version of the study. Nothing was stored."
)
OVERLOADED = _refusal(
    503, "overloaded", "The server is busy. Nothing is lost if you send this again.", RETRY_SECONDS
)
UNAVAILABLE = _refusal(
    503, "unavailable", "This cannot be stored at the moment. Nothing is lost if you send this again.",
    RETRY_WHEN_AWAY_SECONDS,
)  # fmt: skip
ANSWERS = {
    PostOutcome.STORED: STORED,
    PostOutcome.DUPLICATE: STORED,
    PostOutcome.UNKNOWN_SESSION: UNKNOWN_SESSION,
    PostOutcome.CLOSED_SESSION: _refusal(
        410, "closed_session", "This session is closed. Nothing was stored."
    ),
    PostOutcome.WRONG_VERSION: WRONG_VERSION,
    PostOutcome.FULL_SESSION: _refusal(
        413, "full_session", "This session has stored all it may. Nothing was stored."
    ),
    PostOutcome.REFUSED_BY_DATABASE: MALFORMED,
    PostOutcome.UNAVAILABLE: UNAVAILABLE,
}

Reply = Callable[[PostResponse], None]
Start = Callable[[str, bytes], Awaitable[PostResponse]]
"""Starts the session of a launch token for a browser (its User-Agent); answers 200 when it is there."""


class Intake:
    """Reads posts, queues them for the group commit, and replies; runs in one event loop."""

    def __init__(
        self,
        *,
        key: bytes,
        open_store: Callable[[], Store],
        start: Start,
        max_pending: int = MAX_PENDING,
        max_pending_bytes: int = MAX_PENDING_BYTES,
    ) -> None:
        self._key = key
        self._start = start
        self._loop = asyncio.get_running_loop()
        self._known: OrderedDict[str, LaunchToken] = OrderedDict()
        self._waiting: dict[Post, tuple[Reply, ReceivedPost | None]] = {}
        self._starting: set[asyncio.Task[None]] = set()
        self._starts = asyncio.Semaphore(MAX_STARTS_AT_ONCE)
        self._writer = GroupWriter(
            open_store, self._committed, max_pending=max_pending, max_pending_bytes=max_pending_bytes
        )

    def take(self, submission: ReceivedPost, reply: Reply) -> None:
        """Handle a post; `reply` is called once, after the commit or with the reason why nothing was stored."""
        token: LaunchToken | None = None
        if submission.token:
            try:
                token = self._token(submission.token)
            except BadToken:
                reply(UNKNOWN_ADDRESS)
                return
            if token.is_test:
                reply(TEST)
                return
        try:
            sequence = read_sequence(submission.sequence)
            body = read_body(submission.raw)
        except Malformed as error:
            self._put_aside(token, submission.raw, str(error), reply)
            return
        taken = _checked(body, token, body.sequence if sequence is None else sequence, len(submission.raw))
        if isinstance(taken, PostResponse):
            reply(taken)
        else:
            self._store(taken, reply, submission if token else None)

    async def close(self) -> None:
        """Store waiting posts and send their replies."""
        if self._starting:
            await asyncio.wait(self._starting, timeout=RETRY_WHEN_AWAY_SECONDS)
        await asyncio.to_thread(self._writer.close)
        await asyncio.sleep(0)

    def _token(self, text: str) -> LaunchToken:
        known = self._known.get(text)
        if known is not None:
            return known
        # Its age does not matter where the session has begun; the start of a session asks for it.
        token = launch_token.decode(text, self._key, now=0)
        self._known[text] = token
        if len(self._known) > MAX_KNOWN_TOKENS:
            self._known.popitem(last=False)
        return token

    def _put_aside(self, token: LaunchToken | None, raw: bytes, reason: str, reply: Reply) -> None:
        """Store a body that cannot be read in the quarantine, if its session exists."""
        if token is None:
            reply(MALFORMED)
            return
        post = Post(
            token.session_id,
            Kind.JSON,
            "",
            len(raw),
            experiment=token.experiment,
            quarantine=reason,
            raw=raw,
        )
        self._store(post, lambda answer: reply(answer if answer.status == 503 else MALFORMED), None)

    def _store(self, post: Post, reply: Reply, to_start: ReceivedPost | None) -> None:
        self._waiting[post] = (reply, to_start)
        if not self._writer.put(post):
            del self._waiting[post]
            reply(OVERLOADED)

    def _committed(self, posts: list[Post], outcomes: list[PostOutcome]) -> None:
        """Pass the outcomes to the event loop; called by the writer's thread."""
        self._loop.call_soon_threadsafe(self._reply, posts, outcomes)

    def _reply(self, posts: list[Post], outcomes: list[PostOutcome]) -> None:
        for post, outcome in zip(posts, outcomes, strict=True):
            reply, to_start = self._waiting.pop(post)
            if outcome is PostOutcome.UNKNOWN_SESSION and to_start is not None:
                task = self._loop.create_task(self._start_and_store(post, reply, to_start))
                self._starting.add(task)
                task.add_done_callback(self._starting.discard)
            else:
                reply(ANSWERS[outcome])

    async def _start_and_store(self, post: Post, reply: Reply, submission: ReceivedPost) -> None:
        """Start the session by its first post, then store the post."""
        async with self._starts:
            answer = await self._start(submission.token, submission.user_agent)
        if answer.status == 200:
            self._store(post, reply, None)
        else:
            reply(answer)


def _checked(body: Body, token: LaunchToken | None, sequence: int | None, size: int) -> Post | PostResponse:
    """Return the post to store, or why it cannot be."""
    if token is not None:
        if body.session_id not in (None, token.session_id):
            return WRONG_SESSION
        if body.study_id not in (None, token.experiment_id) or body.version_id not in (
            None,
            token.version_id,
        ):
            return WRONG_VERSION
        return Post(
            token.session_id, body.kind, body.text, size, body.task, sequence, experiment=token.experiment
        )
    if body.session_id is None or body.study_id is None or body.version_id is None:
        return UNKNOWN_SESSION
    if body.session_id < 0:
        return TEST
    return Post(
        body.session_id, body.kind, body.text, size, body.task, sequence,
        study_id=body.study_id, version_id=body.version_id,
    )  # fmt: skip
