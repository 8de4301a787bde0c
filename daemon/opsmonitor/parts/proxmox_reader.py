"""Read a Proxmox cluster with few requests, and remember what need not be asked each time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
import re
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import quote

from opsmonitor.exceptions import TransportError
from opsmonitor.parts.proxmox_backups import (
    Backup,
    read_backups,
    read_results,
    read_unsaved,
)
from opsmonitor.parts.proxmox_cluster import Cluster, Node, read_cluster, read_resources
from opsmonitor.parts.proxmox_judge import ProxmoxState
from opsmonitor.parts.proxmox_node import (
    Drive,
    NodeDetails,
    read_drives,
    read_node_status,
    read_pools,
)

if TYPE_CHECKING:
    from opsmonitor.clients.proxmox import ProxmoxApi
    from opsmonitor.util.clock import Clock

T = TypeVar("T")

_DETAILS_S: Final = 300.0
_SMART_S: Final = 6 * 3600.0
"""Asking for SMART values wakes drives that sleep: rarely, and only when wanted."""
_NODES_AT_ONCE: Final = 3
_BUDGET: Final = 0.85
"""The part of a poll's time after which it makes do with what it has."""
_TOO_LONG: Final = "it takes too long to answer"
_TASKS: Final = 50
_LOGS_AT_ONCE: Final = 3
"""Those of the latest jobs; the next looks read on."""
_LOG_LINES: Final = 10_000
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*", re.ASCII)
_OPTIONAL: Final = frozenset({"forbidden", "unknown_path"})


class ClusterReader:
    """Asks one cluster; a poll makes two requests, and every five minutes a few for each node."""

    def __init__(
        self, apis: Sequence[ProxmoxApi], clock: Clock, *, with_smart: bool, timeout_s: float
    ) -> None:
        """Begin without memory; each of the nodes to ask answers for all."""
        self._apis = tuple(apis)
        self._budget_s = timeout_s * _BUDGET
        self._api = self._apis[0]
        self._clock = clock
        self._with_smart = with_smart
        self._details: dict[str, NodeDetails] = {}
        self._asked_s: dict[str, float] = {}
        self._smart: dict[str, dict[str, Drive]] = {}
        self._smart_s: dict[str, float] = {}
        self._results: dict[str, dict[int, str] | None] = {}
        """What each job did for its guests, by task: that does not change any more."""
        self._unsaved: dict[int, str] | None = None
        self._unsaved_s: float | None = None
        self._gate = asyncio.Semaphore(_NODES_AT_ONCE)

    async def read(self) -> ProxmoxState:
        """Return the state of the cluster; a node that does not answer hides no other.

        Raises:
            TransportError: The cluster could not be asked at all.

        """
        deadline = asyncio.get_running_loop().time() + self._budget_s
        resources = read_resources(await self._first_answer("/cluster/resources"))
        cluster, cluster_error = await self._ask_cluster()
        names = {node.name for node in resources.nodes}
        self._details = {name: each for name, each in self._details.items() if name in names}
        due = [node for node in resources.nodes if self._is_due(node)]
        with suppress(TimeoutError):
            async with asyncio.timeout_at(deadline):
                looks = [self._look_at(node.name) for node in due]
                await asyncio.gather(self._find_unsaved(), *looks)
        listed = {run.task for each in self._details.values() for run in each.backups or ()}
        self._results = {task: found for task, found in self._results.items() if task in listed}
        return ProxmoxState(
            resources=resources,
            cluster=cluster,
            cluster_error=cluster_error,
            details=dict(self._details),
            unsaved=self._unsaved,
        )

    async def _first_answer(self, path: str) -> Any:
        """Return the answer of the node that answered last time, or else of the next that does.

        Raises:
            TransportError: None of them does, or the token is not accepted.

        """
        start = self._apis.index(self._api)
        failure: TransportError | None = None
        for api in (*self._apis[start:], *self._apis[:start]):
            try:
                found = await api.get(path)
            except TransportError as err:
                if err.code == "unauthorized":
                    raise
                failure = failure or err
            else:
                self._api = api
                return found
        raise failure or TransportError("internal", "there is nobody to ask")

    async def _ask_cluster(self) -> tuple[Cluster | None, str | None]:
        """Return the cluster, None if the token may not see it, and why it could not be asked.

        Raises:
            TransportError: The token is not accepted.

        """
        try:
            return await self._optional("/cluster/status", read_cluster), None
        except TransportError as err:
            if err.code == "unauthorized":
                raise
            # An old quorum would be worth nothing: the resources alone are told.
            return None, err.message

    async def _optional(self, path: str, read: Callable[[Any], T]) -> T | None:
        """Return what an answer says, None where rights or the version do not allow it."""
        try:
            return read(await self._api.get(path))
        except TransportError as err:
            if err.code in _OPTIONAL:
                return None
            raise

    async def _find_unsaved(self) -> None:
        """Note which guests no backup job covers; not knowing it is no failure."""
        now_s = self._clock.monotonic()
        if self._unsaved_s is not None and now_s - self._unsaved_s < _DETAILS_S:
            return
        self._unsaved_s = now_s
        try:
            path = "/cluster/backup-info/not-backed-up"
            self._unsaved = await self._optional(path, read_unsaved)
        except TransportError:
            return

    def _is_due(self, node: Node) -> bool:
        """Tell whether a node is to be asked for its details."""
        if not node.is_online or not _NAME.fullmatch(node.name):
            return False
        asked_s = self._asked_s.get(node.name)
        return asked_s is None or self._clock.monotonic() - asked_s >= _DETAILS_S

    async def _look_at(self, name: str) -> None:
        """Note what a node says of itself; after its first silence it is not asked on."""
        self._asked_s[name] = self._clock.monotonic()
        details = NodeDetails(at_ms=self._clock.now_ms())
        # What it said before is the best that is known until it has answered.
        known = self._details.get(name, details)
        self._details[name] = replace(known, error=_TOO_LONG)
        async with self._gate:
            try:
                details = await self._status(name, details)
                details = await self._drives(name, details)
                details = await self._pools(name, details)
                details = await self._backups(name, details)
            except TransportError as err:
                details = replace(known, error=err.message)
            self._details[name] = details
            if details.error is None:
                # What is known without the logs must not be lost by their taking long.
                await self._read_logs(name, details.backups or ())
                self._details[name] = replace(details, backups=self._in_detail(details.backups))

    async def _status(self, name: str, details: NodeDetails) -> NodeDetails:
        """Add the node's own words."""
        status = await self._optional(f"{_path(name)}/status", read_node_status)
        return _denied(details, "the node") if status is None else replace(details, status=status)

    async def _drives(self, name: str, details: NodeDetails) -> NodeDetails:
        """Add the drives; their wear comes from the latest look at SMART values."""
        now_s = self._clock.monotonic()
        last_s = self._smart_s.get(name)
        with_smart = self._with_smart and (last_s is None or now_s - last_s >= _SMART_S)
        query = "" if with_smart else "?skipsmart=1"
        drives = await self._optional(f"{_path(name)}/disks/list{query}", read_drives)
        if drives is None:
            return _denied(details, "disks")
        if with_smart:
            self._smart_s[name] = now_s
            self._smart[name] = {drive.device: drive for drive in drives}
        known = self._smart.get(name, {})
        return replace(details, drives=tuple(known.get(drive.device, drive) for drive in drives))

    async def _pools(self, name: str, details: NodeDetails) -> NodeDetails:
        """Add the ZFS pools."""
        pools = await self._optional(f"{_path(name)}/disks/zfs", read_pools)
        return _denied(details, "zfs") if pools is None else replace(details, pools=pools)

    async def _backups(self, name: str, details: NodeDetails) -> NodeDetails:
        """Add the backups that have ended."""
        path = f"{_path(name)}/tasks?typefilter=vzdump&source=all&limit={_TASKS}"
        backups = await self._optional(path, lambda data: read_backups(data, name))
        if backups is None:
            return _denied(details, "tasks")
        return replace(details, backups=self._in_detail(backups))

    async def _read_logs(self, name: str, backups: Sequence[Backup]) -> None:
        """Note what the latest jobs did for each of their guests; a few that are new."""
        new = [
            run
            for run in sorted(backups, key=lambda run: run.ended_ms, reverse=True)
            if run.is_job and run.task and run.task not in self._results
        ]
        for run in new[:_LOGS_AT_ONCE]:
            task = quote(run.task, safe="")
            path = f"{_path(name)}/tasks/{task}/log?start=0&limit={_LOG_LINES}"
            try:
                found = await self._optional(path, lambda data: read_results(data, _LOG_LINES))
            except TransportError as err:
                if err.code != "http_status":
                    return
                # This log is gone; that of another job may not be.
                found = None
            self._results[run.task] = found

    def _in_detail(self, backups: tuple[Backup, ...] | None) -> tuple[Backup, ...] | None:
        """Add what is known of the guests of each job."""
        if backups is None:
            return None
        return tuple(replace(run, guests=self._results.get(run.task)) for run in backups)


def _path(name: str) -> str:
    """Return the path of a node."""
    return f"/nodes/{quote(name, safe='')}"


def _denied(details: NodeDetails, part: str) -> NodeDetails:
    """Note that the token may not see a part."""
    return replace(details, denied=(*details.denied, part))
