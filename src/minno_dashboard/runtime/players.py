"""The address of the MinnoJS player for participants: the lab's own copy, else a pinned version from a CDN."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from django.contrib.staticfiles import finders
from django.urls import reverse

from minno_dashboard.studies import players

CDN_VERSION = "0.3.37"
_CDN = f"https://cdn.jsdelivr.net/gh/minnojs/minno-quest@{CDN_VERSION}/dist"
_SCRIPT_INTEGRITY = "sha384-Na6kq1l2q3V9Pb0kHdV6f8UH+CRORFCuQ6ZbpXOkaptRdB0LYL7v9dcOGNxhCZ6u"
_STYLE_INTEGRITY = "sha384-i0opKi6kOuCdbYcvTO9U/cdvrp+fIKETyAG6OwH07hVXZ0LMUQs7EAWlx6AlOhxP"


@dataclass(frozen=True, slots=True)
class Player:
    """The two files of the player; `…_integrity` is "" for the lab's own copy."""

    script: str
    style: str
    script_integrity: str = ""
    style_integrity: str = ""

    @property
    def is_local(self) -> bool:
        """Return whether the lab's own copy is used, so that no other host is asked."""
        return not self.script_integrity


def minnojs() -> Player:
    """Return the player that launch pages load."""
    if players.is_installed():
        return Player(
            reverse("play_player", args=[players.SCRIPT]), reverse("play_player", args=[players.STYLE])
        )
    return Player(f"{_CDN}/{players.SCRIPT}", f"{_CDN}/{players.STYLE}", _SCRIPT_INTEGRITY, _STYLE_INTEGRITY)


def built_script(name: str) -> bytes:
    """Return one of our built scripts."""
    found = finders.find(f"build/{name}")
    if not isinstance(found, str):
        raise FileNotFoundError(f"build/{name} was not built")
    return Path(found).read_bytes()
