"""Responses with a file's bytes: all, the requested range, or 304; with their media type."""

from __future__ import annotations

import mimetypes
import re

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import parse_etags

from minno_dashboard.studies.contents import FileContent

MAX_MEDIA_BYTES = 8 * 1024 * 1024
"""The largest part that a player of sound or video gets at once, less than the server holds for a slow reader.

Such a player stops reading when it has enough, for as long as it is paused; the rest it asks for when it needs it.
"""

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")
_TYPES = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".css": "text/css",
    ".htm": "text/html",
    ".html": "text/html",
    ".json": "application/json",
    ".jst": "text/plain",
    ".md": "text/plain",
    ".csv": "text/csv",
    ".txt": "text/plain",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
    ".aac": "audio/aac",
    ".flac": "audio/flac",
    ".oga": "audio/ogg",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".wav": "audio/wav",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".mp4": "video/mp4",
    ".ogv": "video/ogg",
    ".webm": "video/webm",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}


def media_type(name: str) -> str:
    """Return the media type of a name's ending, the same on every machine where studies use it."""
    ending = name[name.rfind(".") :].lower() if "." in name else ""
    guessed, encoding = mimetypes.guess_type(name)
    return _TYPES.get(ending) or (not encoding and guessed) or "application/octet-stream"


def sent(request: HttpRequest, content: FileContent, content_type: str) -> HttpResponseBase:
    """Respond with a file's bytes, in pieces, or with 304 where the browser has them.

    A single range is answered by itself (RFC 9110, section 14); several at once by the whole file.
    """
    tag = f'"{content.tag}"'
    response: HttpResponseBase
    if tag in parse_etags(request.headers.get("If-None-Match", "")):
        response = HttpResponse(status=304)
    else:
        response = _bytes(request, content, content_type, _asked_part(request, content.size, tag))
    response["ETag"] = tag
    response["Accept-Ranges"] = "bytes"
    response["Cache-Control"] = "private, no-cache"
    return response


def _bytes(
    request: HttpRequest, content: FileContent, content_type: str, part: tuple[int, int] | None
) -> HttpResponseBase:
    if part is None:
        response = StreamingHttpResponse(content.read(0, content.size), content_type=content_type)
        response["Content-Length"] = str(content.size)
        return response
    start, stop = part
    if start >= stop:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{content.size}"})
    if request.headers.get("Sec-Fetch-Dest") in ("audio", "video"):
        stop = min(stop, start + MAX_MEDIA_BYTES)
    response = StreamingHttpResponse(content.read(start, stop), status=206, content_type=content_type)
    response["Content-Length"] = str(stop - start)
    response["Content-Range"] = f"bytes {start}-{stop - 1}/{content.size}"
    return response


def _asked_part(request: HttpRequest, size: int, tag: str) -> tuple[int, int] | None:
    """Return start and end of the requested range, an empty one if it cannot be met; None means all."""
    found = _RANGE.fullmatch(request.headers.get("Range", ""))
    if found is None or request.headers.get("If-Range", tag) != tag:
        return None
    first, last = found.groups()
    if not first and not last:
        return None
    if not first:
        return max(0, size - int(last)), size
    if last and int(last) < int(first):
        return None
    return int(first), min(size, int(last) + 1) if last else size
