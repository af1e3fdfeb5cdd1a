"""Static files as browsers get them: compressed where that was built, kept for a year under an address with a digest."""

from __future__ import annotations

import re

from django.http import HttpRequest, HttpResponseBase
from whitenoise.middleware import WhiteNoiseMiddleware

from minno_dashboard.ui import assets

FOR_A_YEAR = "max-age=31536000, public, immutable"
_NAMED_BY_DIGEST = re.compile(r"/build/[a-z]+-[A-Z0-9]{8}\.js$")


class StaticFilesMiddleware(WhiteNoiseMiddleware):  # type: ignore[misc]  # WhiteNoise has no types
    """WhiteNoise, with a year of keeping for what never changes under its address; other files are asked for again."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a static file, or pass the request on."""
        response: HttpResponseBase = super().__call__(request)
        path = request.path_info
        if path.startswith(self.static_prefix) and response.status_code in (200, 304):
            name, digest = path[len(self.static_prefix) :], request.GET.get("v", "")
            if _NAMED_BY_DIGEST.search(path) or (digest and digest == assets.digest(name)):
                response["Cache-Control"] = FOR_A_YEAR
        return response
