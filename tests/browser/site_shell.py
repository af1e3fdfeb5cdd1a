"""Runs pieces of Python with a site's data, one after another: Django is loaded once, not once for each piece.

Run as a module it reads a line of JSON for each piece, `[code, *arguments]`, and answers `[error, printed]`.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import traceback


def main() -> None:
    """Answer until the input ends."""
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "minno_dashboard.config.settings"
    django.setup()
    from django.db import connections

    for line in sys.stdin:
        code, *arguments = json.loads(line)
        printed, error = io.StringIO(), ""
        sys.argv = ["-c", *arguments]
        try:
            with contextlib.redirect_stdout(printed):
                exec(code, {"__name__": "__main__", "sys": sys, "os": os})  # noqa: S102 - the test's own code
        except (Exception, SystemExit) as left:  # noqa: BLE001 - whatever went wrong is the test's to show
            if not isinstance(left, SystemExit) or left.code not in (None, 0):
                error = traceback.format_exc()
        connections.close_all()  # what one piece leaves open would be old for the next
        sys.stdout.write(json.dumps([error, printed.getvalue()]) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
