"""Counts how a stream has been doing."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from .exceptions import OpsMonitorError

_KEPT_ERRORS: Final = 20


@dataclass(slots=True, kw_only=True)
class StreamStatistics:
    """How the stream has been doing, for people who look for a fault."""

    connections: int = 0
    connected_since: datetime | None = None
    last_frame_at: datetime | None = None
    transport: str | None = None
    """Either `websocket` or `events`; None before there was a connection."""
    messages: int = 0
    frames: int = 0
    gaps: int = 0
    repeated_frames: int = 0
    unreadable_frames: int = 0
    last_unreadable: str | None = None
    last_error: str | None = None
    errors: list[str] = field(default_factory=list)
    """The latest ones, the last at the end."""

    def note(self, error: OpsMonitorError) -> None:
        """Remember why the stream ended."""
        self.connected_since = None
        self.last_error = str(error)
        self.errors = [*self.errors[1 - _KEPT_ERRORS :], f"{datetime.now(UTC).isoformat()} {error}"]
