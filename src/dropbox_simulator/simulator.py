"""The simulated Dropbox itself: a function from requests to responses, without sockets or threads."""

from __future__ import annotations

from pathlib import Path

from dropbox_simulator.behaviour import Behaviour
from dropbox_simulator.clock import Clock
from dropbox_simulator.control import Control
from dropbox_simulator.dispatch import dispatch
from dropbox_simulator.persistence import FolderKeeper
from dropbox_simulator.state import State
from dropbox_simulator.traffic import LatencyModel
from dropbox_simulator.wire import Request, Response


class Simulator(State):
    """One simulated Dropbox: its state, what answers requests, what tests may do to it, what keeps it.

    `folder` keeps everything in a folder that a person can open; without it everything is in memory.
    """

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        seed: int = 0,
        folder: Path | None = None,
        model: LatencyModel | None = None,
        behaviour: Behaviour | None = None,
    ) -> None:
        """Start empty, or go on from what the folder holds."""
        super().__init__(clock, seed=seed, folder=folder, model=model, behaviour=behaviour)
        self.control = Control(self)
        if folder is not None:
            self.keeper = FolderKeeper(self, folder)

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        with self.keeping():
            return dispatch(self, request)
