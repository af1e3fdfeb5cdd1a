"""Which process behind the gateway answers an address."""

from __future__ import annotations

from collections.abc import Callable

from minno_dashboard.config.gateway.exchange import Exchange, Handler

PARTICIPANTS_PREFIXES = (b"/launch/", b"/launch-files/", b"/test/", b"/data/", b"/assets/", b"/play/player/")
"""What participants' browsers ask for; it is answered by a process of its own."""


MONITORING = (b"/healthz", b"/readyz", b"/metrics")


def path_of(target: bytes) -> bytes:
    """Return the path of a request's target, without an origin and a query."""
    if not target.startswith(b"/"):
        _, _, rest = target.partition(b"://")
        target = b"/" + rest.partition(b"/")[2]
    return target.partition(b"?")[0]


Pick = Callable[[Exchange], Handler]


def router(pages: Pick | None, participants: Pick | None, intake: Pick | None) -> Pick:
    """Return the route of a gateway; a part that does not run here answers 404."""

    def route(exchange: Exchange) -> Handler:
        path = path_of(exchange.request.target)
        if path in MONITORING:
            picked = pages or participants
        elif intake is not None and is_post(exchange, path):
            picked = intake
        elif path.startswith(PARTICIPANTS_PREFIXES):
            picked = participants
        else:
            picked = pages
        return picked(exchange) if picked is not None else NotHere(exchange)

    return route


def is_post(exchange: Exchange, path: bytes) -> bool:
    """Return whether a request is a submission (`/data`, `/data/<token>`), or a browser's question whether it may be sent."""
    before, _, rest = path.partition(b"/data")
    is_data = not before and (not rest or rest.startswith(b"/")) and b"/" not in rest.strip(b"/")
    return is_data and exchange.request.method in (b"PUT", b"POST", b"OPTIONS")


class NotHere:
    """Answers that this part of the Dashboard runs elsewhere."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange

    def body(self, data: bytes) -> None:
        """Ignore the body."""

    def end_of_body(self) -> None:
        """Answer."""
        self.exchange.answer(
            404,
            b"This part of the Dashboard is served at another address.\n",
            [(b"content-type", b"text/plain; charset=utf-8")],
        )

    def client_gone(self) -> None:
        """Nothing is under way."""

    def pause_writing(self) -> None:
        """The answer is small."""

    def resume_writing(self) -> None:
        """The answer is small."""
