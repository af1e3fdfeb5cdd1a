"""Keeps the codes of links out of the log: Django writes the address of every request that is refused."""

from __future__ import annotations

import logging
import re

CODE_IN_ADDRESS = re.compile(r"/(activate|reset|confirm-email|invitations|view|play)/[^/\s]+")


class WithoutCodes(logging.Filter):
    """Puts … in place of the code in an address."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the line where needed; let every line pass."""
        line = record.getMessage()
        hidden = CODE_IN_ADDRESS.sub(r"/\1/…", line)
        if hidden != line:
            record.msg, record.args = hidden, None
        return True
