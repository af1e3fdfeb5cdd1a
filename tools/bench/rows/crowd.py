"""Many users saving at the same time, with one worker and the web pages in use."""

from __future__ import annotations

import http.client
import socket
import statistics
import threading
import time
from collections.abc import Iterator

from tools.bench.bench import Bench, say, until
from tools.bench.dropbox import APP_KEY
from tools.bench.installation import Installation
from tools.bench.measure import Goal, Measure, ReportRow
from tools.bench.processes import Failed

STUDY, PATH = "Study of one of many", "scripts/task.js"
MODEL = "far"
CALLS_EACH, ALL_PROVEN_SECONDS, PAGE_SECONDS = 2, 30.0, 0.300
PAGES = ("/login/", "/studies/", "/settings/", "/healthz")
PROBE_SECONDS = 0.1
SESSION_COOKIE = "sessionid"
LIMIT = 600.0


class CrowdVisitor:
    """A signed-in browser that opens one page after the other and notes how long each takes, in seconds."""

    def __init__(self, port: int, cookie: str) -> None:
        self.port = port
        self.times: dict[str, list[float]] = {page: [] for page in PAGES}
        self.refused: dict[str, int] = {}
        self._cookie = cookie
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._visit, daemon=True)

    def __enter__(self) -> CrowdVisitor:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(timeout=60)

    def open(self, page: str) -> int:
        """Open one page; return the status."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", page, headers={"Cookie": f"{SESSION_COOKIE}={self._cookie}"})
            answer = connection.getresponse()
            answer.read()
            return answer.status
        finally:
            connection.close()

    def _visit(self) -> None:
        while not self._stop.is_set():
            for page in PAGES:
                started = time.monotonic()
                status = self.open(page)
                if status < 400:
                    self.times[page].append(time.monotonic() - started)
                else:
                    self.refused[page] = status
                self._stop.wait(PROBE_SECONDS)

    def percentile(self, share: float) -> float:
        """Return the time that this share of all page loads stayed below."""
        times = sorted(seconds for page in self.times.values() for seconds in page)
        return times[min(len(times) - 1, int(len(times) * share))] if times else 0.0

    def sentence(self) -> str:
        """Say how long pages took."""
        medians = ", ".join(
            f"{page} {statistics.median(times) * 1000:.0f} ms" for page, times in self.times.items() if times
        )
        refused = "".join(f"; {page} answered {status}" for page, status in self.refused.items())
        return f"Pages meanwhile (medians): {medians}; slowest {self.percentile(1.0) * 1000:.0f} ms{refused}."


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(visitor: CrowdVisitor) -> bool:
    try:
        return visitor.open("/healthz") == 200
    except OSError:
        return False


def many_users(bench: Bench) -> Iterator[ReportRow]:
    """Let every user save once within some seconds and wait until all are proven."""
    names = [f"user{number:03}" for number in range(bench.sizes.users)]
    port = _free_port()
    with bench.installation("crowd", port=port) as installation:
        _make(bench, installation, names)
        with installation.worker() as worker, installation.web() as web:
            until(
                lambda: installation.act("unproven", since=dict.fromkeys(names, 0.0)) == 0,
                limit=LIMIT, what="everybody's first mirror is proven", every=0.5,
            )  # fmt: skip
            visitor = CrowdVisitor(port, str(installation.act("session_cookie", name=names[0])))
            until(lambda: _answers(visitor), limit=LIMIT, what="the web process answers")
            for page in PAGES:
                visitor.open(page)
            bench.dropbox.use(MODEL)
            with visitor:
                moments = installation.act(
                    "save_everywhere",
                    owners=names, study=STUDY, path=PATH, within=bench.sizes.within_seconds,
                )  # fmt: skip
                until(
                    lambda: installation.act("unproven", since=moments) == 0,
                    limit=LIMIT, what="everybody's save is proven", every=0.25,
                )  # fmt: skip
                seconds = time.time() - min(moments.values())
            worker.must_run()
            web.must_run()
            resident = worker.resident_bytes()
    figures = bench.dropbox.figures()
    each = [calls for account, calls in figures.by_account.items() if account]
    if len(each) != len(names):
        raise Failed(f"{len(each)} accounts were called, of {len(names)}")
    say(f"  crowd: {seconds:.1f} s, {figures.by_route}, pages {visitor.percentile(0.99) * 1000:.0f} ms")
    yield ReportRow(
        key="crowd",
        work=f"{len(names)} users, each saving once within {bench.sizes.within_seconds:.0f} s, one worker",
        model=MODEL,
        ours=Measure.of(figures, None, changed=0, seconds=seconds),
        goals=[
            Goal("calls of one user (most)", CALLS_EACH, max(each)),
            Goal("first save → all proven", ALL_PROVEN_SECONDS, seconds, "s"),
            Goal("pages, 99 of 100", PAGE_SECONDS * 1000, visitor.percentile(0.99) * 1000, "ms"),
        ],
        notes=[visitor.sentence(), f"The worker holds {resident / 1e6:.0f} MB."],
    )


def _make(bench: Bench, installation: Installation, names: list[str]) -> None:
    bench.dropbox.use("off")
    mark = installation.folder.name
    grants = {name: bench.dropbox.authorised(f"{name}@{mark}.example.com") for name in names}
    installation.act("make_crowd", grants=grants, app_key=APP_KEY, study=STUDY, path=PATH)
