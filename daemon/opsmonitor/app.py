"""Build the daemon's parts in order, run them, and close them in reverse."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
import logging
import shutil
import signal
from typing import TYPE_CHECKING, Final

from opsmonitor import __version__
from opsmonitor.access_token import heartbeat_key, link_key, proof_key, token_key
from opsmonitor.api.app import create_app
from opsmonitor.api.deps import ApiDeps
from opsmonitor.api.server import serve
from opsmonitor.config.watcher import Watcher, snapshot
from opsmonitor.engine.heartbeats import Heartbeats
from opsmonitor.engine.house_beats import HouseBeats
from opsmonitor.engine.identity import Identity
from opsmonitor.engine.links import Links
from opsmonitor.engine.monitor import Monitor
from opsmonitor.engine.pairing import Pairing
from opsmonitor.engine.poller import Poller
from opsmonitor.engine.remedies import Remedies
from opsmonitor.engine.space import SpaceWatch
from opsmonitor.engine.telling import Telling
from opsmonitor.engine.tokens import Tokens
from opsmonitor.engine.update_watch import UpdateWatch
from opsmonitor.engine.wellbeing import Wellbeing
from opsmonitor.exceptions import StoreError
from opsmonitor.notifiers.base import SendContext
from opsmonitor.reload import Reloader
from opsmonitor.store.store import Store
from opsmonitor.util.announcer import Announcement, announce as announce_in_network
from opsmonitor.util.clock import SystemClock
from opsmonitor.util.garbage import settle_collector
from opsmonitor.util.http import HttpTransport
from opsmonitor.util.net import is_loopback, url_host
from opsmonitor.util.resolver import Resolver
from opsmonitor.util.sd_notify import Notifier

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine
    from pathlib import Path

    from opsmonitor.config.settings import Settings
    from opsmonitor.config_source import ConfigSource
    from opsmonitor.engine.batch import Batch
    from opsmonitor.models.check import CheckState

_LOGGER = logging.getLogger(__name__)

DATABASE_FILE: Final = "ops-monitor.db"
_STALE_TICK_S: Final = 10.0
"""Without a tick for this long the engine is stuck, and systemd is told nothing more."""


def database_path(settings: Settings, data: Path) -> Path:
    """Return where the database lies."""
    return settings.store.path or data / DATABASE_FILE


async def run_daemon(source: ConfigSource, announce: Callable[[str], None]) -> None:
    """Run until SIGINT or SIGTERM; `announce` is given the dashboard's address.

    Raises:
        ConfigError: The configuration is not valid.
        ListenError: The address to listen on cannot be had.
        StoreError: There can be no data folder, or the database belongs to another daemon or to
            a newer version.

    """
    async with AsyncExitStack() as stack:
        # Both to the very end: a signal during the start or the stop must not kill the process.
        stop = _event_of(stack, signal.SIGINT, signal.SIGTERM)
        reload = _event_of(stack, signal.SIGHUP)
        clock = SystemClock()
        started_ms = clock.now_ms()
        _make_folder(source.data)
        before = await snapshot([source.path])
        settings = await asyncio.to_thread(source.load)
        # Of the main file even a change that is made while it is read must not be missed.
        stamps = await snapshot(settings.files) | before
        _tell_warnings(settings)
        store = await _open_store(stack, settings, source.data, clock)
        resolver, http = _open_network(stack)
        telling = Telling(
            store=store,
            clock=clock,
            kinds=source.channels,
            context=SendContext(http=http),
            settings=lambda: reloader.settings,
            states=lambda: monitor.states,
            links=Links(await asyncio.to_thread(link_key, source.data), lambda: reloader.settings),
        )
        await telling.open()
        stack.push_async_callback(telling.close)
        beats = HouseBeats()
        poller = Poller(
            probe_types=source.probes,
            keeper=store,
            clock=clock,
            http=http,
            resolver=resolver,
            known=await store.reading_states(),
            beat=beats.latest,
        )
        stack.push_async_callback(poller.stop)
        heartbeats = Heartbeats(
            store=store,
            clock=clock,
            key=await asyncio.to_thread(heartbeat_key, source.data),
            settings=lambda: reloader.settings,
        )
        await heartbeats.open(store.alive_ms)
        stack.push_async_callback(heartbeats.close)
        tokens = await _open_tokens(stack, store, source.data, clock)
        monitor = Monitor(
            check_types=source.types,
            recorder=store,
            clock=clock,
            http=http,
            resolver=resolver,
            states=await _known_states(store, settings, clock),
            values=poller,
            windows=await store.windows(),
            pulses=heartbeats.pulse,
        )
        stack.push_async_callback(monitor.stop)
        remedies = Remedies(
            store=store,
            clock=clock,
            host=monitor,
            kinds=source.actions,
            http=http,
            settings=lambda: reloader.settings,
        )
        stack.push_async_callback(remedies.close)
        heartbeats.attach(monitor.run_soon)
        monitor.subscribe(_settle_after_change)
        monitor.subscribe(telling.take)
        monitor.subscribe(heartbeats.take)
        monitor.subscribe(remedies.take)
        folder = database_path(settings, source.data).parent
        wellbeing, updates = await _watch_itself(stack, settings, folder, http, clock)
        reloader = Reloader(source.load, settings, monitor, followers=[poller.apply, updates.apply])
        watcher = Watcher(reloader.files, reloader.reload, known=stamps)
        poller.apply(settings)
        monitor.apply(settings)
        await remedies.open()
        deps = ApiDeps(
            monitor=monitor,
            store=store,
            telling=telling,
            remedies=remedies,
            readings=poller,
            heartbeats=heartbeats,
            tokens=tokens,
            pairing=Pairing(clock),
            wellbeing=wellbeing,
            identity=Identity(await asyncio.to_thread(proof_key, source.data)),
            hear_house=beats.take,
            clock=clock,
            settings=lambda: reloader.settings,
            config_problems=lambda: reloader.problems,
            config_trouble=lambda: watcher.trouble,
            started_ms=started_ms,
            request_reload=reloader.reload,
        )
        server = settings.server
        port = await stack.enter_async_context(serve(create_app(deps), server.host, server.port))
        monitor.start()
        poller.start()
        announce(f"http://{url_host(_reachable_host(server.host))}:{port}/")
        # An id that is made up for want of the real one would be taken for a new daemon.
        if server.announce and store.has_past and not is_loopback(server.host):
            await stack.enter_async_context(_announced(server.host, port, store.instance_id))
        await stack.enter_async_context(_background(watcher, reloader, monitor, reload))
        await stop.wait()
        _LOGGER.info("Stopping")


def _make_folder(data: Path) -> None:
    """Make the data folder where there is none yet."""
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as err:
        msg = f"cannot make the data folder {data}: {err.strerror}; choose another with --data"
        raise StoreError(msg) from err


def _event_of(stack: AsyncExitStack, *numbers: signal.Signals) -> asyncio.Event:
    """Return an event that any of these signals sets."""
    event = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in numbers:
        loop.add_signal_handler(number, event.set)
        stack.callback(loop.remove_signal_handler, number)
    return event


def _tell_warnings(settings: Settings) -> None:
    """Log what is odd about a valid configuration."""
    for warning in settings.warnings:
        _LOGGER.warning("%s", warning)


async def _open_store(
    stack: AsyncExitStack, settings: Settings, data: Path, clock: SystemClock
) -> Store:
    """Open the database and see to its closing."""
    path = database_path(settings, data)
    store = await Store.open(path, clock=clock, retention=settings.store.retention)
    stack.push_async_callback(store.close)
    for note in store.notes:
        _LOGGER.warning("%s", note)
    return store


async def _open_tokens(
    stack: AsyncExitStack, store: Store, data: Path, clock: SystemClock
) -> Tokens:
    """Return who knows the tokens of programs, and see to their closing."""
    tokens = Tokens(store=store, clock=clock, read_key=partial(token_key, data))
    await tokens.open()
    stack.push_async_callback(tokens.close)
    return tokens


async def _watch_itself(
    stack: AsyncExitStack, settings: Settings, folder: Path, http: HttpTransport, clock: SystemClock
) -> tuple[Wellbeing, UpdateWatch]:
    """Return what is known of how the daemon is doing, which is kept up to date from now on."""
    wellbeing = Wellbeing()
    space = SpaceWatch(folder, shutil.disk_usage, wellbeing)
    updates = UpdateWatch(settings.updates, http=http, clock=clock, wellbeing=wellbeing)
    await stack.enter_async_context(_running(space.run(), "space"))
    await stack.enter_async_context(_running(updates.run(), "updates"))
    return wellbeing, updates


async def _known_states(
    store: Store, settings: Settings, clock: SystemClock
) -> dict[str, CheckState]:
    """Return the last known states; what left the configuration is closed."""
    states = await store.load_states()
    gone = states.keys() - settings.checks.keys()
    if gone:
        store.remove_checks(gone, clock.now_ms())
    return states


def _open_network(stack: AsyncExitStack) -> tuple[Resolver, HttpTransport]:
    """Return what speaks to others, and see to its closing."""
    resolver = Resolver()
    stack.push_async_callback(resolver.close)
    http = HttpTransport(resolver)
    stack.push_async_callback(http.close)
    return resolver, http


def _settle_after_change(batch: Batch) -> None:
    """Tell the garbage collector that what a new configuration brought is here to stay."""
    if batch.config_changed:
        settle_collector()


def _reachable_host(host: str) -> str:
    """Return an address that a browser on this machine can open."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound


@asynccontextmanager
async def _announced(host: str, port: int, instance_id: str) -> AsyncIterator[None]:
    """Be found in the network while the context lasts."""
    announcement = Announcement(host=host, port=port, instance_id=instance_id, version=__version__)
    async with _running(announce_in_network(announcement), "announcer"):
        yield


@asynccontextmanager
async def _running(work: Coroutine[object, object, None], name: str) -> AsyncIterator[None]:
    """Do something beside all else while the context lasts."""
    task = asyncio.create_task(work, name=name)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


@asynccontextmanager
async def _background(
    watcher: Watcher, reloader: Reloader, monitor: Monitor, asked: asyncio.Event
) -> AsyncIterator[None]:
    """Follow the configuration files, reload when asked, and keep systemd informed."""
    notifier = Notifier()
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(watcher.run(), name="config-watcher"),
            group.create_task(_reload_when_asked(asked, reloader), name="reload"),
            group.create_task(_keep_watchdog(notifier, monitor), name="watchdog"),
        ]
        notifier.send("READY=1", f"STATUS=Ops Monitor {__version__}: {len(monitor.checks)} checks")
        try:
            yield
        finally:
            notifier.send("STOPPING=1")
            for task in tasks:
                task.cancel()


async def _reload_when_asked(asked: asyncio.Event, reloader: Reloader) -> None:
    """Reload when asked; whatever is asked for meanwhile makes one more reload, not many."""
    while True:
        await asked.wait()
        asked.clear()
        await reloader.reload()


async def _keep_watchdog(notifier: Notifier, monitor: Monitor) -> None:
    """Tell systemd that all is well while the engine ticks.

    A database that cannot be written is no reason to be restarted: monitoring goes on in memory.
    """
    if notifier.watchdog_s is None:
        return
    while True:
        if monitor.stats().last_tick_age_s < _STALE_TICK_S:
            notifier.send("WATCHDOG=1")
        await asyncio.sleep(notifier.watchdog_s / 2)
