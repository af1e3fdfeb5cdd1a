"""The simulated Dropbox of the benchmarks, as a process: `python -m tools.bench.simulated READY_FILE`.

It keeps hashes and sizes instead of bytes, so that gigabytes cost it neither memory nor disk, and it answers a few
control calls more than the simulator itself.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dropbox_simulator.content import ContentHasher, StoredBytes
from dropbox_simulator.control import Control
from dropbox_simulator.line import Line, LineModel
from dropbox_simulator.server import Server, describe
from dropbox_simulator.simulator import Simulator
from tools.bench.models import MODELS

PIECE = 1024 * 1024


class HashedDraft:
    """Bytes on their way in, hashed as soon as everything before them is there, and then forgotten."""

    def __init__(self) -> None:
        self._hasher = ContentHasher()
        self._early: dict[int, bytes] = {}

    def write_at(self, offset: int, data: bytes) -> None:
        """Put bytes at a place; each place is written once."""
        if data:
            self._early[offset] = data
        while (piece := self._early.pop(self._hasher.size, None)) is not None:
            self._hasher.update(piece)

    def seal(self) -> StoredBytes:
        """Make a blob without bytes of what was written."""
        if self._early:
            raise ValueError("a place was left out or written twice")
        return StoredBytes(self._hasher.size, self._hasher.hexdigest())

    def discard(self) -> None:
        """Forget what waits."""
        self._early.clear()


class HashedStore:
    """Keeps what is known of bytes instead of bytes."""

    def draft(self, name: str | None = None) -> HashedDraft:
        """Begin a new draft."""
        return HashedDraft()

    def find(self, content_hash: str, size: int) -> StoredBytes:
        """Refuse: there are no bytes to give back."""
        raise KeyError(content_hash)

    def get(self, data: bytes) -> StoredBytes:
        """Hash some bytes."""
        draft = HashedDraft()
        draft.write_at(0, data)
        return draft.seal()


class BenchControl(Control):
    """The simulator's control calls, and those that only a benchmark needs."""

    def __init__(self, simulator: Simulator) -> None:
        super().__init__(simulator)
        self._bench = simulator
        self.line = Line(lambda: simulator.model.line)
        self._carried_before = 0

    def measure_line(self) -> None:
        """Count from here what crosses the line."""
        self._carried_before = self.line.carried_up

    def set_model(self, name: str) -> None:
        """Let calls take as long as the model of that name says, from now on."""
        self._bench.model = MODELS[name]

    def forget(self) -> None:
        """Forget every account and what it holds."""
        with self._bench.lock:
            for known in (
                self._bench.accounts,
                self._bench.links,
                self._bench.access_tokens,
                self._bench.refresh_tokens,
            ):
                known.clear()
        self._bench.recorder.clear()
        self._bench.faults.clear()

    def fill(self, account: str, folder: str, under: str) -> int:
        """Put every file of a folder of this computer into an app folder at once; give the number of files."""
        namespace, top = self._namespace(account, None), Path(folder)
        paths = sorted(path for path in top.rglob("*") if path.is_file())
        for path in paths:
            hasher = ContentHasher()
            with path.open("rb") as stream:
                while piece := stream.read(PIECE):
                    hasher.update(piece)
            with namespace.lock:
                namespace.commit(
                    path=f"{under}/{path.relative_to(top).as_posix()}",
                    blob=StoredBytes(hasher.size, hasher.hexdigest()),
                    mode="overwrite",
                    client_modified=int(path.stat().st_mtime),
                )
        return len(paths)

    def figures(self) -> dict[str, Any]:
        """Sum up what happened since the records were cleared last."""
        records = self._bench.recorder.calls()
        return {
            "by_route": dict(Counter(record.route for record in records)),
            "by_account": dict(Counter(record.account or "" for record in records)),
            "by_status": {
                str(status): n for status, n in Counter(record.status for record in records).items()
            },
            "bytes_sent": sum(record.body_size for record in records if "upload" in record.route),
            "largest_header": max((record.header_size for record in records), default=0),
            "first": min((record.started for record in records), default=0.0),
            "last": max((record.ended or record.started for record in records), default=0.0),
            "lock_wait": sum(record.lock_wait for record in records),
            "carried": self.line.carried_up - self._carried_before,
            "overlapping_writes": sum(1 for record in records if record.overlapped_writers),
        }

    def timeline(self) -> list[list[Any]]:
        """List route, start, end, status, body and header size, and account of each call."""
        return [
            [r.route, r.started, r.ended, r.status, r.body_size, r.header_size, r.account or ""]
            for r in self._bench.recorder.calls()
        ]

    def contents(self, account: str) -> dict[str, str]:
        """Tell what an app folder holds: path → content hash."""
        return {path: entry["hash"] for path, entry in self.tree(account).items() if "hash" in entry}

    def model(self) -> dict[str, Any]:
        """Tell the model in force."""
        return asdict(self._bench.model)


def _stop_with_parent(stop: threading.Event) -> None:
    """End when whoever started this process is gone: then the pipe to our standard input closes."""
    os.read(0, 1)
    stop.set()


def main() -> None:
    """Serve until SIGTERM, or until the benchmark that started this is gone."""
    simulator = Simulator(seed=1)
    simulator.store = HashedStore()
    control = simulator.control = BenchControl(simulator)
    server = Server(simulator).start()
    control.line = server.line
    beside = Server(simulator)  # our own questions do not cross the line that is measured
    beside.line = Line(LineModel)
    beside.start()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    threading.Thread(target=_stop_with_parent, args=(stop,), daemon=True).start()
    file = Path(sys.argv[1])
    temporary = file.with_suffix(".new")
    ready = {**json.loads(describe(server)), "control_port": beside.port}
    temporary.write_text(json.dumps(ready), encoding="utf-8")
    temporary.replace(file)
    stop.wait()
    beside.stop()
    server.stop()


if __name__ == "__main__":
    main()
