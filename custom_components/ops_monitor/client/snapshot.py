"""The daemon's whole state, kept up to date by the frames of its stream."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Self

from .alerts import Alerts
from .exceptions import OpsMonitorResponseError
from .fields import Fields
from .message import UNREADABLE, Message
from .models import Check, Summary, Transition
from .readings import ActionFrame, Reading, ReadingEventFrame, ReadingsFrame, read_readings
from .wellbeing import Wellbeing


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecksFrame:
    """Checks that changed, came or went."""

    checks: Mapping[str, Check]
    removed: tuple[str, ...] = ()
    unreadable: Mapping[str, str]
    """Checks that are there but could not be read, and why."""
    flaws: tuple[str, ...] = ()
    """What else could not be read."""

    @classmethod
    def from_check(cls, value: object) -> Self:
        """Read a `check` frame."""
        try:
            check = Check.from_api(value)
        except OpsMonitorResponseError as err:
            check_id = Fields.of(value, "check").required_text("id")
            return cls(checks={}, unreadable={check_id: str(err)})
        return cls(checks={check.id: check}, unreadable={})

    @classmethod
    def from_inventory(cls, value: object) -> Self:
        """Read an `inventory` frame."""
        fields = Fields.of(value, "inventory")
        _, flaws = fields.named("added", "id")
        added = [
            (check["id"], check)
            for check in fields.items("added")
            if isinstance(check, dict) and isinstance(check.get("id"), str) and check["id"]
        ]
        checks, unreadable = _read_checks(added)
        return cls(
            checks=checks, removed=fields.texts("removed"), unreadable=unreadable, flaws=flaws
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryFrame:
    """New counts or a new overall status."""

    summary: Summary

    @classmethod
    def from_api(cls, value: object) -> Self:
        """Read a `summary` frame."""
        return cls(summary=Summary.from_api(value))


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigFrame:
    """The daemon's configuration file was read again."""

    problems: tuple[str, ...]

    @classmethod
    def from_api(cls, value: object) -> Self:
        """Read a `config` frame."""
        return cls(problems=Fields.of(value, "config").texts("problems"))


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFrame:
    """A check changed its status; the new state itself comes as a `check` frame."""

    transition: Transition

    @classmethod
    def from_api(cls, value: object) -> Self:
        """Read an `event` frame."""
        return cls(transition=Transition.from_api(value))


@dataclass(frozen=True, slots=True, kw_only=True)
class ByeFrame:
    """The daemon is about to stop."""

    @classmethod
    def from_api(cls, _value: object) -> Self:
        """Read a `bye` frame, whatever it says."""
        return cls()


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything that the daemon tells, at one moment."""

    id: str
    """From which the stream goes on; the number of the last frame that is part of it."""
    instance_id: str
    version: str
    api_version: int
    checks: Mapping[str, Check]
    unreadable: Mapping[str, str]
    summary: Summary
    problems: tuple[str, ...]
    """What is wrong with the daemon's configuration file; it runs with the one before."""
    readings: Mapping[str, Reading] = field(default_factory=dict)
    """By full dotted name."""
    unreadable_readings: Mapping[str, str] = field(default_factory=dict)
    """Readings that are there but could not be read, and why."""
    alerts: Alerts | None = None
    """None: the daemon does not tell."""
    wellbeing: Wellbeing | None = None
    """How the daemon itself is doing; None: it does not tell."""
    started_at: datetime | None = None
    """When the daemon's process began."""
    flaws: tuple[str, ...] = ()
    """What could not be read beside the checks and the readings."""

    @classmethod
    def from_api(cls, value: object) -> Self:
        """Read a `snapshot` frame."""
        fields = Fields.of(value, "snapshot")
        checks, unreadable = _read_checks(fields.mapping("checks").items())
        readings, unreadable_readings = read_readings(fields.items("readings"))
        flaws: list[str] = []
        summary = fields.values.get("summary")
        alerts = fields.values.get("alerts")
        daemon = fields.values.get("daemon")
        return cls(
            id=fields.text("id") or "",
            instance_id=fields.required_text("instance_id"),
            version=fields.required_text("version"),
            api_version=fields.integer("api_version") or 0,
            checks=checks,
            unreadable=unreadable,
            summary=_read(lambda: Summary.from_api(summary), flaws) or Summary.from_api({}),
            problems=_read(lambda: fields.texts("config_error"), flaws) or (),
            readings=readings,
            unreadable_readings=unreadable_readings,
            alerts=None if alerts is None else _read(lambda: Alerts.from_api(alerts), flaws),
            wellbeing=None if daemon is None else _read(lambda: Wellbeing.from_api(daemon), flaws),
            started_at=_read(lambda: fields.moment("started_at"), flaws),
            flaws=tuple(flaws),
        )

    def all_flaws(self) -> set[str]:
        """Return why what cannot be read cannot be, but for the checks."""
        parts = (self.summary, self.alerts, self.wellbeing)
        of_parts = (flaw for part in parts if part for flaw in part.flaws)
        return {*self.unreadable_readings.values(), *of_parts, *self.flaws}

    def after(self, frames: Iterable[Frame]) -> Snapshot:
        """Return the state after some frames, made at one go: a tick may bring a thousand."""
        now: dict[str, Any] = {}
        rest = iter(frames)
        for frame in rest:
            match frame:
                case Snapshot():
                    return frame.after(rest)
                case ChecksFrame():
                    self._put_checks(frame, now)
                case SummaryFrame():
                    now["summary"] = frame.summary
                case ConfigFrame():
                    now["problems"] = frame.problems
                case Alerts():
                    now["alerts"] = frame
                case Wellbeing():
                    now["wellbeing"] = frame
                case ReadingsFrame():
                    self._put_readings(frame, now)
                case EventFrame() | ReadingEventFrame() | ActionFrame() | ByeFrame():
                    pass
        return replace(self, **now) if now else self

    def _put_checks(self, frame: ChecksFrame, now: dict[str, Any]) -> None:
        """Change, add and remove checks."""
        if "checks" not in now:
            now |= {"checks": dict(self.checks), "unreadable": dict(self.unreadable)}
        if frame.flaws:
            now["flaws"] = tuple(dict.fromkeys((*now.get("flaws", self.flaws), *frame.flaws)))
        now["checks"].update(frame.checks)
        now["unreadable"].update(frame.unreadable)
        for check_id in (*frame.removed, *frame.unreadable):
            now["checks"].pop(check_id, None)
        for check_id in (*frame.removed, *frame.checks):
            now["unreadable"].pop(check_id, None)

    def _put_readings(self, frame: ReadingsFrame, now: dict[str, Any]) -> None:
        """Change and add readings, or take the place of all of them."""
        if frame.is_all:
            now |= {"readings": frame.readings, "unreadable_readings": frame.unreadable}
            return
        if "readings" not in now:
            now |= {"readings": self.readings, "unreadable_readings": self.unreadable_readings}
        unreadable = {**now["unreadable_readings"], **frame.unreadable}
        for name in frame.readings:
            unreadable.pop(name, None)
        readings = {**now["readings"], **frame.readings}
        for name in frame.unreadable:
            readings.pop(name, None)
        now |= {"readings": readings, "unreadable_readings": unreadable}


type Frame = (
    Snapshot
    | ChecksFrame
    | SummaryFrame
    | ConfigFrame
    | EventFrame
    | ReadingsFrame
    | Alerts
    | Wellbeing
    | ReadingEventFrame
    | ActionFrame
    | ByeFrame
)

_READERS: Final[Mapping[str, Callable[[object], Frame]]] = {
    "snapshot": Snapshot.from_api,
    "check": ChecksFrame.from_check,
    "event": EventFrame.from_api,
    "summary": SummaryFrame.from_api,
    "inventory": ChecksFrame.from_inventory,
    "config": ConfigFrame.from_api,
    "reading": ReadingsFrame.from_reading,
    "readings": ReadingsFrame.from_readings,
    "reading_event": ReadingEventFrame.from_api,
    "alerts": Alerts.from_api,
    "daemon": Wellbeing.from_api,
    "action": ActionFrame.from_api,
    "bye": ByeFrame.from_api,
}


def read_frame(message: Message) -> Frame | None:
    """Read a message; None for a kind that a newer daemon has and we do not know."""
    if message.event == UNREADABLE:
        message.content()
    reader = _READERS.get(message.event)
    if reader is None:
        return None
    return reader(message.content())


def _read[T](reader: Callable[[], T], flaws: list[str]) -> T | None:
    """Read a part of a whole; what cannot be read of it must not take the checks along."""
    try:
        return reader()
    except OpsMonitorResponseError as err:
        flaws.append(str(err))
        return None


def _read_checks(items: Iterable[tuple[str, Any]]) -> tuple[dict[str, Check], dict[str, str]]:
    """Read each check by itself, so that one bad one does not take the others along."""
    checks: dict[str, Check] = {}
    unreadable: dict[str, str] = {}
    for check_id, value in items:
        try:
            checks[check_id] = Check.from_api(value)
        except OpsMonitorResponseError as err:
            unreadable[check_id] = str(err)
    return checks, unreadable
