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
from opsmonitor.parts.http_request import url
from opsmonitor.parts.limits import upper_limits
from opsmonitor.probes.base import Poll, ProbeContext, ProbeType
from opsmonitor.util.secret import Secret
from opsmonitor.util.tls import tls_context

_REQUEST_S: Final = 10.0
_REFUSED_WAIT_S: Final = 900.0
"""Home Assistant counts refused logins, and may ban this machine: the next one must wait."""
_BARE_NOTE: Final = "it answers; add a `token` to know more"
_RECORDER: Final = "recorder/info"
_REPAIRS: Final = "repairs/list_issues"
_MAX_COUNT: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeAssistantOptions(HomeAssistantLimits):
    """Where Home Assistant is, and what is expected of it."""

    url: Secret
    token: Secret | None = None
    """A long-lived access token; without one, only whether it answers is known."""
    tls: TlsOptions = field(default_factory=TlsOptions)
    ignore: tuple[str, ...] = ()


class _Poll:
    """Polls one Home Assistant."""

    __slots__ = ("_api", "_clock", "_ignored", "_options")

    def __init__(self, options: HomeAssistantOptions, context: ProbeContext) -> None:
        """Decide all that can be decided."""
        self._clock = context.clock
        self._options = options
        self._ignored = frozenset(options.ignore)
        self._api = HomeAssistantApi(
            context.http,
            URL(options.url.reveal()),
            options.token,
            tls=tls_context(options.tls.policy),
            timeout_s=_REQUEST_S,
        )

    async def __call__(self) -> Reading:
        """Return what it says; what only some versions or users are told may be missing."""
        house = await self._greet()
        if self._options.token is None:
            return house_reading(house, self._options, self._ignored)
        notes: list[str] = []
        try:
            house = replace(house, entities=await self._entities())
        except TransportError as err:
            notes.append(f"the entities could not be counted: {err.message}")
        try:
            found = await self._api.ask(_RECORDER, _REPAIRS)
        except TransportError as err:
            notes.append(f"the recorder could not be asked: {err.message}")
        else:
            house = replace(
                house,
                recorder=read_recorder(found.get(_RECORDER)),
                repairs=read_repairs(found.get(_REPAIRS)),
            )
        house = replace(house, note="; ".join(notes) or None)
        return house_reading(house, self._options, self._ignored)

    async def _greet(self) -> House:
        """Return what it says of itself.

        Raises:
            ProbeError: It says nothing.

        """
        started_s = self._clock.monotonic()
        is_known = self._options.token is not None
        try:
            if is_known:
                core = read_core(await self._api.config())
            else:
                core = Core()
                await self._api.knock()
        except TransportError as err:
            raise _refused(err) from err
        latency_ms = round((self._clock.monotonic() - started_s) * 1000, 1)
        return House(core=core, latency_ms=latency_ms, note=None if is_known else _BARE_NOTE)

    async def _entities(self) -> Entities:
        """Return the entities, counted there if the token's user may ask for it."""
        counted = read_counts(await self._api.counts())
        return count_states(await self._api.states()) if counted is None else counted


def _refused(error: TransportError) -> ProbeError:
    """Return why nothing is known; a wrong token is no Home Assistant that is down."""
    if error.code == "unauthorized":
        message = f"{error.message}: make a new long-lived one in the profile of a user there"
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
        vol.Required("url"): url,
        vol.Optional("token"): cv.secret,
        vol.Optional("tls"): TLS,
        vol.Optional("ignore"): cv.list_of(cv.text),
        **_LIMITS,
    },
    compile=compile_home_assistant,
    interval_s=60.0,
    timeout_s=60.0,
    example={"url": "http://homeassistant.local:8123"},
    environment={"url": ("HA_BASE_URL",), "token": ("HA_TOKEN",)},
)
