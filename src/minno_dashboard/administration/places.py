"""What this room adds to pages of other rooms."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.html import format_html

from minno_dashboard.accounts.models import User
from minno_dashboard.administration import queries
from minno_dashboard.administration.queries import Stored
from minno_dashboard.ui import slots, words

_STORED_OF_REQUEST = "administration_stored"


def contribute() -> None:
    """Take the places; called once as the room starts."""
    slots.contribute("users.row", name="space", title="Space", order=10, render=space)


def space(request: HttpRequest) -> str:
    """Render what one user of the list stores; the whole list takes three queries."""
    user = getattr(request, "slot_subject", None)
    if not isinstance(user, User):
        return ""
    found: dict[int, Stored] | None = getattr(request, _STORED_OF_REQUEST, None)
    if found is None:
        found = queries.stored_by_owner()
        setattr(request, _STORED_OF_REQUEST, found)
    stored = found.get(user.pk, Stored())
    if not stored.studies:
        return ""
    return format_html(
        "<div>{} · {}</div>", words.plural(stored.studies, "study", "studies"), words.size(stored.bytes)
    )
