"""A Dashboard of its own in a temporary folder, for one row of the benchmarks."""

from __future__ import annotations

import json
import secrets
import select
import subprocess
import sys
from pathlib import Path
from typing import Any

from tools.bench.dropbox import APP_KEY, APP_SECRET, SimulatedDropbox
from tools.bench.measure import Measure
from tools.bench.processes import ROOT, Failed, Running, run, tail, without_proxies

COMMAND = [sys.executable, "-m", "minno_dashboard.config.cli"]
MAX_ACTION = 900.0


class Installation:
    """A Dashboard with its data in a folder, pointed to a simulated Dropbox; use it as a context manager.

    `act` does the actions of its users in a process of their own, as the web process would; `sync` runs the command
    that operators use; `worker` and `web` run the processes of `serve`.
    """

    def __init__(self, dropbox: SimulatedDropbox, folder: Path, *, port: int = 0) -> None:
        self.dropbox = dropbox
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.environment = {
            **without_proxies(),
            **dropbox.environment,
            "DJANGO_SETTINGS_MODULE": "minno_dashboard.config.settings",
            "DATABASE_URL": "",
            "MINNO_DATA_DIR": str(folder / "data"),
            "MINNO_SECRET_KEY": secrets.token_urlsafe(48),
            "MINNO_ADMIN_PASSWORD": secrets.token_urlsafe(16),
            "MINNO_PORT": str(port or 8000),
            "MINNO_LOG_LEVEL": "WARNING",
        }
        self.log = folder / "dashboard.log"
        self._actor: subprocess.Popen[str] | None = None

    def __enter__(self) -> Installation:
        self.act("furnish", app_key=APP_KEY, app_secret=APP_SECRET)
        return self

    def __exit__(self, *_: object) -> None:
        if self._actor:
            if self._actor.stdin:
                self._actor.stdin.close()
            try:
                self._actor.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self._actor.kill()
                self._actor.wait()

    def act(self, action: str, **arguments: Any) -> Any:
        """Do one action of `tools.bench.user_actions` and return what it returns.

        Raises:
            Failed: it raised an error.
        """
        if self._actor is None:
            with (self.folder / "user_actions.log").open("wb") as stream:
                self._actor = subprocess.Popen(
                    [sys.executable, "-m", "tools.bench.user_actions"],
                    cwd=ROOT,
                    env=self.environment,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=stream,
                    text=True,
                )
        actor = self._actor
        if actor.stdin is None or actor.stdout is None:
            raise Failed("the process of the actions has no pipes")
        actor.stdin.write(json.dumps({"action": action, **arguments}) + "\n")
        actor.stdin.flush()
        ready, _, _ = select.select([actor.stdout], [], [], MAX_ACTION)
        line = actor.stdout.readline() if ready else ""
        if not line:
            raise Failed(f"the action {action} did not end:\n{tail(self.folder / 'user_actions.log')}")
        answer = json.loads(line)
        if "error" in answer:
            raise Failed(f"the action {action} failed:\n{answer['error']}")
        return answer["result"]

    def user(self, name: str) -> str:
        """Make a user who is linked to a Dropbox account of the same name; return the account's address."""
        email = f"{name}@{self.folder.name}.example.com"
        grant = self.dropbox.authorised(email)
        self.act("make_linked_user", name=name, email=email, grant=grant, app_key=APP_KEY)
        return email

    def import_study(self, user: str, study: str, source: Path) -> None:
        """Make a study from a folder."""
        command = [*COMMAND, "import-study", "--owner", user, "--name", study, str(source)]
        run(command, env=self.environment, log=self.log, limit=MAX_ACTION)

    def sync(self, user: str, *, model: str, changed: int = 0, limit: float = 3600) -> Measure:
        """Run `mirror sync` until the user's Dropbox is proven, and measure it.

        Raises:
            Failed: it ended without a proof.
        """
        self.dropbox.use(model)
        command = [*COMMAND, "mirror", "sync", "--user", user, "--wait", str(int(limit))]
        finished = run(command, env=self.environment, log=self.log, limit=limit, check=False)
        state = self.status(user)["state"]
        figures = self.dropbox.figures()
        if state != "proven":
            raise Failed(f"the mirror of {user} is {state} after a run:\n{tail(self.log)}")
        return Measure.of(figures, finished, changed=changed)

    def settle(self, user: str) -> None:
        """Mirror what is there, without latency and without measuring."""
        self.sync(user, model="off")

    def status(self, user: str) -> dict[str, Any]:
        """Return what `mirror status --json` says."""
        status: dict[str, Any] = self.act("status", name=user)
        return status

    def worker(self) -> Running:
        """Start the worker process."""
        return self._serve("worker")

    def web(self) -> Running:
        """Start the web process."""
        return self._serve("web")

    def _serve(self, part: str) -> Running:
        command = [*COMMAND, "serve", "--only", part]
        return Running(command, env=self.environment, log=self.folder / f"{part}.log")
