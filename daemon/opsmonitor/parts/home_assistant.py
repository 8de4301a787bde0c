"""What Home Assistant says of itself, and what is not as it should be: pure.

It knows where people live: only what is named here is ever kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from opsmonitor.models.house_beat import HouseBeat
from opsmonitor.models.reading import Issue, Reading, ReadingStatus, Scalar
from opsmonitor.parts.issues import level, wanted, worst
from opsmonitor.parts.limits import Limits
from opsmonitor.util.clock import iso_utc
from opsmonitor.util.lenient import flag, items, mapping, mappings, text, whole

_SHOWN: Final = 50
_RUNNING: Final = "RUNNING"
_SUBJECTS: Final = ("state",)


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeAssistantLimits:
    """From when on a number is worrying, or bad."""

    unavailable: Limits = field(default_factory=Limits)
    updates: Limits = field(default_factory=Limits)
    repairs: Limits = field(default_factory=Limits)
    recorder_backlog: Limits = field(default_factory=lambda: Limits(warn=5000, crit=30_000))


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """What it says of itself."""

    version: str | None = None
    state: str | None = None
    """RUNNING, or on its way there or away."""
    is_recovery: bool = False
    is_safe: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """Something that could be updated."""

    entity_id: str
    name: str | None
    installed: str | None
    latest: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entities:
    """Its entities."""

    total: int | None
    unknown: int | None
    unavailable: tuple[str, ...]
    updates: tuple[Update, ...]
    unnamed_unavailable: int = 0
    """So many more are unavailable."""
    unnamed_updates: int = 0
    """So many more could be updated."""

    @property
    def unavailable_count(self) -> int:
        """Return how many are unavailable."""
        return len(self.unavailable) + self.unnamed_unavailable

    @property
    def update_count(self) -> int:
        """Return how many could be updated."""
        return len(self.updates) + self.unnamed_updates


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorder:
    """What writes its history."""

    backlog: int | None
    """Events that wait to be written."""
    max_backlog: int | None
    is_recording: bool | None
    is_alive: bool | None
    is_migrating: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """Everything that is known; None for each part that it does not tell."""

    core: Core
    latency_ms: float | None = None
    entities: Entities | None = None
    recorder: Recorder | None = None
    repairs: int | None = None
    note: str | None = None
    beat_ms: int | None = None
    """When it reported last: epoch milliseconds, UTC; None if it never did."""
    is_silent: bool = False
    """It used to report, and no longer does."""
    is_asked: bool = True
    """It answers, too; otherwise nothing but its reports is known."""
    has_reported: bool = False
    """Its latest report is recent enough to go by."""


def read_beat(beat: HouseBeat) -> House:
    """Return what it reported of itself; which entities are unavailable it keeps to itself."""
    entities = None
    if beat.unavailable is not None and beat.updates is not None:
        entities = Entities(
            total=beat.entities,
            unknown=None,
            unavailable=(),
            updates=(),
            unnamed_unavailable=beat.unavailable,
            unnamed_updates=beat.updates,
        )
    return House(
        core=Core(version=beat.version, state=beat.state),
        entities=entities,
        repairs=beat.repairs,
        beat_ms=beat.at_ms,
        is_asked=False,
        has_reported=True,
    )


def read_core(data: Any) -> Core:
    """Return what it says of itself."""
    config = mapping(data)
    return Core(
        version=text(config.get("version")),
        state=text(config.get("state")),
        is_recovery=flag(config.get("recovery_mode")) is True,
        is_safe=flag(config.get("safe_mode")) is True,
    )


def read_counts(data: Any) -> Entities | None:
    """Return the entities as they were counted; None if they were not."""
    counts = mapping(data)
    total = whole(counts.get("entities"))
    if total is None:
        return None
    updates = [
        Update(
            entity_id=entity_id,
            name=text(entry.get("name")),
            installed=text(entry.get("installed")),
            latest=text(entry.get("latest")),
        )
        for entry in mappings(counts.get("updates"))
        if (entity_id := text(entry.get("entity_id"))) is not None
    ]
    return Entities(
        total=total,
        unknown=whole(counts.get("unknown")) or 0,
        unavailable=_texts(counts.get("unavailable")),
        updates=tuple(updates),
    )


def count_states(data: Any) -> Entities:
    """Count the entities ourselves."""
    total, unknown = 0, 0
    unavailable: list[str] = []
    updates: list[Update] = []
    for entry in mappings(data):
        entity_id = text(entry.get("entity_id"))
        if entity_id is None:
            continue
        total += 1
        state = entry.get("state")
        unknown += state == "unknown"
        if state == "unavailable":
            unavailable.append(entity_id)
        if state == "on" and entity_id.startswith("update."):
            found = mapping(entry.get("attributes"))
            updates.append(
                Update(
                    entity_id=entity_id,
                    name=text(found.get("friendly_name")),
                    installed=text(found.get("installed_version")),
                    latest=text(found.get("latest_version")),
                )
            )
    return Entities(
        total=total, unknown=unknown, unavailable=tuple(unavailable), updates=tuple(updates)
    )


def read_recorder(data: Any) -> Recorder | None:
    """Return how its history is written; None if it does not tell."""
    if not isinstance(data, dict):
        return None
    return Recorder(
        backlog=whole(data.get("backlog")),
        max_backlog=whole(data.get("max_backlog")),
        is_recording=flag(data.get("recording")),
        is_alive=flag(data.get("thread_running")),
        is_migrating=flag(data.get("migration_in_progress")),
    )


def read_repairs(data: Any) -> int | None:
    """Return how many repairs wait for somebody; None if it does not tell."""
    if not isinstance(data, dict) or not isinstance(data.get("issues"), list):
        return None
    return sum(flag(entry.get("ignored")) is not True for entry in mappings(data["issues"]))


def house_reading(house: House, limits: HomeAssistantLimits, ignored: frozenset[str]) -> Reading:
    """Return the reading of everything that is known."""
    issues = wanted(_issues(house, limits), ignored, _SUBJECTS)
    return Reading(
        data=_data(house),
        values=_values(house),
        status=worst(issues),
        issues=issues,
        note=house.note,
    )


def _issues(house: House, limits: HomeAssistantLimits) -> Iterator[Issue]:
    """Yield what is wrong."""
    core, entities, recorder = house.core, house.entities, house.recorder
    if house.is_silent:
        yield Issue(
            kind="heartbeat_missing",
            status=ReadingStatus.WARN if house.is_asked else ReadingStatus.CRIT,
            message="Home Assistant no longer reports that it lives",
            data={"since": None if house.beat_ms is None else iso_utc(house.beat_ms)},
        )
    if core.state not in (None, _RUNNING):
        yield Issue(
            kind="not_running",
            status=ReadingStatus.WARN,
            message=f"Home Assistant is in the state {core.state}",
            data={"state": core.state},
        )
    if core.is_recovery:
        yield Issue(
            kind="recovery_mode",
            status=ReadingStatus.CRIT,
            message="Home Assistant runs in recovery mode: its configuration has a mistake",
        )
    elif core.is_safe:
        yield Issue(
            kind="safe_mode",
            status=ReadingStatus.WARN,
            message="Home Assistant runs in safe mode: without custom integrations",
        )
    if recorder is not None and (recorder.is_recording is False or recorder.is_alive is False):
        yield Issue(
            kind="recorder_stopped",
            status=ReadingStatus.CRIT,
            message="the recorder of Home Assistant does not write: history is being lost",
        )
    for kind, limit, number, words in (
        (
            "entities_unavailable",
            limits.unavailable,
            None if entities is None else entities.unavailable_count,
            "entities are unavailable",
        ),
        (
            "updates_pending",
            limits.updates,
            None if entities is None else entities.update_count,
            "updates are pending",
        ),
        ("repairs_open", limits.repairs, house.repairs, "repairs wait for somebody"),
        (
            "recorder_backlog",
            limits.recorder_backlog,
            None if recorder is None else recorder.backlog,
            "events wait to be written by the recorder",
        ),
    ):
        if (status := level(limit, number)) is not None:
            message, data = f"{number} {words}", {"count": number}
            yield Issue(kind=kind, status=status, message=message, data=data)


def _data(house: House) -> dict[str, object]:
    """Return everything for the API."""
    core, entities, recorder = house.core, house.entities, house.recorder
    return {
        "version": core.version,
        "state": core.state,
        "recovery_mode": core.is_recovery,
        "safe_mode": core.is_safe,
        "latency_ms": house.latency_ms,
        "entities": None if entities is None else entities.total,
        "entities_unknown": None if entities is None else entities.unknown,
        "entities_unavailable": None if entities is None else entities.unavailable_count,
        "unavailable": None if entities is None else list(entities.unavailable[:_SHOWN]),
        "updates_pending": None if entities is None else entities.update_count,
        "updates": None
        if entities is None
        else [
            {
                "entity_id": each.entity_id,
                "name": each.name,
                "installed_version": each.installed,
                "latest_version": each.latest,
            }
            for each in entities.updates[:_SHOWN]
        ],
        "repairs_open": house.repairs,
        "heartbeat_ts": None if house.beat_ms is None else iso_utc(house.beat_ms),
        "recorder": None
        if recorder is None
        else {
            "recording": recorder.is_recording,
            "thread_running": recorder.is_alive,
            "backlog": recorder.backlog,
            "max_backlog": recorder.max_backlog,
            "migrating": recorder.is_migrating,
        },
    }


def _values(house: House) -> dict[str, Scalar]:
    """Return the values by their dotted names, what matters most first."""
    entities, recorder = house.entities, house.recorder
    return {
        "version": house.core.version,
        "running": house.core.state == _RUNNING if house.core.state else None,
        "updates_pending": None if entities is None else entities.update_count,
        "entities_unavailable": None if entities is None else entities.unavailable_count,
        "repairs_open": house.repairs,
        "recorder_backlog": None if recorder is None else recorder.backlog,
        "reporting": None if house.beat_ms is None else not house.is_silent,
        "recording": None if recorder is None else recorder.is_recording,
        "entities": None if entities is None else entities.total,
        "entities_unknown": None if entities is None else entities.unknown,
        "latency_ms": house.latency_ms,
    }


def _texts(value: Any) -> tuple[str, ...]:
    """Return the texts of a list."""
    return tuple(shown for each in items(value) if (shown := text(each)) is not None)
