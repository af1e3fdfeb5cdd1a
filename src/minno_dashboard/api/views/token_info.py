"""What a token says of itself, and of its owner's mirror."""

from __future__ import annotations

from django.http import HttpRequest

from minno_dashboard.api.access import token_of
from minno_dashboard.api.schemas import MirrorOut, TokenOut
from minno_dashboard.api.scopes import ANY, MIRROR
from minno_dashboard.api.views.routing import address, router
from minno_dashboard.mirror.pages import mirror_status as mirror

own = router("Token and mirror")


@own.get("/token", summary="Read the token", **address(ANY, {200: TokenOut}))
def read_token(request: HttpRequest) -> TokenOut:
    """Whose token this is, what it may be used for, and until when."""
    token = token_of(request)
    return TokenOut(
        user=token.user.username, name=token.name, scopes=token.scopes, expires_at=token.expires_at
    )


@own.get("/mirror", summary="Read the state of the mirror", **address(MIRROR, {200: MirrorOut}))
def read_mirror(request: HttpRequest) -> MirrorOut:
    """How the copy in the Dropbox of the token's owner stands."""
    return MirrorOut.model_validate(mirror.status(token_of(request).user))
