"""Removes secret codes of links from the log: Django logs the address of every refused request."""

from __future__ import annotations

import re

_CODE_IN_ADDRESS = re.compile(
    r"/(activate|reset|confirm-email|invitations|view|play|launch|test|launch-files)/[^/\s]+|/(data)/[\w.~-]{20,}"
)


def hide_codes(line: str) -> str:
    """Return the line with the code in each address replaced by …."""
    return _CODE_IN_ADDRESS.sub(lambda found: f"/{found[1] or found[2]}/…", line)
