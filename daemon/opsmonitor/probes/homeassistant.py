"""Home Assistant probe: version, state, updates, unavailable entities, and its recorder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Final

import voluptuous as vol
from yarl import URL

from opsmonitor.clients.home_assistant import HomeAssistantApi
from opsmonitor.config import validators as cv
from opsmonitor.exceptions import ProbeError, TransportError
from opsmonitor.models.reading import Reading
from opsmonitor.parts.certificate import TLS, TlsOptions
from opsmonitor.parts.home_assistant import (
    Core,
    Entities,
    HomeAssistantLimits,
    House,
    count_states,
    house_reading,
    read_core,
    read_counts,
    read_recorder,
    read_repairs,
)
from opsmonitor.parts.house_heart import HouseHeart, merge
from opsmonitor.parts.http_request import url
from opsmonitor.parts.limits import upper_limits
from opsmonitor.probes.base import Poll, ProbeContext, ProbeType
from opsmonitor.util.secret import Secret
from opsmonitor.util.tls import tls_context

_REQUEST_S: Final = 10.0
_REFUSED_WAIT_S: Final = 900.0
"""Home Assistant counts refused logins, and may ban this machine: the next one must wait."""
_BARE_NOTE: Final = "it answers; add a `token`, or let it report, to know more"
_NO_URL_NOTE: Final = "the `token` is of no use without a `url`"
_NO_REPORT: Final = (
    "Home Assistant has not reported yet: turn on Heartbeat in the preferences of its integration, "
    "or add its `url`"
)
_RECORDER: Final = "recorder/info"
_REPAIRS: Final = "repairs/list_issues"
_MAX_COUNT: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeAssistantOptions(HomeAssistantLimits):
    """Where Home Assistant is, and what is expected of it."""

    url: Secret | None = None
    """Without one, only what it reports by itself is known."""
    token: Secret | None = None
    """A long-lived access token; without one, only whether it answers is known."""
    tls: TlsOptions = field(default_factory=TlsOptions)
    ignore: tuple[str, ...] = ()


class _Poll:
    """Polls one Home Assistant."""

    __slots__ = ("_api", "_clock", "_heart", "_ignored", "_options")

    def __init__(self, options: HomeAssistantOptions, context: ProbeContext) -> None:
        """Decide all that can be decided."""
        self._clock = context.clock
        self._options = options
        self._ignored = frozenset(options.ignore)
        self._heart = HouseHeart(context.beat, context.known.get(""), context.clock)
        self._api: HomeAssistantApi | None = None
        if options.url is not None:
            self._api = HomeAssistantApi(
                context.http,
                URL(options.url.reveal()),
                options.token,
                tls=tls_context(options.tls.policy),
                timeout_s=_REQUEST_S,
            )

    async def __call__(self) -> Reading:
        """Return what it says when it is asked, and what it reports by itself."""
        return house_reading(await self._house(), self._options, self._ignored)

    async def _house(self) -> House:
        """Return what is known by both ways.

        Raises:
            ProbeError: Nothing is known.

        """
        reported = self._heart.house()
        if self._api is None:
            if not reported.has_reported and not reported.is_silent:
                raise ProbeError(_NO_REPORT, code="no_heartbeat")
            return replace(reported, note=None if self._options.token is None else _NO_URL_NOTE)
        try:
            asked = await self._ask(self._api)
        except ProbeError as err:
            # One that must not be asked again soon is told so, whatever it reports.
            if not reported.has_reported or err.wait_s > 0:
                raise
            return replace(reported, note=f"it reports that it lives, but cannot be asked: {err}")
        return merge(asked, reported, knows_more=self._options.token is not None)

    async def _ask(self, api: HomeAssistantApi) -> House:
        """Return what it answers; what only some versions or users are told may be missing.

        Raises:
            ProbeError: It says nothing.

        """
        house = await self._greet(api)
        if self._options.token is None:
            return house
        notes: list[str] = []
        try:
            house = replace(house, entities=await _entities(api))
        except TransportError as err:
            notes.append(f"the entities could not be counted: {err.message}")
        try:
            found = await api.ask(_RECORDER, _REPAIRS)
        except TransportError as err:
            notes.append(f"the recorder could not be asked: {err.message}")
        else:
            house = replace(
                house,
                recorder=read_recorder(found.get(_RECORDER)),
                repairs=read_repairs(found.get(_REPAIRS)),
            )
        return replace(house, note="; ".join(notes) or None)

    async def _greet(self, api: HomeAssistantApi) -> House:
        """Return what it says of itself.

        Raises:
            ProbeError: It says nothing.

        """
        started_s = self._clock.monotonic()
        is_known = self._options.token is not None
        try:
            if is_known:
                core = read_core(await api.config())
            else:
                core = Core()
                await api.knock()
        except TransportError as err:
            raise _refused(err) from err
        latency_ms = round((self._clock.monotonic() - started_s) * 1000, 1)
        return House(core=core, latency_ms=latency_ms, note=None if is_known else _BARE_NOTE)


async def _entities(api: HomeAssistantApi) -> Entities:
    """Return the entities, counted there if the token's user may ask for it."""
    counted = read_counts(await api.counts())
    return count_states(await api.states()) if counted is None else counted


def _refused(error: TransportError) -> ProbeError:
    """Return why nothing is known; a wrong token is no Home Assistant that is down."""
    if error.code == "unauthorized":
        # After a colon, what stands there would be taken for the token, and hidden.
        message = f"{error.message}; make a new long-lived one in the profile of a user there"
        return ProbeError(message, code=error.code, wait_s=_REFUSED_WAIT_S)
    wait_s = _REFUSED_WAIT_S if error.code == "banned" else 0.0
    return ProbeError(error.message, code=error.code, wait_s=wait_s)


def compile_home_assistant(
    options: HomeAssistantOptions, context: ProbeContext
) -> Mapping[str, Poll]:
    """Return the poll of the only Home Assistant."""
    return {"": _Poll(options, context)}


_COUNTS: Final = upper_limits(cv.whole_number(at_least=1, at_most=_MAX_COUNT))
_LIMITS: Final[dict[object, object]] = {
    vol.Optional(each.name): _COUNTS for each in fields(HomeAssistantLimits)
}

PROBE: Final = ProbeType(
    name="homeassistant",
    options=HomeAssistantOptions,
    schema={
        vol.Optional("url"): url,
        vol.Optional("token"): cv.secret,
        vol.Optional("tls"): TLS,
        vol.Optional("ignore"): cv.list_of(cv.text),
        **_LIMITS,
    },
    compile=compile_home_assistant,
    hosts=lambda options: {} if options.url is None else {URL(options.url.reveal()).host or "": ""},
    interval_s=60.0,
    timeout_s=60.0,
    example={"url": "http://homeassistant.local:8123"},
    environment={"url": ("HA_BASE_URL",), "token": ("HA_TOKEN",)},
)
