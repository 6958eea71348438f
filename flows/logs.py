"""Log lines on standard error, as text or as JSON, and in Prefect's run log."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

from flows.settings import Settings

LOGGERS = ("flows", "annotators", "exports", "schemas")
"""Our own; Prefect is told to take them into the run's log (`PREFECT_LOGGING_EXTRA_LOGGERS`)."""


class JsonLines(logging.Formatter):
    """A log record as one line of JSON: time (UTC), level, logger, message, and what it carries."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if station := getattr(record, "station", None):
            line["station"] = station
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def set_up_logs(settings: Settings) -> None:
    """JSON lines of our own loggers where the settings say so; as text only warnings, since progress is said anyway."""
    handler = _Ours()
    if settings.log == "json":
        handler.setFormatter(JsonLines())
    else:
        handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
        handler.setLevel(logging.WARNING)
    for name in LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers[:] = [*(h for h in logger.handlers if not isinstance(h, _Ours)), handler]  # Prefect has put its own there
        logger.setLevel(logging.INFO)
        logger.propagate = False


class _Ours(logging.StreamHandler):
    """Known from others' handlers."""
