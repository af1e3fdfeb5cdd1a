"""What the user does inside Dropbox right where the mirror works: at the paths of the call about to be made."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import requests

from dropbox_simulator.control import ControlRefused
from minno_dashboard.core.names import fold
from tests.mirror.soak.stage import email
from tests.mirror.soak.user_actions import FILE_NAMES, People


def paths_of(request: requests.PreparedRequest) -> list[str]:
    """Return the paths that a call names, in the order in which it names them."""
    return named_paths(request.headers.get("Dropbox-API-Arg") or request.body or b"")


def named_paths(arguments: str | bytes) -> list[str]:
    """Return the paths in the arguments of a call, JSON; none where they are no JSON."""
    try:
        arg = json.loads(arguments)
    except (ValueError, TypeError):
        return []
    return [path for path in _paths(arg) if path.startswith("/")]


def _paths(arg: Any) -> Iterator[str]:
    if isinstance(arg, dict):
        for name, value in arg.items():
            if name in ("path", "from_path", "to_path") and isinstance(value, str):
                yield value
            else:
                yield from _paths(value)
    elif isinstance(arg, list):
        for value in arg:
            yield from _paths(value)


class Meddler:
    """The user, in the instant before a call, at what the call (or the one before it) is about."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._before: list[str] = []

    def note(self, request: requests.PreparedRequest) -> None:
        """Remember what a call was about, for the instant before the next one."""
        self._before = paths_of(request) or self._before

    def meddle(self, name: str, seed: int, request: requests.PreparedRequest) -> str:
        """Do one deed (`edit`, `add`, `rename`) as the user; say what became of it."""
        rng = random.Random(seed)
        paths = paths_of(request) or self._before
        rng.shuffle(paths)
        found = next((place for path in paths[:20] if (place := self._place(path)) is not None), None)
        if found is None:
            return f"{name}: nothing there"
        user, top = found

        def deed(rng: random.Random) -> str:
            return str(getattr(self, f"_{name}")(rng, user, top, seed))

        return self._people.as_user(user, f"{name} at {top}", deed, rng)

    def _place(self, path: str) -> tuple[str, str] | None:
        """Return whose Dropbox has something at the path, or at the folder it is in, and where."""
        for user in self._people.users:
            tree = self._people.stage.control.tree(email(user.username))
            known = {fold(at): at for at in tree}
            for place in (path, path.rpartition("/")[0]):
                if fold(place) in known:
                    return user.username, known[fold(place)]
        return None

    def _below(self, user: str, top: str) -> dict[str, Any]:
        tree = self._people.stage.control.tree(email(user))
        return {at: one for at, one in tree.items() if at == top or at.startswith(f"{top}/")}

    def _file(self, rng: random.Random, user: str, top: str) -> str:
        found = sorted(at for at, one in self._below(user, top).items() if "rev" in one)
        if not found:
            raise ControlRefused("no file there")
        return rng.choice(found)

    def _edit(self, rng: random.Random, user: str, top: str, seed: int) -> str:
        return self._people.put(user, self._file(rng, user, top), seed)

    def _add(self, rng: random.Random, user: str, top: str, seed: int) -> str:
        folders = sorted(at for at, one in self._below(user, top).items() if "rev" not in one)
        path = f"{rng.choice(folders or [top.rpartition('/')[0]])}/mine {seed}.txt"
        return self._people.put(user, path, seed)

    def _rename(self, rng: random.Random, user: str, top: str, seed: int) -> str:
        path = self._file(rng, user, top)
        return self._people.rename_in_dropbox(
            user, path, f"{path.rpartition('/')[0]}/{rng.choice(FILE_NAMES)}"
        )
