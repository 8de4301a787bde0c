"""Proxmox probe: a Proxmox VE cluster by its API, or what `proxmox-stats` says of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
import re
from typing import Any, Final

import voluptuous as vol
from yarl import URL

from opsmonitor.clients.json_api import JsonApi
from opsmonitor.clients.proxmox import ProxmoxApi
from opsmonitor.config import validators as cv
from opsmonitor.exceptions import ProbeError, TransportError
from opsmonitor.models.reading import Reading
from opsmonitor.parts.certificate import TLS, TlsOptions
from opsmonitor.parts.http_request import url
from opsmonitor.parts.limits import percent, upper_limits
from opsmonitor.parts.proxmox_judge import ProxmoxLimits, judge_cluster
from opsmonitor.parts.proxmox_reader import ClusterReader
from opsmonitor.parts.proxmox_shown import cluster_reading
from opsmonitor.parts.proxmox_stats import stats_reading, stats_url
from opsmonitor.probes.base import Poll, ProbeContext, ProbeType
from opsmonitor.util.net import is_address
from opsmonitor.util.secret import Secret
from opsmonitor.util.tls import tls_context

_REQUEST_S: Final = 8.0
_REFUSED_WAIT_S: Final = 300.0
"""A token that is refused will be refused again: it is not tried at every poll."""
_MAX_NODES: Final = 5
_OK: Final = 200
_TOKEN: Final = re.compile(r"[^\s@!=]+@[^\s@!=]+![^\s@!=]+=\S+")
_MAX_HOURS: Final = 24 * 366


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxmoxOptions(ProxmoxLimits):
    """Where the cluster is, and what is expected of it."""

    url: tuple[Secret, ...] = ()
    """Of nodes of one cluster: the first that answers does so for all."""
    token: Secret | None = None
    stats_url: Secret | None = None
    """Of the service `proxmox-stats`, which is asked where there is no `url`."""
    stats_timeout_s: float = 2.5
    tls: TlsOptions = field(default_factory=TlsOptions)
    core: bool = False
    """Whether its `crit` is one of the whole."""
    smart: bool = False
    guests_running: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what names no source."""
        if not self.url and self.stats_url is None:
            raise vol.Invalid(
                "say where Proxmox is: either `url` and `token` of Proxmox VE, or `stats_url`"
            )
        if self.url and self.token is None:
            raise vol.Invalid("`url` needs a `token`, written USER@REALM!NAME=SECRET")


class _ClusterPoll:
    """Polls Proxmox VE."""

    __slots__ = ("_context", "_ignored", "_limits", "_options", "_reader")

    def __init__(self, options: ProxmoxOptions, context: ProbeContext) -> None:
        """Decide all that can be decided."""
        self._context = context
        self._options = options
        self._ignored = frozenset(options.ignore)
        apis = [
            ProxmoxApi(
                context.http,
                URL(address.reveal()),
                options.token or Secret(""),
                tls=tls_context(options.tls.policy),
                timeout_s=_REQUEST_S,
            )
            for address in options.url
        ]
        self._reader = ClusterReader(
            apis, context.clock, with_smart=options.smart, timeout_s=context.timeout_s
        )

    async def __call__(self) -> Reading:
        """Return what the cluster says."""
        try:
            state = await self._reader.read()
        except TransportError as err:
            if err.code == "unauthorized":
                message = f"{err.message}: check `proxmox: token`, written USER@REALM!NAME=SECRET"
                raise ProbeError(message, code=err.code, wait_s=_REFUSED_WAIT_S) from err
            raise ProbeError(err.message, code=err.code) from err
        options = self._options
        issues = judge_cluster(state, options, options.guests_running, self._context.clock.now_ms())
        return cluster_reading(state, issues, self._ignored)


class _StatsPoll:
    """Polls `proxmox-stats`."""

    __slots__ = ("_api", "_path", "_timeout_s")

    def __init__(self, address: Secret, options: ProxmoxOptions, context: ProbeContext) -> None:
        """Decide all that can be decided."""
        found = stats_url(address.reveal())
        self._path = found.raw_path_qs
        tls = tls_context(options.tls.policy)
        self._api = JsonApi(context.http, found.origin(), tls=tls, headers={})
        self._timeout_s = options.stats_timeout_s

    async def __call__(self) -> Reading:
        """Return what the service says."""
        try:
            answer = await self._api.get(self._path, timeout_s=self._timeout_s)
            if answer.status != _OK or not answer.is_json:
                raise self._api.refusal(answer)
            return stats_reading(answer.data)
        except TransportError as err:
            raise ProbeError(err.message, code=err.code) from err


def compile_proxmox(options: ProxmoxOptions, context: ProbeContext) -> Mapping[str, Poll]:
    """Return the poll of the only cluster."""
    if options.url:
        return {"": _ClusterPoll(options, context)}
    if options.stats_url is not None:
        return {"": _StatsPoll(options.stats_url, options, context)}
    return {}


def _token(value: Any) -> Secret:
    """Accept an API token in the form in which the API wants it."""
    secret = cv.secret(value)
    if not _TOKEN.fullmatch(secret.reveal()):
        raise vol.Invalid("expected USER@REALM!NAME=SECRET, such as monitor@pve!ops=1234-...")
    return secret


def _urls(value: Any) -> tuple[Secret, ...]:
    """Accept the address of a node, or those of several nodes of a cluster."""
    if not isinstance(value, list):
        return (url(value),)
    found = cv.list_of(url)(value)
    if not 1 <= len(found) <= _MAX_NODES:
        raise vol.Invalid(f"expected 1 to {_MAX_NODES} addresses of nodes of one cluster")
    return found


def _hosts(options: ProxmoxOptions) -> Mapping[str, str]:
    """Return what are most likely the names of the nodes by their hosts; of an address, none."""
    hosts = [URL(address.reveal()).host or "" for address in options.url]
    return {host: "" if is_address(host) else host.partition(".")[0] for host in hosts}


def _guest(value: Any) -> str:
    """Accept the name or the number of a guest."""
    return (
        str(cv.whole_number(at_least=1, at_most=999_999_999)(value))
        if isinstance(value, int)
        else cv.text(value)
    )


_HOURS: Final = upper_limits(cv.number(at_least=1, at_most=_MAX_HOURS))
_LIMITS: Final[dict[object, object]] = {
    vol.Optional(each.name): _HOURS if each.name.endswith("_h") else upper_limits(percent)
    for each in fields(ProxmoxLimits)
}

PROBE: Final = ProbeType(
    name="proxmox",
    options=ProxmoxOptions,
    schema={
        vol.Optional("url"): _urls,
        vol.Optional("token"): _token,
        vol.Optional("stats_url"): url,
        vol.Optional("stats_timeout_s"): cv.number(at_least=0.1, at_most=60),
        vol.Optional("tls"): TLS,
        vol.Optional("core"): cv.boolean,
        vol.Optional("smart"): cv.boolean,
        vol.Optional("guests_running"): cv.list_of(_guest),
        vol.Optional("ignore"): cv.list_of(cv.text),
        **_LIMITS,
    },
    compile=compile_proxmox,
    hosts=_hosts,
    interval_s=60.0,
    timeout_s=60.0,
    example={"url": "https://pve.lan:8006", "token": "monitor@pve!ops=1234-5678"},
    environment={
        "stats_url": ("PROXMOX_STATS_BASE_URL", "PROXMOX_STATS_URL"),
        "stats_timeout_s": ("PROXMOX_STATS_TIMEOUT_SECONDS",),
    },
)
