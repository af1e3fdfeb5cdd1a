"""How a user's mirror stands, in the words of the contract and of the badge."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Badge:
    """The mirror in one dot and one sentence; `action` names the button (`connect`, `reconnect`, `confirm`) or is ""."""

    state: str
    dot: str
    short: str
    full: str
    action: str = ""
