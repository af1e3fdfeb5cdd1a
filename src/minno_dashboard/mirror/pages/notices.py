"""Messages shown once in Settings → Dropbox, beside the buttons they are about: the page opens there, far from its top."""

from __future__ import annotations

from django.http import HttpRequest

KEY = "dropbox_notices"


def say(request: HttpRequest, sentence: str, *, is_refusal: bool = False) -> None:
    """Store a message until the section is shown next."""
    request.session[KEY] = [*request.session.get(KEY, []), {"sentence": sentence, "is_refusal": is_refusal}]


def take(request: HttpRequest) -> list[dict[str, object]]:
    """Return the stored message and delete it."""
    return list(request.session.pop(KEY, []))
