"""The log of all processes: lines for people, or one JSON object a line (`MINNO_LOG_FORMAT=json`)."""

from __future__ import annotations

import json
import logging
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from minno_dashboard.accounts.log_codes import hide_codes
from minno_dashboard.config import env

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the request in progress, "" outside of one."""

FORMATS = ("lines", "json")


class LineFormatter(logging.Formatter):
    """A line for people."""

    def __init__(self) -> None:
        super().__init__("{asctime} {levelname} {name}{request}: {message}", style="{")

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, with the request's id before the message: what reads lines looks for how they end."""
        record.request = f" [{known}]" if (known := request_id.get()) else ""
        return hide_codes(super().format(record))


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, process, request_id, and the fields of a request."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": hide_codes(record.getMessage()),
            "process": record.process,
        }
        if known := request_id.get():
            line["request_id"] = known
        line.update(getattr(record, "fields", {}))
        if record.exc_info:
            line["exception"] = hide_codes(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


def described() -> dict[str, Any]:
    """Return the description of the log that `logging.config.dictConfig` takes, made from the environment."""
    is_json = env.choice("MINNO_LOG_FORMAT", FORMATS) == "json"
    formatter = JsonFormatter if is_json else LineFormatter
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"chosen": {"()": f"{__name__}.{formatter.__name__}"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "chosen"}},
        "root": {"handlers": ["stderr"], "level": env.text("MINNO_LOG_LEVEL", "INFO")},
        "loggers": {
            # The SDK logs each call, urllib3 each retry with its address: neither belongs in an operator's log.
            "dropbox": {"level": "WARNING"},
            "urllib3": {"level": "ERROR"},
            **{name: {"level": "WARNING"} for name in ("boto3", "botocore", "s3transfer")},
            # People who read lines want what is unusual; programs that read JSON want every request.
            "minno_dashboard.config.request_log": {"level": "INFO" if is_json else "WARNING"},
        },
    }
