"""Registry of handlers for one-shot and periodic jobs; apps register theirs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

Handler = Callable[[dict[str, Any]], None]

handlers: dict[str, Handler] = {}
periodic: dict[str, tuple[timedelta, Callable[[], None]]] = {}


def handles(kind: str) -> Callable[[Handler], Handler]:
    """Decorate the handler of jobs of this kind."""

    def register(function: Handler) -> Handler:
        handlers[kind] = function
        return function

    return register


def every(interval: timedelta, name: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Decorate periodic work that is due every `interval`."""

    def register(function: Callable[[], None]) -> Callable[[], None]:
        periodic[name] = (interval, function)
        return function

    return register
