"""FRITZ!Box probe: is the Internet connection up, how good is the line, who is connected?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import voluptuous as vol
from yarl import URL

from opsmonitor.clients.tr064 import BoxAddress, Tr064
from opsmonitor.config import validators as cv
from opsmonitor.models.reading import Issue, Reading, ReadingStatus
from opsmonitor.parts.certificate import TLS, TlsOptions
from opsmonitor.parts.fields import host
from opsmonitor.parts.fritz_changes import Look, Since, averages, box_events, look_at, read_ms
from opsmonitor.parts.fritz_reader import BoxReader, BoxView
from opsmonitor.parts.fritz_shape import ISSUES, box_issues, box_json, box_values, note
from opsmonitor.parts.issues import wanted, worst
from opsmonitor.parts.limits import Limits, lower_limits
from opsmonitor.parts.login_guard import LoginGuard
from opsmonitor.probes.base import Poll, ProbeContext, ProbeType
from opsmonitor.util.clock import iso_utc
from opsmonitor.util.secret import Secret
from opsmonitor.util.tls import tls_context

_PORT: Final = 49000
_TLS_PORT: Final = 49443
_WEB_PORT: Final = 80
_TIMEOUT_S: Final = 30.0
_OLDEST_MS: Final = 7 * 86_400_000
"""What is older is not compared with."""
_OWN_SHARE: Final = 0.9
"""Of the time-out: so it is told what the box did not answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxOptions:
    """One box."""

    host: str
    username: str | None = None
    """None: the user that logged in last, as the box names it."""
    password: Secret | None = None
    port: int | None = None
    web_port: int = _WEB_PORT
    tls: TlsOptions | None = None
    devices: bool = True
    """Whether to list who is connected."""
    noise_margin_db: Limits = field(default_factory=Limits)
    ignore: frozenset[str] = frozenset()
    """Kinds of issues that are none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FritzOptions:
    """Some boxes by name."""

    boxes: Mapping[str, BoxOptions]


class BoxWatch:
    """Polls one box."""

    def __init__(self, name: str, options: BoxOptions, context: ProbeContext) -> None:
        """Begin without knowledge of the box."""
        self._name = name
        self._options = options
        self._clock = context.clock
        self._guard = LoginGuard(context.clock)
        tls = options.tls or TlsOptions()
        scheme, port = ("http", _PORT) if options.tls is None else ("https", _TLS_PORT)
        address = BoxAddress(
            url=URL.build(scheme=scheme, host=options.host, port=options.port or port),
            tls=tls_context(tls.policy),
            web_port=options.web_port,
        )
        password = options.password
        self._reader = BoxReader(
            Tr064(context.http, address),
            self._guard,
            None if password is None else (options.username, password),
            wants_devices=options.devices,
            now_s=context.clock.monotonic,
        )
        self._limit_s = context.timeout_s * _OWN_SHARE
        self._known = context.known.get(name)
        self._before: Look | None = None
        self._started = Since()
        self._connected = Since()

    async def poll(self) -> Reading:
        """Ask the box once.

        Raises:
            ProbeError: It cannot be reached, or stopped answering.

        """
        view = await self._reader.read(self._limit_s)
        self._date(view)
        data = box_json(self._options.host, view)
        now = look_at(data, self._clock.monotonic())
        before = self._seen_before(now.at_s)
        if view.traffic is not None:
            view.traffic.update(averages(before, now))
        self._before = now
        found = (*box_issues(self._name, view, self._options.noise_margin_db), *self._waiting(view))
        issues = wanted(found, self._options.ignore, ())
        return Reading(
            data={**data, "traffic": view.traffic},
            values=box_values(view),
            status=worst(issues),
            issues=issues,
            note=note(view, has_login=self._options.password is not None),
            events=tuple(box_events(self._name, before, now)),
        )

    def _waiting(self, view: BoxView) -> tuple[Issue, ...]:
        """Return that no login is tried for a while, where that is not told already."""
        if not self._guard.wait_s or any(each.code == "auth_error" for each in view.problems):
            return ()
        words = (
            "the box refused the login: it is tried again later, so that the box does not lock it"
        )
        return (
            Issue(
                kind="login_failed",
                status=ReadingStatus.WARN,
                message=f"{self._name}: {words}",
                data={"box": self._name, "next_login_ts": iso_utc(self._guard.next_ms)},
            ),
        )

    def _seen_before(self, now_s: float) -> Look | None:
        """Return the look before; the first one after a restart is that of the reading kept."""
        if self._before is not None or self._known is None:
            return self._before
        made_ms = read_ms(self._known.data)
        age_ms = None if made_ms is None else self._clock.now_ms() - made_ms
        if age_ms is None or not 0 <= age_ms <= _OLDEST_MS:
            return None
        return look_at(self._known.data, now_s - age_ms / 1000)

    def _date(self, view: BoxView) -> None:
        """Add since when the box and its connection are up."""
        now_ms = self._clock.now_ms()
        view.device["started_ts"] = self._started(view.device.get("uptime_s"), now_ms)
        if view.wan:
            seconds = view.wan.get("connection_uptime_s") if view.wan.get("up") else None
            view.wan["connected_since_ts"] = self._connected(seconds, now_ms)


def compile_fritz(options: FritzOptions, context: ProbeContext) -> Mapping[str, Poll]:
    """Return a poll for each box."""
    return {name: BoxWatch(name, box, context).poll for name, box in options.boxes.items()}


def _hosts(options: FritzOptions) -> Mapping[str, str]:
    """Return the names of the boxes by their hosts; a single one has its usual name, too."""
    hosts = {box.host: name for name, box in options.boxes.items()}
    return {"fritz.box": next(iter(options.boxes)), **hosts} if len(hosts) == 1 else hosts


def _boxes(value: Any) -> Mapping[str, BoxOptions]:
    """Accept boxes by name."""
    if not isinstance(value, dict) or not value:
        raise vol.Invalid("expected boxes by name, such as {home: {host: fritz.box}}")
    return {_name(name): BoxOptions(**_prefixed(name, _BOX, box)) for name, box in value.items()}


def _kinds(value: Any) -> frozenset[str]:
    """Accept kinds of issues."""
    return frozenset(cv.list_of(cv.one_of(*ISSUES))(value))


def _name(value: Any) -> str:
    """Accept a name that can stand in the names of values."""
    name = cv.name_of("a box", value)
    if "." in name:
        message = f'"{name}": the name of a box has no dot, it stands in ones such as fritz.home.up'
        raise cv.NameInvalid(message, path=[name])
    return name


def _prefixed(name: str, schema: Callable[[Any], Any], value: Any) -> dict[str, Any]:
    """Return validated keys; mistakes are told with the name of the box."""
    try:
        found: dict[str, Any] = schema(value)
    except vol.MultipleInvalid as err:
        err.prepend([name])
        raise
    return found


_BOX: Final = vol.Schema(
    {
        vol.Required("host"): host,
        vol.Optional("username"): cv.text,
        vol.Optional("password"): cv.secret,
        vol.Optional("port"): cv.port,
        vol.Optional("web_port"): cv.port,
        vol.Optional("tls"): TLS,
        vol.Optional("devices"): cv.boolean,
        vol.Optional("ignore"): _kinds,
        vol.Optional("noise_margin_db"): lower_limits(cv.number(at_least=0, at_most=60)),
    }
)

PROBE: Final = ProbeType(
    name="fritz",
    options=FritzOptions,
    schema={vol.Required("boxes"): _boxes},
    compile=compile_fritz,
    hosts=_hosts,
    interval_s=60.0,
    timeout_s=_TIMEOUT_S,
    example={"boxes": {"home": {"host": "fritz.box"}}},
    collection="boxes",
)
