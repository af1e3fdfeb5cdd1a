"""A local Dropbox: its HTTP API, consent page and app folders, to build and test clients against.

Start it in a test, without a socket:

    simulator = Simulator(VirtualClock(), seed=1)
    simulator.control.create_app(key="key", secret="secret", redirect_uris=["http://127.0.0.1:8000/dropbox/set"])
    simulator.control.create_account("Alice Demo", "alice@example.com")
    tokens = simulator.control.authorise("alice@example.com")
    session = mount(dropbox.create_session(), simulator)
    client = dropbox.Dropbox(tokens["access_token"], session=session)

over HTTP and TLS (`server.environment()` points the official SDK at it):

    with Server(simulator) as server: ...

or from a shell: `python -m dropbox_simulator --folder DIR --app-key K --app-secret S --redirect-uri URI`.

`simulator.control` sets accounts up, acts as their users and looks inside; `dropbox_simulator.faults` makes
calls fail; `simulator.recorder` knows every call; `behaviour.Behaviour` has a switch for everything that is
not known for certain about the real Dropbox. See docs/simulator.md.
"""

from __future__ import annotations

from dropbox_simulator.behaviour import Behaviour
from dropbox_simulator.clock import RealClock, VirtualClock
from dropbox_simulator.content import content_hash
from dropbox_simulator.inprocess import mount
from dropbox_simulator.line import LineModel
from dropbox_simulator.server import Server
from dropbox_simulator.simulator import Simulator
from dropbox_simulator.traffic import FAST, MODELS, OFF, SLOW, LatencyModel

__all__ = [
    "FAST",
    "MODELS",
    "OFF",
    "SLOW",
    "Behaviour",
    "LatencyModel",
    "LineModel",
    "RealClock",
    "Server",
    "Simulator",
    "VirtualClock",
    "content_hash",
    "mount",
]
