"""Measure what the integration costs a real Home Assistant, and how soon it shows what happens."""

from __future__ import annotations

import asyncio
from pathlib import Path
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Final

from aiohttp import ClientSession

from benchmarks.arrivals import percentile
from benchmarks.daemon import CHECKS, Daemon, configuration, http_checks, start_daemon, tcp_checks
from benchmarks.fleet import ROOT, BenchmarkError
from benchmarks.instance import (
    Cost,
    Shape,
    Watch,
    connected,
    entity_ids,
    prefer,
    running,
    set_up,
    shape,
    watch,
)
from benchmarks.latency import Seen, delays_ms
from benchmarks.machine import cpu_ns
from benchmarks.setting import tell
from benchmarks.stream import watch_events
from tests.e2e.home_assistant import HASS, INTEGRATION, HomeAssistant

if TYPE_CHECKING:
    from benchmarks.setting import Setting

_FLOOR: Final = Path(__file__).parent / "ops_monitor_floor"
_FLIPPING: Final = 50
"""So many of the 1,000 checks change every second."""
_CALM_S: Final = 30.0
_BUSY_S: Final = 1.0
_LEAST_SHARE: Final = 0.5
"""Of the checks that were due; the fewer, the less comes together and the more each costs."""
_LEAST_SEEN: Final = 0.25
"""Of the changes; the percentiles need enough of them, not all."""
_PATIENCE_S: Final = 3.0
"""For a change to be shown; what takes longer counts as that long."""
_RESTARTS: Final = 3
_OUTAGE_S: Final = 30.0


def measure_home_assistant(setting: Setting) -> None:
    """Let one Home Assistant have the integration, and another one the floor."""
    if not HASS.exists():
        tell("installing Home Assistant")
        subprocess.run([ROOT / "scripts" / "setup", "ha-live"], check=True)  # noqa: S603 - ours
    for number in range(setting.effort.rounds):
        tell(f"Home Assistant, round {number + 1}")
        asyncio.run(_measure(setting))


async def _measure(setting: Setting) -> None:
    """Measure one round."""
    log = setting.fleet.path / "flips.json"
    target = setting.fleet.start_module("target", [log], setting.target_core)
    target_port = int(setting.fleet.read_line(target, "target", 10))
    async with ClientSession() as session:
        async with running(setting, session, INTEGRATION, _FLOOR) as instance:
            live = _Live(setting, instance, target_port)
            await live.measure()
        async with running(setting, session, INTEGRATION) as instance:
            detailed = await _Live(setting, instance, target_port).measure_details()
        async with running(setting, session, _FLOOR) as instance:
            cost = await _make_floor(instance, live.shape)
            setting.measured.add("ha_setup_floor", cost.cpu_s)
            setting.measured.add("ha_memory_floor", cost.memory_mb)
        async with running(setting, session, _FLOOR) as instance:
            cost = await _make_floor(instance, detailed)
            setting.measured.add("ha_memory_details_floor", cost.memory_mb)
    setting.fleet.stop(target)


class _Live:
    """A Home Assistant with the integration, and a daemon that tells it."""

    def __init__(self, setting: Setting, instance: HomeAssistant, target_port: int) -> None:
        """Start a daemon that has judged all of its checks."""
        self._setting = setting
        self._instance = instance
        self._target_port = target_port
        self._daemon = self._start(self._config(_CALM_S, 0))
        self.shape = Shape(0, 0)

    async def measure(self) -> None:
        """Measure all, and remember how much there is."""
        self.shape = await self._set_up()
        await self._replace(self._config(_CALM_S, _FLIPPING))
        await self._measure_latency("ha_calm")
        await self._replace(self._config(_BUSY_S, _FLIPPING))
        await self._measure_latency("ha_busy")
        # TCP checks, which take the least of the daemon, let a busy machine keep the rate, too.
        config = configuration(tcp_checks(self._setting.nginx.port), _BUSY_S)
        await self._replace(config)
        await self._measure_updates()
        await self._measure_reconnects(config)
        self._setting.fleet.stop(self._daemon.process)

    async def measure_details(self) -> Shape:
        """Measure the memory with all entities that are off at first; return how many there are."""
        tell("memory with the details of 1,000 checks")
        cost = await self._add()
        more_mb = await prefer(self._instance, "ops_monitor", "import", {"details": "always"})
        self._setting.measured.add("ha_memory_details", cost.memory_mb + more_mb)
        detailed = await shape(self._instance)
        if not detailed.disabled:
            raise BenchmarkError("there are no details")
        self._setting.fleet.stop(self._daemon.process)
        return detailed

    def _config(self, interval_s: float, flipping: int) -> str:
        """Return a configuration in which some checks go up and down every second."""
        checks = http_checks(self._setting.nginx.port)
        for check in checks[:: CHECKS // flipping] if flipping else ():
            number = str(check["url"]).rpartition("/")[2]
            host = str(check["url"]).rpartition(":")[0]
            check["url"] = f"{host}:{self._target_port}/flip/{number}"
            check["interval_s"] = 1.0
        return configuration(checks, interval_s)

    def _start(self, config: str, instead_of: Daemon | None = None) -> Daemon:
        """Start a daemon on the other core."""
        daemon = start_daemon(
            self._setting.fleet, self._setting.target_core, config, instead_of=instead_of
        )
        daemon.wait_until_judged()
        return daemon

    async def _replace(self, config: str) -> None:
        """Go on with another configuration."""
        self._setting.fleet.stop(self._daemon.process)
        self._daemon = await asyncio.to_thread(self._start, config, self._daemon)
        async with watch(self._instance, await connected(self._instance)) as state:
            await state.wait_for("on")
        await asyncio.sleep(self._setting.effort.warm_up_s + _BUSY_S)

    async def _set_up(self) -> Shape:
        """Measure what adding the daemon costs."""
        tell("set-up of 1,000 checks")
        cost = await self._add()
        self._setting.measured.add("ha_setup_cpu", cost.cpu_s)
        self._setting.measured.add("ha_memory", cost.memory_mb)
        async with watch(self._instance, await connected(self._instance)) as state:
            await state.wait_for("on")
        return await shape(self._instance)

    async def _add(self) -> Cost:
        """Add the daemon as a person does."""
        url = f"http://127.0.0.1:{self._daemon.port}"
        filled = {"url": url, "advanced": {"verify_ssl": True}}
        return await set_up(self._instance, "ops_monitor", {"next_step_id": "token"}, filled)

    async def _measure_latency(self, key: str) -> None:
        """Compare the daemon's events with the states that follow."""
        tell(f"from the daemon's event to the entity: {key}")
        entities = await entity_ids(self._instance, "_reachable")
        flipping = [entities[f"http-{n:04}"] for n in range(0, CHECKS, CHECKS // _FLIPPING)]
        seen = Seen()
        end = await self._instance.subscribe("subscribe_entities", seen.take, entity_ids=flipping)
        seconds = self._setting.effort.measure_s
        events = [
            event
            for event, _, _ in await asyncio.to_thread(
                lambda: list(watch_events(self._daemon, seconds))
            )
        ]
        await asyncio.sleep(_PATIENCE_S)
        await end()
        delays = delays_ms(events, seen, entities, _PATIENCE_S)
        if len(delays) < _LEAST_SEEN * _FLIPPING * seconds:
            raise BenchmarkError(f"there were only {len(delays)} changes")
        self._setting.measured.add(f"{key}_p50", percentile(delays, 0.5))
        self._setting.measured.add(f"{key}_p95", percentile(delays, 0.95))

    async def _measure_updates(self) -> None:
        """Measure what an update costs, between two measurements of the floor."""
        tell("CPU time of 1,000 updates/s")
        one_each = {"devices": CHECKS, "enabled": 1, "disabled": 0}
        await set_up(self._instance, "ops_monitor_floor", one_each)
        before_us = await self._write_states()
        update_us = await self._take_updates()
        after_us = await self._write_states()
        floor_us = (before_us + after_us) / 2
        self._setting.measured.add("ha_update", update_us)
        self._setting.measured.add("ha_update_floor", floor_us)
        self._setting.measured.add("ha_update_own", update_us - floor_us)

    async def _take_updates(self) -> float:
        """Return what a run of a check costs Home Assistant in microseconds."""
        await asyncio.sleep(self._setting.effort.warm_up_s)
        nginx, pid = self._setting.nginx, self._instance.pid
        made, used_ns = nginx.connections(), cpu_ns(pid)
        begun_s = time.monotonic()
        await asyncio.to_thread(self._setting.watch, pid, "ha")
        used_ns, made = cpu_ns(pid) - used_ns, nginx.connections() - made - 1
        rate = made / (time.monotonic() - begun_s)
        if rate < _LEAST_SHARE * CHECKS:
            raise BenchmarkError(f"only {rate:.0f} updates came in a second")
        self._setting.measured.add("ha_rate", rate)
        return used_ns / 1000 / made

    async def _write_states(self) -> float:
        """Return what writing one state costs, in microseconds, while the daemon holds its breath.

        That is shorter than the silence after which the connection counts as lost.
        """
        seconds, pid = self._setting.effort.measure_s, self._instance.pid
        self._daemon.process.send_signal(signal.SIGSTOP)
        try:
            await self._instance.act(
                "ops_monitor_floor.write", per_s=CHECKS, seconds=seconds + 2 * _BUSY_S
            )
            await asyncio.sleep(_BUSY_S)
            used_ns, begun_s = cpu_ns(pid), time.monotonic()
            await asyncio.to_thread(self._setting.watch, pid, "ha")
            used_ns = cpu_ns(pid) - used_ns
            return used_ns / 1000 / (CHECKS * (time.monotonic() - begun_s))
        finally:
            self._daemon.process.send_signal(signal.SIGCONT)

    async def _measure_reconnects(self, config: str) -> None:
        """Kill the daemon and start it again, at once and after a while."""
        tell("reconnecting")
        async with watch(self._instance, await connected(self._instance)) as state:
            restarts_s = [await self._reconnect(state, config, 0) for _ in range(_RESTARTS)]
            outage_s = await self._reconnect(state, config, _OUTAGE_S)
        self._setting.measured.add("ha_restart", max(restarts_s))
        self._setting.measured.add("ha_outage", outage_s)

    async def _reconnect(self, state: Watch, config: str, outage_s: float) -> float:
        """Return how long after the daemon's return the connection is back, in seconds."""
        await state.wait_for("on")
        await asyncio.sleep(self._setting.effort.warm_up_s)
        self._daemon.process.kill()
        self._setting.fleet.stop(self._daemon.process)
        await state.wait_for("off")
        await asyncio.sleep(outage_s)
        self._daemon = await asyncio.to_thread(
            lambda: start_daemon(
                self._setting.fleet, self._setting.target_core, config, instead_of=self._daemon
            )
        )
        listens_s = time.time()
        return max(0.0, await state.wait_for("on") - listens_s)


async def _make_floor(instance: HomeAssistant, each: Shape) -> Cost:
    """Make as much without content."""
    tell("the floor: as many empty devices and entities")
    numbers = {"devices": CHECKS, "enabled": each.enabled, "disabled": each.disabled}
    return await set_up(instance, "ops_monitor_floor", numbers)
