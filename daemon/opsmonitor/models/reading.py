"""What a probe yields: one reading for each poll of each thing that it looks at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias

Scalar: TypeAlias = float | bool | str | None
"""A value that can be compared with a threshold, or told."""


class ReadingStatus(StrEnum):
    """How well the thing is that was read."""

    OK = "ok"
    WARN = "warn"
    CRIT = "crit"
    UNKNOWN = "unknown"
    """It was read, but says nothing of how it is."""
    UNSUPPORTED = "unsupported"
    """There is no such thing here, or it does not tell: no mistake, and nothing to mend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One thing that is not as it should be."""

    kind: str
    """Stable and machine-readable, such as `disk_full`."""
    status: ReadingStatus
    """WARN or CRIT."""
    message: str
    """One short sentence for a person."""
    data: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    """What it is about, JSON-serialisable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingEvent:
    """Something that happened between two readings, such as a new listener or a reconnect."""

    kind: str
    message: str
    data: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one successful poll of one thing yields."""

    data: Mapping[str, object]
    """As the API shows it: JSON-serialisable, `snake_case`, units in the keys, unknown is None."""
    values: Mapping[str, Scalar] = field(default_factory=lambda: MappingProxyType({}))
    """By dotted name below the thing's own, for `metric` checks, history and Prometheus."""
    status: ReadingStatus = ReadingStatus.OK
    issues: tuple[Issue, ...] = ()
    note: str | None = None
    """A remedy or a reason, such as why something is unsupported."""
    events: tuple[ReadingEvent, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One value by its full dotted name, such as `host.memory_percent` or `fritz.home.wan_up`."""

    value: Scalar
    at_ms: int
    """When it was measured: epoch milliseconds, UTC."""
    is_stale: bool = False
    """It is older than its probe's interval allows: the latest polls failed."""
