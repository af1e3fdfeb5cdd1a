"""What is said once in Settings → Dropbox, beside the buttons it is about: the page opens there, far from its top."""

from __future__ import annotations

from django.http import HttpRequest

KEY = "dropbox_notices"


def say(request: HttpRequest, sentence: str, *, is_refusal: bool = False) -> None:
    """Keep a sentence for the next time the section is shown."""
    request.session[KEY] = [*request.session.get(KEY, []), {"sentence": sentence, "is_refusal": is_refusal}]


def take(request: HttpRequest) -> list[dict[str, object]]:
    """Return what is to be said, once."""
    return list(request.session.pop(KEY, []))
