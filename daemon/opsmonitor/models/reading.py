"""What a probe yields: one reading for each poll of each thing that it looks at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeAlias

Scalar: TypeAlias = float | bool | str | None
"""A value that can be compared with a threshold, or told."""


LEAST_FRESH_S: Final = 120.0
"""A reading is believed for two intervals, and for this long at least."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingState:
    """What is known of one thing that is polled: the last good reading and the latest error."""

    probe: str
    thing: str = ""
    """Empty for the only thing of a nameless probe."""
    interval_s: float
    reading: Reading | None = None
    """The last good one, without its events: a failed poll never discards it."""
    fetched_ms: int | None = None
    """When that was taken."""
    error: str | None = None
    """Why the latest poll failed; None if it did not."""
    error_code: str | None = None
    error_ms: int | None = None
    """When the latest poll failed, whatever came after it."""

    @property
    def name(self) -> str:
        """Return the full dotted name, such as `host` or `fritz.home`."""
        return f"{self.probe}.{self.thing}" if self.thing else self.probe

    @property
    def fresh_for_s(self) -> float:
        """Return for how long a reading tells how things are."""
        return max(2 * self.interval_s, LEAST_FRESH_S)

    def is_stale(self, now_ms: int) -> bool:
        """Tell whether there is no reading, or only one that is too old to go by."""
        return self.fetched_ms is None or now_ms - self.fetched_ms > self.fresh_for_s * 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingChange:
    """What one poll brought about."""

    at_ms: int
    state: ReadingState
    is_good: bool
    """The state's reading is of this poll."""
    events: tuple[ReadingEvent, ...] = ()
    is_kept: bool = True
    """The whole state is worth writing down now; its values always are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingMoment:
    """An event of a thing, as it was kept."""

    at_ms: int
    name: str
    """The thing's full dotted name."""
    kind: str
    message: str
    data: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
