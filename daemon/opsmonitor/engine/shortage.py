"""Keep which checks could not be run for want of something of the daemon's own, and say so."""

from __future__ import annotations

import logging
from typing import Final

_LOGGER = logging.getLogger(__name__)

REMEDY: Final = (
    "allow the daemon more (LimitNOFILE= and TasksMax= of its service, or ulimit -n),"
    " or lower engine.max_concurrent"
)
_WARN_EVERY_S: Final = 60.0


class Shortage:
    """Such runs are not judged: they say nothing of their targets."""

    def __init__(self) -> None:
        """Want for nothing."""
        self.check_ids: set[str] = set()
        """Those whose latest run could not be made; it is over when there is none."""
        self.reason: str | None = None
        """Why the latest of these runs could not be made, for people; None: there is none."""
        self._runs = 0
        self._warned_s: float | None = None

    def note(self, check_id: str, reason: str | None, now_s: float) -> None:
        """Take in a run that could not be made; the log tells it at most once a minute."""
        self.check_ids.add(check_id)
        self.reason = reason
        self._runs += 1
        if self._warned_s is not None and now_s - self._warned_s < _WARN_EVERY_S:
            return
        _LOGGER.warning(
            "Runs that could not be made, and so say nothing of their checks: %d, the latest of %s:"
            " %s; %s",
            self._runs,
            check_id,
            reason,
            REMEDY,
        )
        self._warned_s = now_s
        self._runs = 0

    def forget(self, check_id: str) -> None:
        """Take in that a check was run, or is not to be run any more."""
        self.check_ids.discard(check_id)
        if not self.check_ids:
            self.reason = None
