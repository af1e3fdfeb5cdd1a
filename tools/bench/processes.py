"""Processes that the benchmarks start: run to their end and measured, or kept running and ended for certain."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
POLL_SECONDS = 0.01
# Linux counts the peak in KiB, macOS in bytes.
PEAK_UNIT = 1 if sys.platform == "darwin" else 1024


class Failed(Exception):
    """A process of the benchmark did not do its work; the message shows the end of what it said."""


@dataclass(frozen=True)
class Finished:
    """A process that has ended: how long it took, its greatest resident memory, its processor time."""

    seconds: float
    peak_bytes: int
    cpu_seconds: float
    output: str


def run(
    command: Sequence[str], *, env: Mapping[str, str], log: Path, limit: float, check: bool = True
) -> Finished:
    """Run a command to its end and measure it; one that takes longer than `limit` seconds is killed.

    Raises:
        Failed: it ended with an error, or not in time.
    """
    with log.open("wb") as stream:
        started = time.monotonic()
        process = subprocess.Popen(
            command, cwd=ROOT, env=dict(env), stdin=subprocess.DEVNULL, stdout=stream, stderr=stream
        )
        try:
            usage = _ended(process, started + limit)
        finally:
            if process.returncode is None:
                process.kill()
                process.wait()
        seconds = time.monotonic() - started
    if usage is None:
        raise Failed(f"{command[:6]} took more than {limit:.0f} s:\n{tail(log)}")
    output = log.read_text(encoding="utf-8", errors="replace")
    if check and process.returncode:
        raise Failed(f"{command[:6]} ended with status {process.returncode}:\n{tail(log)}")
    return Finished(seconds, usage.ru_maxrss * PEAK_UNIT, usage.ru_utime + usage.ru_stime, output)


def _ended(process: subprocess.Popen[bytes], deadline: float) -> resource.struct_rusage | None:
    """Wait for the end of a process and return what it used, None when the deadline came first."""
    while time.monotonic() < deadline:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return usage
        time.sleep(POLL_SECONDS)
    return None


def without_proxies() -> dict[str, str]:
    """Return our environment without proxies: everything that is measured stays on this computer."""
    return {name: value for name, value in os.environ.items() if not name.upper().endswith("_PROXY")}


def tail(log: Path, size: int = 3000) -> str:
    """Return the end of a log file."""
    return log.read_text(encoding="utf-8", errors="replace")[-size:]


class Running:
    """A process that stays until it is stopped; use it as a context manager."""

    def __init__(self, command: Sequence[str], *, env: Mapping[str, str], log: Path) -> None:
        self.log = log
        with log.open("wb") as stream:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=dict(env), stdin=subprocess.PIPE, stdout=stream, stderr=stream
            )

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Ask it to end, and insist after twenty seconds."""
        if self.process.stdin:
            self.process.stdin.close()
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def must_run(self) -> None:
        """Raise Failed when it has ended by itself."""
        if self.process.poll() is not None:
            raise Failed(f"a process of the benchmark has ended:\n{tail(self.log)}")

    def resident_bytes(self) -> int:
        """Tell its resident memory at this moment, 0 where the system does not say."""
        statm = Path(f"/proc/{self.process.pid}/statm")
        if not statm.exists():
            return 0
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
