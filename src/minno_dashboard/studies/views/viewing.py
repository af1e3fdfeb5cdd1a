"""The page that shows files to read and to play, of a read-only link or of an example."""

from __future__ import annotations

from django.http import HttpRequest

from minno_dashboard.studies.contents import FileContent, Files
from minno_dashboard.studies.views.raw import type_of


def viewed(request: HttpRequest, given: Files, *, base: str) -> dict[str, object]:
    """Return the context of the page for the files below its address `base`, and the chosen one.

    Raises:
        NotFound: the chosen file is not there.
    """
    path = request.GET.get("file", "")
    context: dict[str, object] = {"base": base, "kind": given.kind, "lines": given.lines(), "path": path}
    return context | _shown(given.at(path)) if path else context


def _shown(content: FileContent) -> dict[str, object]:
    """Return how to show a file: as text, as a picture, sound or video, or only its size."""
    found: dict[str, object] = {"file": content}
    content_type, _ = type_of(content.name)
    family = content_type.split("/")[0]
    if family in ("image", "audio", "video"):
        return found | {"shown_as": family}
    if content_type == "application/pdf":
        return found | {"shown_as": "document"}
    text = content.text()
    # Browsers leave out a line end that a text begins with.
    return found if text is None else found | {"shown_as": "text", "text": f"\n{text}"}
