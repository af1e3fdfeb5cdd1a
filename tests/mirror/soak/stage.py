"""Where a story is played: virtual time, a Dropbox at hand, lanes without threads, and a process that can die."""

from __future__ import annotations

import contextlib
import random
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import requests
from django.db import connection
from django.test.utils import override_settings

from dropbox_simulator import Simulator, VirtualClock
from dropbox_simulator.behaviour import Behaviour
from dropbox_simulator.inprocess import SimulatorAdapter
from dropbox_simulator.traffic import LatencyModel
from dropbox_simulator.wire import HOSTS
from minno_dashboard.accounts.models import User
from minno_dashboard.accounts.services import create_user
from minno_dashboard.core import clock
from minno_dashboard.mirror import backoff
from minno_dashboard.mirror.dropbox_api import transport
from minno_dashboard.mirror.known import listing_reader
from minno_dashboard.mirror.planner import guard
from minno_dashboard.mirror.sending import executor, packing, upload_lanes, uploads
from minno_dashboard.siteconfig.services import save_section
from tests.mirror.soak.story import Story

APP_KEY, APP_SECRET = "key0of0the0app0", "the-very-secret-secret-of-the-app"
NAMES = ("anna", "ben")
MODULES = {
    "uploads": uploads, "execution": executor, "packing": packing, "drift": listing_reader, "guard": guard,
}  # fmt: skip
STEP_SECONDS = 0.05
"""So long every call takes: no two things happen at the same moment."""


class Killed(BaseException):
    """The process of the runner is dead; nothing of it may write or call any more."""


def email(name: str) -> str:
    """Return the address of a person's Dropbox account."""
    return f"{name}@dropbox.example"


class SoakStage:
    """One Dashboard and one Dropbox, on one clock."""

    def __init__(self, story: Story) -> None:
        self.rng = random.Random(story.seed ^ 0x5EED)
        self.simulator = Simulator(
            VirtualClock(),
            seed=story.seed,
            model=LatencyModel(round_trip=STEP_SECONDS),
            behaviour=Behaviour(**story.behaviour),
        )
        self.control: Any = self.simulator.control
        self.control.create_app("Minno", key=APP_KEY, secret=APP_SECRET)
        for name in NAMES:
            self.control.create_account(name.title(), email(name))
        self.is_dead = False
        self.was_throttled = False
        self.statements = self.changes = 0
        self.on_call: Callable[[requests.PreparedRequest, Callable[[], requests.Response]], requests.Response]
        self.on_call = lambda request, call: call()
        self.on_statement: Callable[[int], None] = lambda number: None

    def now(self) -> datetime:
        """Return the moment, for both sides."""
        return datetime.fromtimestamp(self.simulator.clock.now(), UTC)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.simulator.clock.advance(seconds)

    def until(self, moment: datetime) -> None:
        """Let time pass until a moment."""
        self.advance(max(0.0, (moment - self.now()) / timedelta(seconds=1)))

    def session(self) -> requests.Session:
        """Return what the mirror calls Dropbox with."""
        session = requests.Session()
        session.trust_env = False
        adapter = _Wire(self)
        for host in HOSTS:
            session.mount(f"https://{host}", adapter)
            session.mount(f"https://{host}/", adapter)
        return session

    def die(self) -> None:
        """Kill the process at this very moment."""
        self.is_dead = True
        raise Killed

    def _statement(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if self.is_dead:
            raise Killed
        self.statements += 1
        if not sql.startswith("SELECT") and ('"files_' in sql or '"studies_' in sql):
            self.changes += 1
        self.on_statement(self.statements)
        return execute(sql, params, many, context)

    @contextlib.contextmanager
    def set_up(self, story: Story) -> Iterator[None]:
        """Put this stage in the place of time, network and threads."""
        sizes = []
        for place, size in story.sizes.items():
            module, _, name = place.partition(".")
            sizes.append((MODULES[module], name, size))
        lanes = _Waits(self)
        seams: list[tuple[Any, str, Any]] = [
            (clock, "now", self.now),
            (clock, "monotonic_seconds", self.simulator.clock.now),
            (transport, "new_session", self.session),
            (upload_lanes, "ThreadPoolExecutor", _Lanes),
            (uploads, "wait", lanes),
            (backoff, "_rng", random.Random(story.seed)),
            *sizes,
        ]
        before = [(owner, name, getattr(owner, name)) for owner, name, _ in seams]
        for owner, name, value in seams:
            setattr(owner, name, value)
        try:
            with connection.execute_wrapper(self._statement):
                yield
        finally:
            for owner, name, value in before:
                setattr(owner, name, value)


class _Wire(SimulatorAdapter):
    """The way to Dropbox, on which things happen."""

    def __init__(self, stage: SoakStage) -> None:
        super().__init__(stage.simulator)
        self._stage = stage

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Carry a request over, unless the sender is dead."""
        if self._stage.is_dead:
            raise Killed

        def call() -> requests.Response:
            return super(_Wire, self).send(request, *args, **kwargs)

        response = self._stage.on_call(request, call)
        self._stage.was_throttled |= response.status_code == 429
        return response


class _Lanes:
    """Lanes without threads: a job is done as it is handed over; when its end is noticed, chance decides."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        self._number = 0

    def __enter__(self) -> _Lanes:
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def shutdown(self, *, wait: bool) -> None:
        """Do nothing: every job has ended."""

    def submit(self, job: Callable[..., Any], *args: Any) -> Future[Any]:
        """Do a job."""
        future: Future[Any] = Future()
        self._number += 1
        future.number = self._number  # type: ignore[attr-defined]
        try:
            future.set_result(job(*args))
        except Exception as error:  # noqa: BLE001 - a thread's future carries whatever went wrong
            future.set_exception(error)
        return future


class _Waits:
    """Says which jobs have ended: some of them; all, once Dropbox asked to wait."""

    def __init__(self, stage: SoakStage) -> None:
        self._stage = stage

    def __call__(self, running: Iterable[Future[Any]], **kwargs: object) -> tuple[Any, Any]:
        ordered = sorted(running, key=lambda one: cast("Any", one).number)
        self._stage.rng.shuffle(ordered)
        many = len(ordered) if self._stage.was_throttled else self._stage.rng.randint(1, len(ordered))
        self._stage.was_throttled = False
        return dict.fromkeys(ordered[:many]).keys(), set(ordered[many:])


class SoakInstallation:
    """A database with the people in it, brought back to how it was before each story."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for name in NAMES:
            create_user(by=None, username=name, email=f"{name}@lab.example", role=User.Role.RESEARCHER)
        save_section("dropbox", {"is_enabled": True, "app_key": APP_KEY}, {"app_secret": APP_SECRET})
        connection.ensure_connection()
        self._snapshot = sqlite3.connect(":memory:")
        cast("Any", connection.connection).backup(self._snapshot)

    @contextlib.contextmanager
    def fresh(self) -> Iterator[None]:
        """Begin with nothing but the people."""
        self._snapshot.backup(cast("Any", connection.connection))
        with override_settings(BLOB_STORE=str(self._folder / "blobs")):
            yield
