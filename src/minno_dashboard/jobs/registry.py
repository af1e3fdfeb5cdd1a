"""What can be done: handlers of one-shot jobs and periodic work, registered by the rooms that own them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

Handler = Callable[[dict[str, Any]], None]

handlers: dict[str, Handler] = {}
periodic: dict[str, tuple[timedelta, Callable[[], None]]] = {}


def handles(kind: str) -> Callable[[Handler], Handler]:
    """Register the function that does jobs of this kind."""

    def register(function: Handler) -> Handler:
        handlers[kind] = function
        return function

    return register


def every(interval: timedelta, name: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Register work that is due again each `interval`."""

    def register(function: Callable[[], None]) -> Callable[[], None]:
        periodic[name] = (interval, function)
        return function

    return register
