"""How the daemon writes its log."""

from __future__ import annotations

import logging
import os
import sys
from typing import Final

# sd-daemon(3): a level in front of each line lets the journal colour and filter it.
_JOURNAL_LEVELS: Final = {
    logging.CRITICAL: 2,
    logging.ERROR: 3,
    logging.WARNING: 4,
    logging.INFO: 6,
    logging.DEBUG: 7,
}


class _JournalFormatter(logging.Formatter):
    """Put the journal's level in front of each line; the journal adds the time itself."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record with its level on every line."""
        prefix = f"<{_JOURNAL_LEVELS.get(record.levelno, 6)}>"
        return "\n".join(prefix + line for line in super().format(record).splitlines())


def set_up_logging(level: str = "INFO") -> None:
    """Log to standard error: for the journal when systemd reads it, else with times for people."""
    handler = logging.StreamHandler(sys.stderr)
    if os.environ.get("JOURNAL_STREAM"):
        handler.setFormatter(_JournalFormatter("%(name)s: %(message)s"))
    else:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s"))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
