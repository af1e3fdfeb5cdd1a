"""A simulated Dropbox with one app and one or two accounts."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from typing import Any

import dropbox
import pytest
from dropbox.dropbox_client import create_session

from dropbox_simulator import Server, Simulator, VirtualClock, mount

ALICE = "alice@example.com"
BOB = "bob@example.com"
REDIRECT = "http://127.0.0.1:8000/dropbox/set"


@pytest.fixture
def simulator() -> Simulator:
    """Alice's and Bob's Dropbox, on a virtual clock, with the app Minno."""
    made = Simulator(VirtualClock(), seed=7)
    made.control.create_app("Minno", key="appkey", secret="appsecret", redirect_uris=[REDIRECT])
    made.control.create_account("Alice Demo", ALICE)
    made.control.create_account("Bob Demo", BOB)
    return made


Connect = Callable[..., Any]


@pytest.fixture
def connect(simulator: Simulator) -> Connect:
    """Make an SDK client that talks to the simulator without a socket."""

    def make(account: str = ALICE, **options: Any) -> Any:
        tokens = simulator.control.authorise(account)
        session = mount(create_session(), simulator)
        settings: dict[str, Any] = {
            "max_retries_on_error": 0,
            "max_retries_on_rate_limit": 0,
            # Without it the SDK refreshes before the first call.
            "oauth2_access_token_expiration": datetime.datetime(2099, 1, 1),  # noqa: DTZ001 - the SDK's way
            **options,
        }
        return dropbox.Dropbox(
            oauth2_access_token=tokens["access_token"],
            oauth2_refresh_token=tokens["refresh_token"],
            app_key="appkey",
            app_secret="appsecret",
            session=session,
            **settings,
        )

    return make


@pytest.fixture
def client(connect: Connect) -> Any:
    """Alice's SDK client without a socket."""
    return connect()


@pytest.fixture
def server(simulator: Simulator) -> Iterator[Server]:
    """The simulator behind HTTP and TLS."""
    with Server(simulator) as running:
        yield running


@pytest.fixture
def web_client(server: Server, simulator: Simulator) -> Iterator[Any]:
    """Alice's SDK client over HTTP and TLS."""
    tokens = simulator.control.authorise(ALICE)
    session = create_session()
    session.verify = str(server.ca)
    session.trust_env = False
    made = dropbox.Dropbox(tokens["access_token"], session=session, max_retries_on_error=0)
    made._host_map = dict.fromkeys(made._host_map, f"localhost:{server.port}")
    yield made
    made.close()


def unsigned(client: Any) -> Any:
    """Give the plain requests session of a client."""
    return client._session
