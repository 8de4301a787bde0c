"""A Home Assistant on a core of its own, and what it takes."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPMethod
import os
from pathlib import Path
import time
from typing import TYPE_CHECKING, Any, Final

from aiohttp import ClientSession

from benchmarks.daemon import CHECKS
from benchmarks.fleet import BenchmarkError
from benchmarks.machine import cpu_ns, memory_mb
from tests.e2e.home_assistant import HomeAssistant

if TYPE_CHECKING:
    from benchmarks.setting import Setting

_CONFIGURATION: Final = "config:\nfrontend:\n"
"""Without a recorder: it costs the same for every state, whoever writes it."""
_SAVED_S: Final = 15.0
"""Home Assistant writes its registries ten seconds after a change, which takes memory, too."""
_RELOADED_S: Final = 15.0
"""By then an entry is reloaded with all of its entities: several times what it takes."""
_PATIENCE_S: Final = 120.0


@dataclass(frozen=True, slots=True)
class Shape:
    """How many entities a check has that are on, and how many that are off."""

    enabled: int
    disabled: int


@dataclass(frozen=True, slots=True)
class Cost:
    """What Home Assistant took for the set-up of an entry."""

    cpu_s: float
    memory_mb: float


class Watch:
    """Follows the state of one entity."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._state = ""
        self._changed_s = 0.0
        self._news = asyncio.Event()

    def take(self, event: Mapping[str, Any]) -> None:
        """Take in an event of `subscribe_entities`: all of a state at first, then what differs."""
        for full in event.get("a", {}).values():
            self._state, self._changed_s = full["s"], full["lc"]
        for change in event.get("c", {}).values():
            differs = change.get("+", {})
            self._state = differs.get("s", self._state)
            self._changed_s = differs.get("lc", self._changed_s)
        self._news.set()

    async def wait_for(self, wanted: str) -> float:
        """Return when the entity got a state, in seconds of the epoch; wait until it has."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                while self._state != wanted:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError as err:
            raise BenchmarkError(f"still {self._state!r} and not {wanted!r}") from err
        return self._changed_s


@asynccontextmanager
async def running(
    setting: Setting, session: ClientSession, *components: Path
) -> AsyncIterator[HomeAssistant]:
    """Run a Home Assistant that has some components, on the core of whoever is measured."""
    folder = setting.fleet.path / f"home-assistant-{time.monotonic_ns()}"
    folder.mkdir()
    instance = HomeAssistant(folder, session, configuration=_CONFIGURATION, components=components)
    before = os.sched_getaffinity(0)
    try:
        # The process inherits it.
        os.sched_setaffinity(0, setting.monitor_core)
        try:
            await instance.start(is_followed=False)
        finally:
            os.sched_setaffinity(0, before)
        await asyncio.sleep(setting.effort.warm_up_s)
        yield instance
    finally:
        await instance.stop()


async def set_up(instance: HomeAssistant, domain: str, *steps: Mapping[str, Any]) -> Cost:
    """Go through a flow as a person does; return what it took until all entities were there."""
    before_mb, before_ns = memory_mb(instance.pid, "VmRSS"), cpu_ns(instance.pid)
    result = await instance.set_up(domain, *steps)
    used_ns = cpu_ns(instance.pid) - before_ns
    if result["type"] != "create_entry":
        raise BenchmarkError(f"{domain} could not be set up: {result}")
    await asyncio.sleep(_SAVED_S)
    return Cost(used_ns / 1e9, memory_mb(instance.pid, "VmRSS") - before_mb)


async def prefer(
    instance: HomeAssistant, domain: str, page: str, filled: Mapping[str, Any]
) -> float:
    """Change a preference as a person does; return what memory the reload took, in megabytes."""
    before_mb = memory_mb(instance.pid, "VmRSS")
    [entry] = await instance.command("config_entries/get", domain=domain)
    path = "config/config_entries/options/flow"
    menu = await instance.request(HTTPMethod.POST, path, {"handler": entry["entry_id"]})
    path = f"{path}/{menu['flow_id']}"
    await instance.request(HTTPMethod.POST, path, {"next_step_id": page})
    result = await instance.request(HTTPMethod.POST, path, filled)
    if result["type"] != "create_entry":
        raise BenchmarkError(f"{page} could not be changed: {result}")
    await asyncio.sleep(_RELOADED_S + _SAVED_S)
    return memory_mb(instance.pid, "VmRSS") - before_mb


@asynccontextmanager
async def watch(instance: HomeAssistant, entity_id: str) -> AsyncIterator[Watch]:
    """Follow an entity while the context lasts."""
    followed = Watch()
    end = await instance.subscribe("subscribe_entities", followed.take, entity_ids=[entity_id])
    yield followed
    await end()


async def entity_ids(instance: HomeAssistant, end: str) -> dict[str, str]:
    """Return the checks' entities whose unique ids end alike, by the id of their check."""
    return {
        item["unique_id"].partition("_check_")[2].removesuffix(end): item["entity_id"]
        for item in await _entities(instance)
        if "_check_" in item["unique_id"] and item["unique_id"].endswith(end)
    }


async def connected(instance: HomeAssistant) -> str:
    """Return the entity that tells whether the daemon can be heard."""
    [found] = [
        str(item["entity_id"])
        for item in await _entities(instance)
        if item["unique_id"].endswith("_hub_connected")
    ]
    return found


async def shape(instance: HomeAssistant) -> Shape:
    """Return how many entities each check has."""
    kinds = Counter(
        item["disabled_by"] is None
        for item in await _entities(instance)
        if "_check_" in item["unique_id"]
    )
    if kinds[True] < CHECKS:
        raise BenchmarkError(f"only {kinds[True]} entities were made")
    return Shape(round(kinds[True] / CHECKS), round(kinds[False] / CHECKS))


async def _entities(instance: HomeAssistant) -> list[dict[str, Any]]:
    """Return all entities of the integration."""
    entities = await instance.command("config/entity_registry/list")
    return [item for item in entities if item["platform"] == "ops_monitor"]
