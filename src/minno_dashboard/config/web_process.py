"""A process that answers pages: `python -m minno_dashboard.config.web_process`, started by `serve` behind the gateway."""

from __future__ import annotations

import gc
import json
import logging
import os
import signal
import socket
import sys
import threading
from types import FrameType

import waitress
from waitress.server import BaseWSGIServer, MultiSocketServer

from minno_dashboard.config.behind_gateway import behind_gateway
from minno_dashboard.config.open_files import allow_many

ENVIRONMENT = "MINNO_WEB_PROCESS"
"""JSON: {"listen": descriptor, "secret": text}."""
THREADS = 16
# Waitress keeps a request in a temporary file above this size, so a large upload never fills the memory.
MAX_BODY_IN_MEMORY_BYTES = 512 * 1024
MAX_BODY_BYTES = 64 * 1024 * 1024
# So much of an answer is kept for a slow reader, above 1 MB in a temporary file, before its thread must wait.
MAX_KEPT_ANSWER_BYTES = 64 * 1024 * 1024
CONNECTIONS = 2_000

log = logging.getLogger(__name__)


def main() -> None:
    """Answer until SIGTERM, SIGINT or the end of the parent process."""
    given = json.loads(os.environ.pop(ENVIRONMENT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "minno_dashboard.config.settings")
    allow_many()
    gc.disable()
    from minno_dashboard.config.wsgi import application

    gc.enable()
    gc.set_threshold(10_000)
    gc.freeze()
    server = waitress.create_server(
        behind_gateway(application, given["secret"]),
        sockets=[socket.socket(fileno=given["listen"])],
        threads=THREADS,
        inbuf_overflow=MAX_BODY_IN_MEMORY_BYTES,
        max_request_body_size=MAX_BODY_BYTES,
        outbuf_high_watermark=MAX_KEPT_ANSWER_BYTES,
        connection_limit=CONNECTIONS,
        asyncore_use_poll=True,
        ident="",
        clear_untrusted_proxy_headers=False,
        channel_timeout=120,
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _interrupt)
    threading.Thread(target=_interrupt_at_end_of_parent, name="parent", daemon=True).start()
    try:
        server.run()
    except KeyboardInterrupt:
        log.debug("stopping")
    finally:
        _close(server)


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _interrupt_at_end_of_parent() -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _close(server: MultiSocketServer | BaseWSGIServer) -> None:
    server.close()
    dispatcher = getattr(server, "task_dispatcher", None)
    if dispatcher is not None:
        dispatcher.shutdown()


if __name__ == "__main__":
    main()
