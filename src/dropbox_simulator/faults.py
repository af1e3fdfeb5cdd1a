"""Rules that make chosen calls fail, before or after their effect."""

from __future__ import annotations

import random
import re
import threading
from dataclasses import dataclass, field
from typing import Any, Literal

from dropbox_simulator.wire import Ending, Response, error_response, throttle_response

When = Literal["before", "after"]


@dataclass(frozen=True)
class Effect:
    """What happens to a call that matches a rule.

    With `when="before"` the call is answered without being done; with "after" it is done and the answer is
    replaced. Without `response` and with `ending="complete"` the call goes on normally after `delay` seconds.
    `entries` fails entries of a batch: index → encoded failure ("*" for all).
    """

    when: When = "before"
    response: Response | None = None
    ending: Ending = "complete"
    delay: float = 0.0
    corrupt: bool = False
    entries: dict[str, dict[str, Any]] = field(default_factory=dict)
    action: str | None = None

    @property
    def answers(self) -> bool:
        """Return whether the effect replaces the answer."""
        return self.response is not None or self.ending in ("reset", "hang")


@dataclass
class FaultRule:
    """Which calls a rule matches: by route, account, number of the matching call, or chance from a seed."""

    effect: Effect
    route: str = ".*"
    account: str | None = None
    nth: tuple[int, ...] | None = None
    probability: float | None = None
    seed: int = 0
    times: int | None = None
    name: str = ""
    seen: int = 0
    hits: int = 0

    def __post_init__(self) -> None:
        """Compile the pattern and seed the random generator."""
        self._pattern = re.compile(self.route)
        self._dice = random.Random(self.seed)

    def strikes(self, route: str, account: str | None) -> bool:
        """Count a call and return whether the rule matches it."""
        if not self._pattern.fullmatch(route) or (self.account is not None and self.account != account):
            return False
        if self.times is not None and self.hits >= self.times:
            return False
        self.seen += 1
        if self.nth is not None and self.seen not in self.nth:
            return False
        if self.probability is not None and self._dice.random() >= self.probability:
            return False
        self.hits += 1
        return True


class FaultInjector:
    """The active rules; the first one that matches a call applies."""

    def __init__(self) -> None:
        """Start without rules."""
        self._rules: list[FaultRule] = []
        self._lock = threading.Lock()

    def add(self, rule: FaultRule) -> FaultRule:
        """Add a rule."""
        with self._lock:
            self._rules.append(rule)
        return rule

    def clear(self) -> None:
        """Remove every rule."""
        with self._lock:
            self._rules.clear()

    def rules(self) -> list[FaultRule]:
        """Return the active rules."""
        with self._lock:
            return list(self._rules)

    def strike(self, route: str, account: str | None) -> FaultRule | None:
        """Find the rule that matches a call."""
        with self._lock:
            return next((rule for rule in self._rules if rule.strikes(route, account)), None)


def status(
    code: int,
    body: str = "",
    *,
    content_type: str = "text/html",
    when: When = "before",
    retry_after: int | None = None,
) -> Effect:
    """Answer with a bare status and body, such as a proxy's error page."""
    headers = {"Content-Type": content_type}
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    return Effect(when=when, response=Response(code, headers, body.encode()))


def json_error(code: int, error: dict[str, Any], *, when: When = "before") -> Effect:
    """Answer with an error union, such as `{".tag": "path", …}` and status 409."""
    return Effect(when=when, response=error_response(code, error))


def reset(*, when: When = "before") -> Effect:
    """Break the connection, before the call is done or after."""
    return Effect(when=when, ending="reset")


def hang(*, when: When = "before") -> Effect:
    """Never answer, before the call is done or after."""
    return Effect(when=when, ending="hang")


def truncate() -> Effect:
    """Carry out the call, then send only half of the answer."""
    return Effect(when="after", ending="truncate")


def delay(seconds: float) -> Effect:
    """Carry out the call later."""
    return Effect(delay=seconds)


def corrupt_stored_byte() -> Effect:
    """Carry out the upload, but store one byte wrongly."""
    return Effect(corrupt=True)


def throttle(reason: str = "too_many_requests", retry_after: int | None = 15) -> Effect:
    """Answer 429 in JSON, with or without the time to wait."""
    return Effect(response=throttle_response(reason, retry_after))


def plain_throttle(retry_after: int = 300) -> Effect:
    """Answer 429 in plain text with a Retry-After header."""
    return status(429, "too many requests", content_type="text/plain", retry_after=retry_after)


def entry_failures(failure: dict[str, Any], *indexes: int) -> Effect:
    """Fail entries of a batch (all when none is named) with an encoded failure."""
    return Effect(entries={str(index): failure for index in indexes} or {"*": failure})


def control_action(name: str) -> Effect:
    """Run an action on the account just before the call: `revoke`, `expire_tokens`, `suspend`, `reset_cursors`…"""
    return Effect(action=name)
