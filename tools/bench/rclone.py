"""rclone, the peer: the same files into another account of the same Dropbox, through a CONNECT proxy."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from tools.bench.dropbox import APP_KEY, APP_SECRET, SimulatedDropbox
from tools.bench.measure import Measure
from tools.bench.processes import Failed, run, without_proxies

FLAGS: dict[str, list[str]] = {
    "defaults": [],
    "32 transfers": ["--transfers", "32", "--checkers", "32"],
    "unpaced": ["--transfers", "256", "--checkers", "32", "--dropbox-pacer-min-sleep", "1ms"],
}
"""How rclone is called.

Other flags were tried with 32 transfers and did not help: `--dropbox-batch-size 1000` waits half a second for
batches that never fill, `--dropbox-batch-mode async` does not learn whether its files arrived. `unpaced` takes away
the pause of 10 ms between calls by which rclone keeps below Dropbox's rate limit.
"""

BEST = "32 transfers"

NEVER = "2099-01-01T00:00:00Z"


def program() -> str:
    """Return the path of rclone: the one of PyPI beside our Python, else the system's.

    Raises:
        Failed: there is none.
    """
    beside = Path(sys.executable).with_name("rclone")
    found = str(beside) if beside.exists() else shutil.which("rclone")
    if not found:
        raise Failed("rclone is not installed; make setup-dev installs it from PyPI")
    return found


class Rclone:
    """rclone with an account of its own."""

    def __init__(self, dropbox: SimulatedDropbox, folder: Path, *, email: str) -> None:
        self._dropbox = dropbox
        self._folder = folder
        self.email = email
        grant = dropbox.authorised(email)
        token = {
            "access_token": grant["access_token"],
            "token_type": "bearer",
            "refresh_token": grant["refresh_token"],
            "expiry": NEVER,
        }
        self._config = folder / f"rclone-{email.partition('@')[0]}.conf"
        self._config.write_text(
            f"[there]\ntype = dropbox\nclient_id = {APP_KEY}\nclient_secret = {APP_SECRET}\n"
            f"token = {json.dumps(token)}\n",
            encoding="utf-8",
        )

    def has(self, source: Path, *, under: str = "/Studies") -> None:
        """Put the files into the account beforehand, so that only what comes after is measured."""
        self._dropbox.control("fill", account=self.email, folder=str(source), under=under)

    def sync(
        self, source: Path, *extra: str, model: str, flags: str = BEST, changed: int = 0, limit: float = 3600
    ) -> Measure:
        """Make the account equal to a folder and measure it."""
        return self._measured(
            "sync", source, *FLAGS[flags], *extra, model=model, changed=changed, limit=limit
        )

    def check(self, source: Path, *, model: str) -> Measure:
        """Let rclone compare the folder with the account, by Dropbox's hashes."""
        return self._measured("check", source, *FLAGS[BEST], model=model, changed=0, limit=3600)

    def _measured(
        self, verb: str, source: Path, *flags: str, model: str, changed: int, limit: float
    ) -> Measure:
        self._dropbox.use(model)
        command = [program(), verb, str(source), "there:Studies", "--config", str(self._config), *flags]
        env = {
            **without_proxies(),
            "HTTPS_PROXY": self._dropbox.proxy,
            "SSL_CERT_FILE": self._dropbox.ca,
        }
        finished = run(command, env=env, log=self._folder / "rclone.log", limit=limit)
        return Measure.of(self._dropbox.figures(), finished, changed=changed)
