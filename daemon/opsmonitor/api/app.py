"""Build the HTTP API from its parts."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from aiohttp import web

from opsmonitor.api.answers import WEIGHTY, StateCache
from opsmonitor.api.auth import refuse_open_server
from opsmonitor.api.body import MAX_BODY_BYTES
from opsmonitor.api.document import Document
from opsmonitor.api.errors import error_middleware
from opsmonitor.api.guard import Guard
from opsmonitor.api.headers import add_security_headers
from opsmonitor.api.hosts import HostList
from opsmonitor.api.keys import (
    DEPS,
    DOCUMENT,
    HOSTS,
    LOGIN,
    PAIR,
    PUSHES,
    READINGS,
    STATES,
    STREAM,
    UPTIME,
    VERDICTS,
)
from opsmonitor.api.login import LoginDesk, cookie_name
from opsmonitor.api.openapi import describe
from opsmonitor.api.pages import render
from opsmonitor.api.pair_desk import PairDesk
from opsmonitor.api.push_desk import PushDesk
from opsmonitor.api.readings import ReadingCache
from opsmonitor.api.routes import (
    acknowledge,
    alerts,
    checks,
    config,
    dashboard,
    docs,
    health,
    heartbeat,
    home_assistant,
    info,
    login,
    maintenance,
    metrics,
    ops,
    pair_page,
    pairing,
    proof,
    readings,
    remediation,
    status,
    stream,
    tokens,
    update,
)
from opsmonitor.api.routing import add_routes, refuse_unscoped_routes
from opsmonitor.api.sessions import Sessions
from opsmonitor.api.stream import HEARTBEAT_S, StreamHub
from opsmonitor.api.uptime_cache import UptimeCache
from opsmonitor.api.verdict_counter import VerdictCounter

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from opsmonitor.api.deps import ApiDeps
    from opsmonitor.config.settings import ServerSettings
    from opsmonitor.engine.batch import Batch
    from opsmonitor.models.reading import ReadingChange

ROUTES: Final = tuple(
    module.routes
    for module in (
        health,
        info,
        update,
        config,
        status,
        checks,
        heartbeat,
        maintenance,
        home_assistant,
        stream,
        ops,
        readings,
        alerts,
        remediation,
        pairing,
        proof,
        tokens,
        metrics,
        docs,
        login,
        acknowledge,
        pair_page,
        dashboard,
    )
)
"""All routes, resource by resource."""


def create_app(deps: ApiDeps, *, heartbeat_s: float = HEARTBEAT_S) -> web.Application:
    """Return the application.

    Raises:
        ConfigError: Others could reach the server, and no token is set.

    """

    def server() -> ServerSettings:
        return deps.settings().server

    refuse_open_server(server())
    sessions = Sessions(server, deps.clock)
    cookie = cookie_name(deps.store.instance_id)
    hosts = HostList(server, deps.clock)
    guard = Guard(server, hosts, deps.tokens, sessions, cookie, deps.clock)
    app = web.Application(
        middlewares=[error_middleware, guard.middleware], client_max_size=MAX_BODY_BYTES
    )
    app[DEPS] = deps
    app[HOSTS] = hosts
    app[STATES] = StateCache(deps.monitor, deps.readings, hosts.own_names)
    app[PUSHES] = PushDesk(deps.heartbeats, deps.clock)
    app[VERDICTS] = VerdictCounter()
    app[READINGS] = ReadingCache(deps.readings, deps.clock)
    app[STREAM] = StreamHub(deps, app[STATES], app[READINGS], heartbeat_s=heartbeat_s)
    app[UPTIME] = UptimeCache(deps.monitor, deps.store, deps.clock)
    app[LOGIN] = LoginDesk(server, sessions, cookie, deps.clock)
    app[PAIR] = PairDesk(deps.pairing, deps.tokens, deps.clock)
    app[DOCUMENT] = Document(api_document, lambda content: render("docs.html", document=content))
    for routes in ROUTES:
        add_routes(app, routes)
    refuse_unscoped_routes(app)
    app.on_response_prepare.append(add_security_headers)
    app.cleanup_ctx.append(_follow_the_engine)
    app.on_shutdown.append(_say_goodbye)
    return app


def api_document() -> dict[str, object]:
    """Return the description of the API."""
    return describe(spec for routes in ROUTES for spec in routes.specs)


async def _follow_the_engine(app: web.Application) -> AsyncIterator[None]:
    """Take in every batch of the engine while the server runs."""
    unsubscribe = app[DEPS].monitor.subscribe(partial(_take_in, app))
    unsubscribe_readings = app[DEPS].readings.subscribe(partial(_take_in_reading, app))
    unsubscribe_telling = app[DEPS].telling.subscribe(app[STREAM].publish_alerts)
    unsubscribe_wellbeing = app[DEPS].wellbeing.subscribe(app[STREAM].publish_daemon)
    app[STREAM].start()
    yield
    unsubscribe_wellbeing()
    unsubscribe_telling()
    unsubscribe_readings()
    unsubscribe()
    await app[UPTIME].close()


def _take_in(app: web.Application, batch: Batch) -> None:
    """Mark what a batch changed, then tell it."""
    app[STATES].invalidate(batch)
    app[VERDICTS].add(batch)
    app[UPTIME].note(batch)
    app[STREAM].publish(batch)


def _take_in_reading(app: web.Application, change: ReadingChange) -> None:
    """Mark what a poll changed, then tell it."""
    if change.state.probe == WEIGHTY:
        app[STATES].invalidate_whole()
    app[STREAM].publish_reading(change)


async def _say_goodbye(app: web.Application) -> None:
    """End the streams, so that the server can close."""
    await app[STREAM].close()
