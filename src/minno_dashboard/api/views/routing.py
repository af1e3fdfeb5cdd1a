"""How an address of the API is declared: its scopes, and every answer it can give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from ninja import Path, Router

from minno_dashboard.api.access import ByToken
from minno_dashboard.api.schemas import Problem
from minno_dashboard.api.scopes import Scope

SCHEME = "token"
_ALWAYS = (400, 401, 403, 404, 422, 429)
Study = Annotated[str, Path(description="The id of a study.")]
Number = Annotated[int, Path(ge=1, le=1_000_000, description="The number of a version.")]


def router(tag: str) -> Router:
    """Return a router whose addresses stand under one heading of the reference."""
    return Router(tags=[tag])


def address(
    scopes: Sequence[Scope], good: dict[int, Any], *more: int, extra: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return how ninja declares an address that any of these scopes opens.

    `good` are its good answers, `more` the problems it has besides those of every address, `extra` what the OpenAPI
    document says besides.
    """
    return {
        "auth": ByToken(*scopes),
        "response": {**good, **dict.fromkeys(sorted({*_ALWAYS, *more}), Problem)},
        "openapi_extra": {"security": [{SCHEME: [str(scope)]} for scope in scopes], **(extra or {})},
    }
