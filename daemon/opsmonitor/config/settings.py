"""The validated configuration: frozen, typed, complete."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from opsmonitor.models.release import RELEASES_URL

if TYPE_CHECKING:
    from opsmonitor.models.config import ConfigProblem
    from opsmonitor.models.export import Export
    from opsmonitor.models.maintenance import Window
    from opsmonitor.util.daytime import DayWindow
    from opsmonitor.util.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionSettings:
    """What is done about a check that fails, and how often at most."""

    type: str
    options: Any = field(repr=False)
    """The options dataclass of the action's type."""
    target: str = ""
    """What is acted on, for people, without secrets."""
    place: str = ""
    """The same for all actions on the same thing."""
    after: int | None = None
    """After that many failing runs in a row; None: when the check turns DOWN."""
    max_per_hour: int = 3
    cooldown_s: float = 300.0
    """From the end of one attempt to the next one."""
    give_up_after: int = 5
    """After that many attempts without the check being well in between."""
    timeout_s: float = 30.0
    settle_s: float = 10.0
    """From the end of an attempt to the run that shows whether it helped."""
    verify: bool = True
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """How others report to a check."""

    token: Secret | None = None
    """In the address that they call; None: the daemon makes one."""
    is_post_only: bool = False
    """Only POST counts: programs that preview links send GET and HEAD."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSettings:
    """One configured check; `defaults` and `global` are already applied."""

    id: str
    type: str
    name: str
    options: Any = field(repr=False)
    """The options dataclass of the check's type."""
    target: str = ""
    """What is checked, for people, without secrets."""
    host: str = ""
    """The key of the per-host concurrency limit."""
    interval_s: float = 30.0
    timeout_s: float = 3.0
    retries: int = 1
    retry_backoff_s: float = 1.0
    down_threshold: int = 1
    up_threshold: int = 1
    severity: str = "P2"
    core: bool = False
    tags: tuple[str, ...] = ()
    sla: float | None = None
    """The uptime that was agreed, in percent."""
    site: str | None = None
    """Where it is: a name for routes and windows."""
    depends_on: tuple[str, ...] = ()
    """Ids of checks; while one of them is down, a failure of this one is no news."""
    flapping: bool | Mapping[str, float] = True
    """Whether it is noticed that it changes too often, or `enter` and `leave` in percent."""
    network: str = "auto"
    """Where its target lies: `local`, `outside`, or whatever its name says."""
    is_outside: bool = False
    """Whether its target lies beyond the local networks: without a network it says nothing."""
    unreachable_when: str = "any"
    """Whether `any` or `all` of those must be down for that."""
    exclude_when_parent_down: bool = True
    """Whether that time is left out of the uptime; if not, it counts as down."""
    members: tuple[str, ...] = ()
    """Of a group: the ids of the checks that it judges."""
    push: Push | None = None
    """How others report to it; None: it looks for itself."""
    notify: bool | tuple[str, ...] = True
    """Who is told: everybody, nobody, or the channels of these names."""
    notify_on: tuple[str, ...] = ("first_fail", "recovered", "flapping")
    actions: tuple[ActionSettings, ...] = ()
    """What is done about it when it fails, in this order."""
    is_reachability: bool = True
    subject: str | None = None
    """The dotted name of what is polled, or of something within it, that it looks at."""
    area: str | None = None
    """The room that it is in, for Home Assistant."""
    exports: tuple[Export, ...] = ()
    """Values that it reads beside what it judges."""
    secrets: frozenset[str] = field(default=frozenset(), repr=False)
    """The secret values among its keys: they are kept out of whatever is told of a run."""
    fingerprint: str = ""
    """Changes whenever anything about the check does; equal means: keep state and schedule."""
    public: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    """The effective keys as configured, secrets redacted; JSON-serialisable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """The HTTP server."""

    host: str = "127.0.0.1"
    port: int = 8060
    token: Secret | None = None
    """The admin token; None on loopback means that no login is asked."""
    read_token: Secret | None = None
    allowed_hosts: tuple[str, ...] = ()
    """Further values accepted in the Host header."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses or networks whose X-Forwarded-For is believed."""
    public_url: str | None = None
    """Where people reach the daemon: what links in messages begin with."""
    announce: bool = True
    """Whether the daemon is announced in the network, if it listens there."""
    rate_limit_per_minute: int = 60
    """Requests a minute per address that is not on loopback."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionSettings:
    """How long each tier of history is kept, in seconds."""

    raw_s: int = 48 * 3600
    five_minutes_s: int = 14 * 86400
    hour_s: int = 400 * 86400
    day_s: int = 5 * 366 * 86400
    events: int = 10_000
    """The number of events kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSettings:
    """The database."""

    path: Path | None = None
    """None: `ops-monitor.db` in the data folder."""
    retention: RetentionSettings = field(default_factory=RetentionSettings)


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """Limits of the engine."""

    max_concurrent: int = 512
    """Runs under way at once, overall."""
    max_concurrent_per_host: int = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSettings:
    """One way to tell people."""

    name: str
    type: str
    options: Any = field(repr=False)
    """The options dataclass of the channel's type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReminderSettings:
    """How long the pauses between reminders are, in seconds."""

    first_s: int = 3600
    factor: float = 2.0
    """How much longer each pause is than the one before it."""
    longest_s: int = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteSettings:
    """Which alerts go where; what is empty fits every alert."""

    channels: tuple[str, ...]
    severity: frozenset[str] = frozenset()
    tag: frozenset[str] = frozenset()
    """One of them is enough."""
    site: frozenset[str] = frozenset()
    check: tuple[str, ...] = ()
    """Ids, `*` for any characters."""
    kind: frozenset[str] = frozenset()
    """Kinds of alert."""
    window: DayWindow | None = None
    """None: always."""
    goes_on: bool = False
    """The routes after this one are looked at, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietSettings:
    """When what is held back until it is over."""

    window: DayWindow
    severity: frozenset[str] = frozenset({"P3", "P4"})
    channels: frozenset[str] = frozenset()
    """Empty: all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationSettings:
    """Who else is told of what nobody has acknowledged."""

    after_s: int
    channels: tuple[str, ...]
    severity: frozenset[str] = frozenset({"P1", "P2", "P3", "P4"})


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSettings:
    """Telling people."""

    channels: Mapping[str, ChannelSettings] = field(default_factory=lambda: MappingProxyType({}))
    """By name."""
    group_wait_s: float = 5.0
    """What comes within this time is told in one message."""
    settle_s: float = 30.0
    """How long a check must be degraded before people are told."""
    cert_days: tuple[int, ...] = (21, 14, 7, 3, 1)
    """When a certificate has this many days left, people are told; the most first."""
    reminders: ReminderSettings = field(default_factory=ReminderSettings)
    routes: tuple[RouteSettings, ...] = ()
    """The first that fits is taken; what fits none goes to every channel."""
    quiet_hours: tuple[QuietSettings, ...] = ()
    escalation: tuple[EscalationSettings, ...] = ()
    """The earliest first."""
    dedupe_s: int = 600
    """Within this time the same alert, sent by hand, is told once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemediationSettings:
    """What holds for all actions together."""

    enabled: bool = True
    dry_run: bool = False
    """Nothing is done, but everything is told."""
    max_per_hour: int = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateSettings:
    """Whether the daemon looks for newer releases of itself."""

    enabled: bool = False
    """It calls nobody at home unless it is told to."""
    url: str = RELEASES_URL


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeSettings:
    """One thing, or several of a kind, that is polled in the background."""

    name: str
    options: Any = field(repr=False)
    """The options dataclass of the probe."""
    interval_s: float
    timeout_s: float
    """A poll that takes longer is given up."""
    secrets: frozenset[str] = field(default=frozenset(), repr=False)
    """The secret values among its keys: they are kept out of whatever is told of a poll."""
    hosts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """The dotted name of each thing by the host that it is polled at."""
    fingerprint: str = ""
    """Changes whenever anything about the probe does; equal means: keep what is known."""
    public: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    """The effective keys as configured, secrets redacted; JSON-serialisable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that was configured."""

    checks: Mapping[str, CheckSettings]
    """By id, in the order of the file."""
    server: ServerSettings = field(default_factory=ServerSettings)
    store: StoreSettings = field(default_factory=StoreSettings)
    engine: EngineSettings = field(default_factory=EngineSettings)
    allowed_programs: tuple[str, ...] = ()
    """What may be run on this machine besides the daemon itself."""
    alerts: AlertSettings = field(default_factory=AlertSettings)
    remediation: RemediationSettings = field(default_factory=RemediationSettings)
    updates: UpdateSettings = field(default_factory=UpdateSettings)
    probes: Mapping[str, ProbeSettings] = field(default_factory=lambda: MappingProxyType({}))
    """By name."""
    maintenance: tuple[Window, ...] = ()
    """When nobody is told of what."""
    time_zone: str | None = None
    """IANA name for people-facing times; None: the viewer's own."""
    zone: tzinfo = UTC
    """In which times of day in the configuration are meant: that one, or else the machine's own."""
    folder: Path = Path()
    """Where the configuration lies: relative paths in it begin there."""
    files: tuple[Path, ...] = ()
    """Every file that was read or looked for: the reload watches them."""
    warnings: tuple[ConfigProblem, ...] = ()
    """What is valid but most likely not meant."""
    raw: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    """checks.yml as parsed, before expansion of variables, secrets redacted; JSON-serialisable."""
    public: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    """Effective non-secret settings for `GET /config`."""
    defaults: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    """The effective `defaults`, for `GET /api/registry`."""
