"""Limits the request threads of a process that may be busy with downloads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator

from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.translation import gettext

from minno_dashboard.ui.errors import answer

MAX_DOWNLOADS = 8
"""Of `web_process.THREADS`. The web server keeps what a slow reader does not take, up to 64 MB, and frees the thread."""
RETRY_SECONDS = 10


class DownloadShareMiddleware:
    """Refuses a download with 503 while `MAX_DOWNLOADS` others hold a request thread."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self._free = threading.BoundedSemaphore(MAX_DOWNLOADS)

    def __call__(self, request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
        """Count an answer that is streamed until it is closed; files are sent without a thread and not counted."""
        response = self.get_response(request)
        if not isinstance(response, StreamingHttpResponse) or isinstance(response, FileResponse):
            return response
        if not self._free.acquire(blocking=False):
            response.close()
            sentence = gettext("Many downloads are running at the moment. Please try again in a few seconds.")
            return answer(request, 503, sentence, retry_after_seconds=RETRY_SECONDS)
        response.streaming_content = _Counted(response.streaming_content, self._free.release)
        return response


class _Counted:
    """The body of a download; calls back once when it is closed."""

    def __init__(self, pieces: Iterable[bytes], at_end: Callable[[], None]) -> None:
        self._pieces = iter(pieces)
        self._at_end: Callable[[], None] | None = at_end

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces

    def close(self) -> None:
        """Count the download as ended."""
        at_end, self._at_end = self._at_end, None
        if at_end is not None:
            at_end()
