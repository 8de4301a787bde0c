"""What jobs report of themselves: single pings, and what they add up to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class PingKind(StrEnum):
    """What a job says with a ping."""

    SUCCESS = "success"
    START = "start"
    FAIL = "fail"
    LOG = "log"
    """Something to be kept, which changes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ping:
    """One report of a job."""

    check_id: str
    at_ms: int
    """When it came: epoch milliseconds, UTC."""
    kind: PingKind
    exit_code: int | None = None
    run_id: str | None = None
    """Tells overlapping runs of one job apart."""
    duration_ms: int | None = None
    """How long the run took that ended with it; None where its start is not known."""
    body: str = ""
    """What it brought along, such as the end of a log."""
    is_cut: bool = False
    """There was more in the middle of the body."""
    source: str | None = None
    """The address that it came from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """All that is known of one job. Times are epoch milliseconds, UTC."""

    check_id: str
    since_ms: int
    """Since when its pings are waited for."""
    last_ms: int | None = None
    """When the latest ping came that was more than something for the log."""
    last_kind: PingKind | None = None
    ended_ms: int | None = None
    """When a run last ended, well or not: the next end is expected from then on."""
    has_failed: bool = False
    """The latest run that ended was a failure."""
    exit_code: int | None = None
    message: str | None = None
    """What the latest failure said of itself, in a line."""
    duration_ms: int | None = None
    """How long the latest run took."""
    started: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """When the runs under way began, by run id; "" is a run without one."""
    blind: tuple[tuple[int, int], ...] = ()
    """From when to when no ping could be heard since the latest end of a run."""
