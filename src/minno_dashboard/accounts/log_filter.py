"""Removes secret codes of links from the log: Django logs the address of every refused request."""

from __future__ import annotations

import logging
import re

CODE_IN_ADDRESS = re.compile(r"/(activate|reset|confirm-email|invitations|view|play)/[^/\s]+")


class WithoutCodes(logging.Filter):
    """Log filter that replaces the code in an address by …."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record where needed; let every record pass."""
        line = record.getMessage()
        hidden = CODE_IN_ADDRESS.sub(r"/\1/…", line)
        if hidden != line:
            record.msg, record.args = hidden, None
        return True
