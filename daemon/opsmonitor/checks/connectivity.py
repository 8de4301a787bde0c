"""Connectivity check: does this machine have a network, as far as the Internet?"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
import socket
from typing import TYPE_CHECKING, Any, Final

from dns.message import make_query
from dns.rcode import NOERROR, NXDOMAIN, to_text
import voluptuous as vol

from opsmonitor.checks.base import CheckContext, CheckType, Probe
from opsmonitor.config import validators as cv
from opsmonitor.exceptions import TransportError
from opsmonitor.parts.quorum import Vote, conclude_votes
from opsmonitor.util.connect import find_endpoints, literal_endpoint
from opsmonitor.util.dns_client import PORT, ask, system_name_servers
from opsmonitor.util.gateway import default_gateway
from opsmonitor.util.timeline import Timeline
from opsmonitor.util.trouble import explain
from opsmonitor.util.want import CODE, own_want

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from opsmonitor.models.check import Outcome

OUTSIDE: Final = ("1.1.1.1:443", "9.9.9.9:443")
"""Cloudflare and Quad9: two operators, in many places, that have answered there for years.

Nothing is sent to them but the opening of a connection, which tells them the address of the line.
"""
_NAME: Final = "one.one.one.one"
_PING_SIZE: Final = 16
_AUTO: Final = "auto"
_ROUTERS: Final = "fritz."
_CONNECTED: Final = ".wan_up"
_FRESH_MS: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectivityOptions:
    """Who is asked."""

    gateway: str | bool = True
    """An address; true: whatever this machine's default route says."""
    resolver: str | bool = True
    """A name that its name servers are asked for; true: one that everybody knows."""
    outside: tuple[str, ...] = OUTSIDE
    """`host:port` of servers on the Internet."""
    values: tuple[str, ...] | None = None
    """Names of measured values that are true while there is a network; None: those of routers."""
    needed: int | None = None
    """So many must answer; None: more than half."""


def compile_connectivity(options: ConnectivityOptions, context: CheckContext) -> Probe:
    """Prepare the witnesses; a run asks all of them at once."""
    asked: list[Callable[[], Awaitable[Vote]]] = []
    if options.gateway:
        asked.append(lambda: _ask_gateway(options.gateway, context))
    if options.resolver:
        asked.append(lambda: _ask_resolver(options.resolver, context))
    asked += [_connecting(place, context) for place in options.outside]

    async def probe() -> Outcome:
        """Count who answers."""
        votes = [*await asyncio.gather(*(witness() for witness in asked))]
        names = _of_routers(context) if options.values is None else options.values
        votes += [_look_at(name, context) for name in names]
        return conclude_votes(votes, options.needed)

    return probe


async def _ask_gateway(gateway: str | bool, context: CheckContext) -> Vote:  # noqa: FBT001 - as written
    """Ping the gateway."""
    address = gateway if isinstance(gateway, str) else None
    if address is None:
        address = await context.lanes.call("default route", default_gateway)
    if address is None:
        return Vote(name="gateway", answers=None, seen="this machine has none")
    name = f"gateway {address}"
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        echoes = await context.pinger.ping(
            family, address, count=2, size=_PING_SIZE, timeout_s=context.timeout_s * 0.9
        )
    except TransportError as err:
        return _unasked(name, err)
    except OSError as err:
        return _silent(name, explain(err, address, address))
    answers = bool(echoes.times_ms)
    return Vote(name=name, answers=answers, seen="it answers" if answers else "no answer")


async def _ask_resolver(asked: str | bool, context: CheckContext) -> Vote:  # noqa: FBT001 - as written
    """Ask the name servers of this machine for a name."""
    name = asked if isinstance(asked, str) else _NAME
    try:
        addresses = await context.lanes.call("resolv.conf", system_name_servers)
    except OSError as err:
        return _unasked("resolver", own_want(err, "ask a name server") or err)
    found = [literal_endpoint(address, PORT) for address in addresses]
    servers = [endpoint for endpoint in found if endpoint is not None]
    try:
        answer = await ask(servers, make_query(name, "A"), context.timeout_s * 0.9)
    except TransportError as err:
        return _silent("resolver", err)
    code = answer.message.rcode()
    return Vote(name="resolver", answers=code in (NOERROR, NXDOMAIN), seen=to_text(code))


def _silent(name: str, error: TransportError, *, is_far: bool = False) -> Vote:
    """Return what it says that a witness gave no answer."""
    if error.code == CODE:
        return _unasked(name, error)
    return Vote(name=name, answers=False, seen=error.message, is_far=is_far)


def _unasked(name: str, error: Exception) -> Vote:
    """Return what it says that a witness could not be asked: nothing."""
    is_want = isinstance(error, TransportError) and error.code == CODE
    return Vote(name=name, answers=None, seen=str(error), want=str(error) if is_want else None)


def _connecting(place: str, context: CheckContext) -> Callable[[], Awaitable[Vote]]:
    """Return a witness that connects to a server."""
    host, _, port = place.rpartition(":")

    async def witness() -> Vote:
        """Connect, and close again."""
        try:
            async with asyncio.timeout(context.timeout_s * 0.9):
                endpoints = await find_endpoints(
                    context.resolver, host.strip("[]"), int(port), 0, Timeline()
                )
                _, writer = await asyncio.open_connection(*endpoints[0][1][:2])
        except TimeoutError:
            return Vote(name=place, answers=False, seen="no answer", is_far=True)
        except OSError as err:
            return _silent(place, explain(err, place, host), is_far=True)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        return Vote(name=place, answers=True, seen="it answers", is_far=True)

    return witness


def _of_routers(context: CheckContext) -> Sequence[str]:
    """Return the names of the values by which routers tell whether they are connected."""
    return sorted(
        name
        for name in context.values.names()
        if name.startswith(_ROUTERS) and name.endswith(_CONNECTED)
    )


def _look_at(name: str, context: CheckContext) -> Vote:
    """Let a measured value speak; that all was well a while ago says nothing."""
    measured = context.values.latest(name)
    if measured is None or measured.is_stale or not isinstance(measured.value, bool):
        return Vote(name=name, answers=None, seen="not known")
    if measured.value and context.clock.now_ms() - measured.at_ms > _FRESH_MS:
        return Vote(name=name, answers=None, seen="true a while ago")
    seen = str(measured.value).lower()
    return Vote(name=name, answers=measured.value, seen=seen, is_far=True)


def _switch(value: Any) -> str | bool:
    """Accept true, false, `auto`, a name or an address."""
    if isinstance(value, bool):
        return value
    return True if value == _AUTO else cv.host(value)


def _place(value: Any) -> str:
    """Accept `host:port`."""
    host, colon, port = cv.text(value).rpartition(":")
    if not colon or not host or not port.isdecimal():
        raise vol.Invalid("expected host:port, such as 1.1.1.1:443")
    cv.host(host)
    cv.port(int(port))
    return f"{host}:{port}"


def _places(value: Any) -> tuple[str, ...]:
    """Accept a list of `host:port`; true for the usual ones, false for nobody."""
    if isinstance(value, bool):
        return OUTSIDE if value else ()
    return cv.list_of(_place)(value)


def _target(options: ConnectivityOptions) -> str:
    """Name those who are asked."""
    words = ["gateway"] * bool(options.gateway) + ["resolver"] * bool(options.resolver)
    return ", ".join([*words, *options.outside, *(options.values or ())]) or "nobody"


CHECK = CheckType(
    name="connectivity",
    options=ConnectivityOptions,
    schema={
        vol.Optional("gateway"): _switch,
        vol.Optional("resolver"): _switch,
        vol.Optional("outside"): _places,
        vol.Optional("values"): cv.list_of(cv.text),
        vol.Optional("needed"): cv.whole_number(at_least=1, at_most=100),
    },
    compile=compile_connectivity,
    target=_target,
    host=lambda _options: "local",
    example={"gateway": True, "resolver": True, "outside": ["1.1.1.1:443", "9.9.9.9:443"]},
    is_reachability=False,
)
