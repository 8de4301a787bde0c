"""What the daemon tells, as typed and immutable objects."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Self

from .exports import Export, Exported, read_exports
from .fields import Fields


class OpenEnum(StrEnum):
    """An enumeration that a newer daemon may extend: what we do not know reads as `unknown`."""

    @classmethod
    def parse(cls, value: str | None) -> Self:
        """Return the member of that value, else `unknown`."""
        found: Self = _member(cls, value or "unknown")
        return found


@lru_cache(maxsize=256)
def _member[T: OpenEnum](kind: type[T], value: str) -> T:
    """Find a member; the same few are looked for a thousand times a second."""
    try:
        return kind(value)
    except ValueError:
        return kind("unknown")


class Status(OpenEnum):
    """What is known of a check's target."""

    UP = "up"
    DEGRADED = "degraded"
    DOWN = "down"
    UNREACHABLE = "unreachable"
    NO_NETWORK = "no_network"
    PAUSED = "paused"
    MAINTENANCE = "maintenance"
    PENDING = "pending"
    UNKNOWN = "unknown"


class Overall(OpenEnum):
    """How the whole is doing."""

    OK = "ok"
    WARN = "warn"
    CRIT = "crit"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Info:
    """Who the daemon is and what it can do."""

    instance_id: str
    name: str
    version: str
    api_version: int
    min_client_version: int
    capabilities: tuple[str, ...]
    started_at: datetime | None
    may_change: bool | None = None
    """Whether our token may do more than read; None where the daemon does not say."""
    token_expires: datetime | None = None
    """When our token ends, if it is one of those that do."""

    @classmethod
    def from_api(cls, value: object) -> Self:
        """Read the answer of `/api/info`."""
        fields = Fields.of(value, "info")
        api_version = fields.integer("api_version") or 0
        return cls(
            instance_id=fields.required_text("instance_id"),
            name=fields.text("name") or "Ops Monitor",
            version=fields.required_text("version"),
            api_version=api_version,
            min_client_version=fields.integer("min_client_version") or api_version,
            capabilities=fields.texts("capabilities"),
            started_at=fields.moment("started_at"),
            may_change=None if (scope := fields.text("scope")) is None else scope == "admin",
            token_expires=Fields(fields.mapping("token"), "token").moment("expires_at"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """What a daemon gives for a pairing code."""

    token: str = field(repr=False)
    token_id: str
    instance_id: str

    @classmethod
    def from_api(cls, value: object) -> Self:
        """Read the answer of `/api/pair`."""
        fields = Fields.of(value, "pairing")
        return cls(
            token=fields.required_text("token"),
            token_id=fields.required_text("id"),
            instance_id=fields.required_text("instance_id"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check and what is known of its target now."""

    id: str
    name: str
    type: str
    target: str
    status: Status
    ok: bool | None
    """The judged state of the target; None until it was judged."""
    last_run: datetime | None
    last_ok: datetime | None
    last_change: datetime | None
    latency_ms: float | None
    status_code: int | None
    error: str | None
    error_code: str | None
    fail_streak: int | None
    severity: str | None
    is_core: bool
    tags: tuple[str, ...]
    is_paused: bool
    is_acknowledged: bool
    is_reachability: bool
    """Whether up means that something can be reached, rather than that a value is in order."""
    certificate_expires: datetime | None = None
    deadline: datetime | None = None
    """A job that has not reported by then is late."""
    value: float | None = None
    """What it measured, if its type measures one thing."""
    job_state: str | None = None
    """Such as `running`; None unless it is about a job."""
    area: str | None = None
    """The room that it is in."""
    belongs_to: str | None = None
    """The dotted name of what its target is part of, or of something within that."""
    exports: tuple[Export, ...] = ()
    """What it reads beside what it judges."""
    exported: Mapping[str, Exported] = field(default_factory=dict)
    """The values of the latest run, by key."""

    @classmethod
    def from_api(cls, value: object) -> Self:
        """Read one check state."""
        fields = Fields.of(value, "check")
        check_id = fields.required_text("id")
        fields = Fields(fields.values, f"check {check_id}")
        exports, exported = read_exports(fields)
        return cls(
            id=check_id,
            name=fields.text("name") or check_id,
            type=fields.text("type") or "",
            target=fields.text("target") or "",
            status=Status.parse(fields.text("status")),
            ok=fields.optional_flag("ok"),
            last_run=fields.moment("last_run"),
            last_ok=fields.moment("last_ok"),
            last_change=fields.moment("last_change"),
            latency_ms=fields.number("latency_ms"),
            status_code=fields.integer("status_code"),
            error=fields.text("error"),
            error_code=fields.text("error_code"),
            fail_streak=fields.integer("fail_streak"),
            severity=fields.text("severity"),
            is_core=fields.flag("core"),
            tags=fields.texts("tags"),
            is_paused=fields.values.get("paused") is not None,
            is_acknowledged=fields.values.get("acknowledged") is not None,
            is_reachability=fields.flag("is_reachability", default=True),
            certificate_expires=fields.moment("certificate_expires"),
            deadline=fields.moment("deadline"),
            value=fields.number("value"),
            job_state=fields.text("job_state"),
            area=fields.text("area"),
            belongs_to=fields.text("belongs_to"),
            exports=exports,
            exported=exported,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Counts over all checks, and the judgement of the whole."""

    overall: Overall
    total: int | None
    up: int | None
    down: int | None
    unknown: int | None
    degraded: int | None
    unreachable: int | None
    paused: int | None
    maintenance: int | None
    no_network: int | None
    down_ids: tuple[str, ...]
    flaws: tuple[str, ...] = ()
    """What could not be read of it."""

    @classmethod
    def from_api(cls, value: object) -> Self:
        """Read the answer of `/api/status/summary`."""
        fields = Fields.of(value, "summary")
        down_ids, flaws = fields.named("down_checks", "id")
        return cls(
            overall=Overall.parse(fields.text("overall")),
            total=fields.integer("total"),
            up=fields.integer("up"),
            down=fields.integer("down"),
            unknown=fields.integer("unknown"),
            degraded=fields.integer("degraded"),
            unreachable=fields.integer("unreachable"),
            paused=fields.integer("paused"),
            maintenance=fields.integer("maintenance"),
            no_network=fields.integer("no_network"),
            down_ids=down_ids,
            flaws=flaws,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """A check's change of status."""

    check_id: str
    at: datetime | None
    event: str
    """Such as `DOWN`."""
    status: Status
    previous: Status
    error: str | None

    @classmethod
    def from_api(cls, value: object) -> Self:
        """Read one event."""
        fields = Fields.of(value, "event")
        return cls(
            check_id=fields.required_text("id"),
            at=fields.moment("ts"),
            event=fields.required_text("event"),
            status=Status.parse(fields.text("status")),
            previous=Status.parse(fields.text("previous")),
            error=fields.text("error"),
        )
