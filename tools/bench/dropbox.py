"""The benchmarks' end of the simulated Dropbox: start its process, make accounts, read its record."""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dropbox_simulator.connect_proxy import ConnectProxy
from tools.bench.processes import Failed, Running

APP_KEY, APP_SECRET = "benchappkey0000", "benchappsecret0"
QUOTA = 1 << 50
START_SECONDS = 60.0
MAX_CALL = 300.0


@dataclass(frozen=True)
class TrafficFigures:
    """What the Dropbox saw of one piece of work; moments are seconds since 1970.

    `bytes_sent` are those of bodies that arrived, `carried` all that clients sent over the line, TLS and what was
    given up included.
    """

    by_route: dict[str, int]
    by_account: dict[str, int] = field(default_factory=dict)
    by_status: dict[str, int] = field(default_factory=dict)
    bytes_sent: int = 0
    carried: int = 0
    largest_header: int = 0
    first: float = 0.0
    last: float = 0.0
    lock_wait: float = 0.0
    overlapping_writes: int = 0

    @property
    def calls(self) -> int:
        """Count all calls."""
        return sum(self.by_route.values())


class SimulatedDropbox:
    """A simulated Dropbox in a process of its own; use it as a context manager."""

    def __init__(self, folder: Path, *, redirect_uri: str = "") -> None:
        self._ready_file = folder / "dropbox-ready.json"
        self._running = Running(
            [sys.executable, "-m", "tools.bench.simulated", str(self._ready_file)],
            env=dict(os.environ),
            log=folder / "dropbox.log",
        )
        try:
            self._ready = self._wait()
        except BaseException:
            self._running.stop()
            raise
        self.ca = str(self._ready["ca"])
        self.port = int(self._ready["port"])
        self._control_port = int(self._ready["control_port"])
        self._proxy = ConnectProxy(self.port).start()
        self.proxy = self._proxy.address
        self.control("create_app", name="Minno", key=APP_KEY, secret=APP_SECRET, redirect_uris=[redirect_uri])

    def _wait(self) -> dict[str, Any]:
        deadline = time.monotonic() + START_SECONDS
        while not self._ready_file.exists():
            self._running.must_run()
            if time.monotonic() > deadline:
                raise Failed("the simulated Dropbox did not start")
            time.sleep(0.05)
        ready: dict[str, Any] = json.loads(self._ready_file.read_text(encoding="utf-8"))
        return ready

    def __enter__(self) -> SimulatedDropbox:
        return self

    def __exit__(self, *_: object) -> None:
        self._proxy.stop()
        self._running.stop()

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables that send the official SDK to this Dropbox."""
        place = f"localhost:{self.port}"
        return {
            "DROPBOX_API_HOST": place,
            "DROPBOX_API_CONTENT_HOST": place,
            "DROPBOX_API_NOTIFY_HOST": place,
            "DROPBOX_WEB_HOST": f"http://{place}",
            "REQUESTS_CA_BUNDLE": self.ca,
        }

    def control(self, call: str, /, **arguments: Any) -> Any:
        """Make one control call.

        Raises:
            Failed: the call was refused.
        """
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._control_port}/_control/{call}",
            data=json.dumps(arguments).encode(),
            headers={"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=MAX_CALL) as answer:  # noqa: S310 - our own loopback
                return json.load(answer)["result"]
        except urllib.error.HTTPError as error:
            raise Failed(f"control call {call}: {error.read().decode(errors='replace')}") from error

    def authorised(self, email: str) -> dict[str, str]:
        """Make an account that has allowed the app; return its tokens."""
        self.control("create_account", name=email.partition("@")[0].title(), email=email, quota=QUOTA)
        grant: dict[str, str] = self.control("authorise", account=email)
        return grant

    def use(self, model: str) -> None:
        """Let calls take as long as the model says, and forget the record so far."""
        self.control("set_model", name=model)
        self.control("clear_records")
        self.control("measure_line")

    def figures(self) -> TrafficFigures:
        """Sum up what happened since `use`."""
        return TrafficFigures(**self.control("figures"))
