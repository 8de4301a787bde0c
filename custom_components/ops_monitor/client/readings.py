"""What the daemon reads in the background: its host, drives, routers, containers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Self

from .exceptions import OpsMonitorResponseError
from .fields import Fields
from .models import OpenEnum

type Value = float | bool | str

NAMELESS: Final = "?"
"""Stands for the name of what tells none."""


class Health(OpenEnum):
    """How well a thing is."""

    OK = "ok"
    WARN = "warn"
    CRIT = "crit"
    UNSUPPORTED = "unsupported"
    UNKNOWN = "unknown"
    """Also whatever only a newer daemon tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """Who a thing is, as far as it tells."""

    model: str | None = None
    serial: str | None = None
    version: str | None = None
    """Of its system or firmware."""
    name: str | None = None
    """If it has one besides what its values are called by."""
    via: str | None = None
    """The part that it is on now, such as the node of a guest."""

    @classmethod
    def from_api(cls, value: object) -> Self:
        """Read who somebody is."""
        fields = Fields.of(value, "about")
        return cls(
            model=fields.text("model"),
            serial=fields.text("serial"),
            version=fields.text("version"),
            name=fields.text("name"),
            via=fields.text("via"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What is known of one thing."""

    name: str
    """Full and dotted, such as `host` or `fritz.home`."""
    probe: str
    thing: str
    """Empty for the only thing of a probe."""
    health: Health
    issues: tuple[str, ...]
    """What is not as it should be, in sentences."""
    last_fetch: datetime | None
    last_error: str | None
    """Why the latest poll failed; None if it did not."""
    is_stale: bool
    """There are no values, or only some that are too old to go by."""
    values: Mapping[str, Value]
    """By dotted name below the thing's own; what is unknown is not among them."""
    about: Mapping[str, About] = field(default_factory=dict)
    """Who the thing is, under an empty name, and who its parts are, by theirs."""

    @classmethod
    def from_api(cls, value: object) -> Self:
        """Read a `reading` frame."""
        fields = Fields.of(value, "reading")
        name = fields.required_text("name")
        fields = Fields(fields.values, f"reading {name}")
        return cls(
            name=name,
            probe=fields.required_text("probe"),
            thing=fields.text("thing") or "",
            health=Health.parse(fields.text("status")),
            issues=tuple(
                Fields.of(issue, "issue").text("message") or "" for issue in fields.items("issues")
            ),
            last_fetch=fields.moment("last_fetch_ts"),
            last_error=fields.text("last_error"),
            is_stale=fields.flag("stale"),
            values={
                key: found
                for key, found in fields.mapping("values").items()
                if isinstance(found, float | int | str)
            },
            about=_read_about(fields.values.get("about")),
        )

    @property
    def is_fresh(self) -> bool:
        """Tell whether what is not among the values is not there, rather than not known now."""
        return not self.is_stale and self.last_fetch is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingsFrame:
    """Things that were polled."""

    readings: Mapping[str, Reading]
    unreadable: Mapping[str, str] = field(default_factory=dict)
    """Readings that are there but could not be read, and why."""
    is_all: bool = False
    """Nothing else is polled any more."""

    @classmethod
    def from_reading(cls, value: object) -> Self:
        """Read a `reading` frame."""
        readings, unreadable = read_readings([value])
        return cls(readings=readings, unreadable=unreadable)

    @classmethod
    def from_readings(cls, value: object) -> Self:
        """Read a `readings` frame."""
        items = value.get("readings") if isinstance(value, dict) else value
        if not isinstance(items, list):
            raise OpsMonitorResponseError("readings: expected an array")
        readings, unreadable = read_readings(items)
        return cls(readings=readings, unreadable=unreadable, is_all=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingEventFrame:
    """Something happened between two polls, such as a reconnect."""

    name: str
    """Of the thing."""
    kind: str
    message: str
    at: datetime | None

    @classmethod
    def from_api(cls, value: object) -> Self:
        """Read a `reading_event` frame."""
        fields = Fields.of(value, "reading event")
        return cls(
            name=fields.required_text("name"),
            kind=fields.required_text("kind"),
            message=fields.text("message") or "",
            at=fields.moment("ts"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionFrame:
    """Home Assistant is asked to do something about a check that fails."""

    id: str
    check_id: str
    reason: str
    action: str
    """Such as `switch.turn_on`."""
    target: Mapping[str, Any]
    data: Mapping[str, Any]
    expires: datetime | None
    """It must not be done any more afterwards."""

    @classmethod
    def from_api(cls, value: object) -> Self:
        """Read an `action` frame."""
        fields = Fields.of(value, "action")
        return cls(
            id=fields.required_text("id"),
            check_id=fields.required_text("check_id"),
            reason=fields.text("reason") or "",
            action=fields.required_text("action"),
            target=fields.mapping("target"),
            data=fields.mapping("data"),
            expires=fields.moment("expires_at"),
        )


def _read_about(value: object) -> dict[str, About]:
    """Read who things are; what cannot be read of it must not take the values along."""
    found: dict[str, About] = {}
    for name, who in value.items() if isinstance(value, dict) else ():
        try:
            found[name] = About.from_api(who)
        except OpsMonitorResponseError:
            continue
    return found


def read_readings(items: Iterable[object]) -> tuple[dict[str, Reading], dict[str, str]]:
    """Read each by itself: one that cannot be read does not take the others along.

    The second answer is why some could not be read, by name; `?` are those that tell none.
    """
    readings: dict[str, Reading] = {}
    unreadable: dict[str, str] = {}
    for item in items:
        try:
            reading = Reading.from_api(item)
        except OpsMonitorResponseError as err:
            name = item.get("name") if isinstance(item, dict) else None
            unreadable[name if isinstance(name, str) and name else NAMELESS] = str(err)
        else:
            readings[reading.name] = reading
    return readings, unreadable
