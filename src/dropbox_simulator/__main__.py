"""Start a simulated Dropbox: `python -m dropbox_simulator --help`."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from email.utils import parseaddr
from pathlib import Path

from dropbox_simulator.server import Server, describe
from dropbox_simulator.simulator import Simulator
from dropbox_simulator.traffic import MODELS


def _arguments(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="dropbox_simulator", description="A local Dropbox.")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (0: any free one)")
    parser.add_argument("--folder", type=Path, help="keep everything here, accounts as ordinary folders")
    parser.add_argument("--app-key")
    parser.add_argument("--app-secret")
    parser.add_argument("--app-name", default="Minno")
    parser.add_argument(
        "--redirect-uri", action="append", default=[], help="allowed address; may be repeated"
    )
    parser.add_argument("--account", action="append", default=[], help='"Name <address>"; may be repeated')
    parser.add_argument("--model", choices=sorted(MODELS), default="off", help="how long calls take")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--ready-file", type=Path, help="write where the server stands here, as JSON")
    return parser.parse_args(words)


def prepare(options: argparse.Namespace) -> Simulator:
    """Create the simulator from the options; what the folder holds is kept."""
    simulator = Simulator(seed=options.seed, folder=options.folder, model=MODELS[options.model])
    key = options.app_key
    if key is not None and key in simulator.apps:
        app = simulator.apps[key]
        app.secret = options.app_secret or app.secret
        app.redirect_uris = list(dict.fromkeys([*app.redirect_uris, *options.redirect_uri]))
    elif key is not None or not simulator.apps:
        simulator.control.create_app(
            options.app_name, key=key, secret=options.app_secret, redirect_uris=options.redirect_uri
        )
    known = {account.email for account in simulator.accounts.values()}
    for text in options.account or ([] if known else ["Alice Demo <alice@example.com>"]):
        name, email = parseaddr(text)
        if email not in known:
            simulator.control.create_account(name or email, email)
    return simulator


def main(words: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT."""
    options = _arguments(words)
    simulator = prepare(options)
    certificates = options.folder / ".dropbox-simulator" if options.folder else None
    server = Server(simulator, port=options.port, folder=certificates).start()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, lambda *_: stop.set())
    app = next(iter(simulator.apps.values()))
    ready = json.loads(describe(server)) | {
        "app_key": app.key,
        "accounts": [account.email for account in simulator.accounts.values()],
    }
    text = json.dumps(ready)
    if options.ready_file:
        temporary = options.ready_file.with_suffix(".new")
        temporary.write_text(text)
        temporary.replace(options.ready_file)
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
    stop.wait()
    server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
