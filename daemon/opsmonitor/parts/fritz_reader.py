"""Ask a FRITZ!Box for all that it tells, and go on where one answer is missing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar

from opsmonitor.clients.tr064 import IGD, TR064, Tr064
from opsmonitor.clients.tr064_xml import Description, Service, os_version
from opsmonitor.exceptions import ProbeError
from opsmonitor.parts import fritz_facts as facts, fritz_network as network
from opsmonitor.util.lenient import text
from opsmonitor.util.secret import Secret
from opsmonitor.util.xml import child_texts, local_name, parse_xml

if TYPE_CHECKING:
    from opsmonitor.parts.login_guard import LoginGuard

T = TypeVar("T")

PARTIAL: Final = frozenset({"failed", "invalid_response", "not_allowed", "unsupported"})
"""Codes of errors that concern one answer; any other ends the poll."""
_WLANS: Final = (1, 2, 3, 4)
_NOBODY: Final = "dslf-config"
"""The user of boxes that have only a password. Source: AVM, "TR-064 First Steps"."""
_SLOW_S: Final = 600.0
"""How old what changes seldom may be."""
_MAX_USERS: Final = 64


@dataclass(slots=True)
class BoxView:
    """What one poll has found; None: the box does not tell, or has no such thing."""

    is_described: bool = False
    """TR-064 is switched on."""
    has_igd: bool = False
    """It tells its state without a login, too."""
    is_logged_in: bool | None = None
    """None: there is no login."""
    is_router: bool | None = None
    device: dict[str, Any] = field(default_factory=dict)
    update: dict[str, Any] | None = None
    wan: dict[str, Any] = field(default_factory=dict)
    dsl: dict[str, Any] | None = None
    fiber: dict[str, Any] | None = None
    traffic: dict[str, Any] | None = None
    wlan: list[dict[str, Any]] = field(default_factory=list)
    devices: dict[str, Any] | None = None
    mesh: dict[str, Any] | None = None
    latency_ms: float | None = None
    problems: list[ProbeError] = field(default_factory=list)


class BoxReader:
    """Reads one box, again and again."""

    def __init__(
        self,
        client: Tr064,
        guard: LoginGuard,
        login: tuple[str | None, Secret] | None,
        *,
        wants_devices: bool,
        now_s: Callable[[], float],
    ) -> None:
        """Take whom to ask, and as whom."""
        self._client = client
        self._guard = guard
        self._login = login
        self._wants_devices = wants_devices
        self._now_s = now_s
        self._user: str | None = None if login is None else login[0]
        self._igd: Description | None = None
        self._unknown: set[tuple[str, str]] = set()
        self._version: str | None = None
        self._slow: dict[str, tuple[float, Any]] = {}

    async def read(self, limit_s: float) -> BoxView:
        """Return what the box tells.

        Raises:
            ProbeError: It cannot be reached, or stopped answering.

        """
        view = BoxView()
        self._client.begin(limit_s)
        described = await self._client.describe(TR064)
        took_ms = self._client.connect_ms
        view.latency_ms = None if took_ms is None else round(took_ms, 2)
        if described is None:
            await self._read_page(view)
            return view
        view.is_described = True
        view.device = {"model": described.model, "os_version": described.os_version}
        self._forget_after_update(described.os_version)
        view.is_router = "Layer3Forwarding1" in described.services
        await self._read_open(view)
        if self._login is not None:
            await self._read_closed(view, described.services)
        return view

    def _forget_after_update(self, version: str | None) -> None:
        """Ask for everything again when the box has another FRITZ!OS."""
        if version != self._version:
            self._unknown.clear()
            self._igd = None
        self._version = version

    async def _read_page(self, view: BoxView) -> None:
        """Read who the box is from its pages: applications may not ask it."""
        try:
            response = await self._client.web("/jason_boxinfo.xml")
            root = parse_xml(response.body)
        except (ProbeError, ValueError):
            return
        if local_name(root) == "BoxInfo":
            found = child_texts(root)
            view.device = {
                "model": text(found.get("Name")),
                "os_version": os_version(found.get("Version")),
                "serial": text(found.get("Serial")),
            }

    async def _read_open(self, view: BoxView) -> None:
        """Read what the box tells everybody in its network, if that is switched on."""
        if self._igd is None:
            self._igd = await self._try(view, self._client.describe(IGD))
        if self._igd is None:
            return
        view.has_igd = True
        services = self._igd.services
        name = "WANIPConn1"
        state = await self._ask(view, services, name, "GetStatusInfo")
        if state is not None:
            address = await self._ask(view, services, name, "GetExternalIPAddress") or {}
            own = await self._ask(view, services, name, "X_AVM_DE_GetExternalIPv6Address") or {}
            prefix = await self._ask(view, services, name, "X_AVM_DE_GetIPv6Prefix") or {}
            view.wan.update(facts.connection_facts({**state, **address}))
            view.wan.update(facts.ipv6_facts(own, prefix))
        counted = await self._ask(view, services, "WANCommonIFC1", "GetAddonInfos")
        view.traffic = None if counted is None else facts.traffic_facts(counted)

    async def _read_closed(self, view: BoxView, services: Mapping[str, Service]) -> None:
        """Read what needs a login, unless that was refused a short while ago."""
        if self._login is None:
            return
        if not self._guard.wait_s and self._user is None:
            self._user = await self._find_user(view, services)
        view.is_logged_in = False
        if self._guard.wait_s or self._user is None:
            return
        self._client.log_in((self._user, self._login[1]))
        try:
            await self._read_box(view, services)
        except ProbeError as err:
            if err.code != "auth_error":
                raise
            self._guard.refused()
            self._user = self._login[0]
            view.problems.append(err)
            return
        self._guard.accepted()
        view.is_logged_in = True

    async def _find_user(self, view: BoxView, services: Mapping[str, Service]) -> str:
        """Return the user that logged in last; boxes since 7.24 want one, and name it."""
        action = "X_AVM-DE_GetUserList"
        answer = await self._ask(view, services, "LANConfigSecurity1", action) or {}
        try:
            users = list(parse_xml(answer.get("NewX_AVM-DE_UserList", "").encode()))[:_MAX_USERS]
        except ValueError:
            return _NOBODY
        users.sort(key=lambda each: each.get("last_user") != "1")
        return next((name for each in users if (name := text(each.text))), _NOBODY)

    async def _read_box(self, view: BoxView, services: Mapping[str, Service]) -> None:
        """Read all sections; the first question shows whether the login is good."""
        info = await self._ask(view, services, "DeviceInfo1", "GetInfo")
        if info is not None:
            known = {
                key: each for key, each in facts.device_facts(info).items() if each is not None
            }
            view.device.update(known)
        if view.is_router:
            await self._read_connection(view, services)
            await self._read_line(view, services)
        for index in _WLANS:
            await self._read_wlan(view, services, index)
        await self._read_network(view, services)
        found = await self._seldom(
            view, "update", lambda: self._ask(view, services, "UserInterface1", "GetInfo")
        )
        view.update = None if found is None else facts.update_facts(found)

    async def _read_connection(self, view: BoxView, services: Mapping[str, Service]) -> None:
        """Read the state of the Internet connection."""
        link = await self._ask(
            view, services, "WANCommonInterfaceConfig1", "GetCommonLinkProperties"
        )
        view.wan.update(facts.link_facts(link or {}))
        action = "GetDefaultConnectionService"
        named = await self._ask(view, services, "Layer3Forwarding1", action)
        service = facts.connection_service(named or {})
        if service is not None:
            state = await self._ask(view, services, service, "GetInfo") or {}
            for key, each in facts.connection_facts(state).items():
                # What was told without a login stays where this service says nothing.
                if each not in (None, []):
                    view.wan[key] = each

    async def _read_line(self, view: BoxView, services: Mapping[str, Service]) -> None:
        """Read how good the line is: boxes for cable have none that they tell of."""
        kind = view.wan.get("access_type")
        if kind in ("dsl", None):
            name = "WANDSLInterfaceConfig1"
            info = await self._ask(view, services, name, "GetInfo")
            if info is not None and (kind == "dsl" or info.get("NewStatus") == "Up"):
                counted = await self._ask(view, services, name, "GetStatisticsTotal") or {}
                view.dsl = facts.dsl_facts(info, counted)
        if kind in ("fiber", None):
            name = "X_AVM-DE_WANFiber1"
            info = await self._ask(view, services, name, "GetInfo")
            if info is not None:
                counted = await self._ask(view, services, name, "GetStatistics") or {}
                view.fiber = facts.fiber_facts(info, counted)

    async def _read_wlan(self, view: BoxView, services: Mapping[str, Service], index: int) -> None:
        """Read the state of one wireless network."""
        name = f"WLANConfiguration{index}"
        info = await self._ask(view, services, name, "GetInfo")
        if info is not None:
            clients = await self._ask(view, services, name, "GetTotalAssociations") or {}
            view.wlan.append(facts.wlan_facts(index, info, clients))

    async def _read_network(self, view: BoxView, services: Mapping[str, Service]) -> None:
        """Read which devices are connected: one question and one file, however many there are."""
        if not self._wants_devices:
            return
        view.devices = await self._file(view, services, "HostListPath", network.device_list)
        view.mesh = await self._seldom(
            view, "mesh", lambda: self._file(view, services, "MeshListPath", network.mesh_list)
        )

    async def _file(
        self,
        view: BoxView,
        services: Mapping[str, Service],
        name: str,
        read: Callable[[bytes], dict[str, Any]],
    ) -> dict[str, Any] | None:
        """Return a list that lies in a file whose path the box names."""
        answer = await self._ask(view, services, "Hosts1", f"X_AVM-DE_Get{name}")
        path = (answer or {}).get(f"NewX_AVM-DE_{name}")
        if not path:
            return None
        body = await self._try(view, self._client.get(path))
        try:
            return None if body is None else read(body)
        except ValueError as err:
            view.problems.append(ProbeError(str(err), code="invalid_response"))
            return None

    async def _seldom(
        self, view: BoxView, name: str, ask: Callable[[], Awaitable[T | None]]
    ) -> T | None:
        """Return what changes seldom, asked anew only when it is old.

        What could not be had is asked for in the next poll: its problem is told until it is mended.
        """
        held = self._slow.get(name)
        if held is not None and self._now_s() - held[0] < _SLOW_S:
            kept: T | None = held[1]
            return kept
        problems = len(view.problems)
        found = await ask()
        if len(view.problems) == problems:
            self._slow[name] = (self._now_s(), found)
        return found

    async def _ask(
        self, view: BoxView, services: Mapping[str, Service], name: str, action: str
    ) -> Mapping[str, str] | None:
        """Return what an action answers, None if the box does not know it or fails at it."""
        service = services.get(name)
        key = (name, action)
        if service is None or key in self._unknown:
            return None
        try:
            return await self._client.call(service, action)
        except ProbeError as err:
            # Without a login, what wants one is a thing that the box does not tell.
            if err.code == "unsupported" or (
                err.code == "auth_error" and view.is_logged_in is None
            ):
                self._unknown.add(key)
            elif err.code in PARTIAL:
                view.problems.append(err)
            else:
                raise
            return None

    async def _try(self, view: BoxView, asked: Awaitable[T]) -> T | None:
        """Return what is asked, None if only this cannot be had."""
        try:
            return await asked
        except ProbeError as err:
            if err.code not in PARTIAL:
                raise
            view.problems.append(err)
            return None
