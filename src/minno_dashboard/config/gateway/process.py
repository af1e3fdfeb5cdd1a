"""The gateway's process: `python -m minno_dashboard.config.gateway.process`, started by `serve` (`config.server`)."""

from __future__ import annotations

import asyncio
import gc
import json
import logging.config
import os
import signal
import socket
import sys
import threading

from minno_dashboard.collection.ingest.intake import Intake
from minno_dashboard.collection.ingest.launch_token import derive_key
from minno_dashboard.collection.ingest.stores import opener
from minno_dashboard.config import env, logs
from minno_dashboard.config.gateway import routing
from minno_dashboard.config.gateway.http_server import GatewayServer
from minno_dashboard.config.gateway.relay import Upstream
from minno_dashboard.config.gateway.routing import Pick
from minno_dashboard.config.gateway.submissions import Submissions, starter
from minno_dashboard.config.open_files import allow_many

PARTS = ("pages", "participants")
ENVIRONMENT = "MINNO_GATEWAY"
"""JSON: {"listen": [descriptors], "pages": port|null, "participants": port|null, "intake": bool, "secret": text}."""


async def serve(given: dict[str, object], stop: asyncio.Event) -> None:
    """Answer on the listening sockets until `stop` is set, then let requests in progress end."""
    secret = str(given["secret"]).encode("ascii")
    upstreams = {part: Upstream(port, secret) for part in PARTS if isinstance(port := given[part], int)}
    picks: list[Pick | None] = [upstreams[part].handler if part in upstreams else None for part in PARTS]
    taking: Intake | None = None
    submissions: Pick | None = None
    if isinstance(port := given["participants"], int):
        folder = env.data_dir()
        taking = Intake(
            key=derive_key(env.secret_key(folder)),
            open_store=opener(env.database(folder)),
            start=starter(port, secret),
        )
        submissions = Submissions(taking).handler
    server = GatewayServer(routing.router(picks[0], picks[1], submissions))
    descriptors = given["listen"]
    assert isinstance(descriptors, list)  # noqa: S101 - `config.server` wrote it
    for descriptor in descriptors:
        await server.listen(socket.socket(fileno=int(descriptor)))
    await stop.wait()
    await server.close()
    if taking is not None:
        await taking.close()
    for upstream in upstreams.values():
        upstream.close()


async def _until_told(given: dict[str, object]) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)

    def wait_for_parent() -> None:
        while os.read(sys.stdin.fileno(), 1024):
            pass
        loop.call_soon_threadsafe(stop.set)

    threading.Thread(target=wait_for_parent, name="parent", daemon=True).start()
    await serve(given, stop)


def main() -> None:
    """Serve until SIGTERM, SIGINT or the end of the parent process."""
    logging.config.dictConfig(logs.described())
    given = json.loads(os.environ.pop(ENVIRONMENT))
    allow_many()
    gc.freeze()
    try:
        import uvloop
    except ImportError:  # not made for this platform
        asyncio.run(_until_told(given))
    else:
        uvloop.run(_until_told(given))


if __name__ == "__main__":
    main()
