"""The web page and its files."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from aiohttp import hdrs, web

import opsmonitor
from opsmonitor.api.encode import json_answer
from opsmonitor.api.errors import ApiError
from opsmonitor.api.keys import DEPS, GRANT, STATES, UPTIME
from opsmonitor.api.routing import Routes
from opsmonitor.api.scope import Kind, Scope
from opsmonitor.dashboard.assets import PREFIX
from opsmonitor.dashboard.journal import Journal, RowMaker, Show, newest
from opsmonitor.dashboard.past import past_text
from opsmonitor.dashboard.renderer import Renderer
from opsmonitor.dashboard.times import TimeText
from opsmonitor.dashboard.view import PageData, PageView
from opsmonitor.engine.summary import Overall

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo

    from opsmonitor.api.deps import ApiDeps, StoreView
    from opsmonitor.api.uptime_cache import Past

RENDERER: Final = Renderer.load()
"""Read when the module is imported, which is before the loop runs and may not be held up."""
_DAY_MS: Final = int(timedelta(days=1).total_seconds() * 1000)
_ROWS: Final = 200
_FOR_EVER: Final = "public, max-age=31536000, immutable"

routes = Routes("page")


@routes.get("/", scope=Scope.READ, kind=Kind.PAGE)
async def page(request: web.Request) -> web.StreamResponse:
    """Answer the page, piece by piece so that a long one does not hold up the checks."""
    response = web.StreamResponse(headers={hdrs.CONTENT_TYPE: "text/html; charset=utf-8"})
    if request.method == hdrs.METH_HEAD:
        await response.prepare(request)
        return response
    view = PageView(await _page_data(request))
    pieces = RENDERER.page(view)
    # The first piece is made before anything is sent, so that a failure can still be told.
    first = next(pieces)
    await response.prepare(request)
    await response.write(first)
    for piece in pieces:
        await response.write(piece)
        # Writing to a fast client does not give way by itself.
        await asyncio.sleep(0)
    await response.write_eof()
    return response


@routes.get("/page/uptime", scope=Scope.READ)
async def uptime(request: web.Request) -> web.Response:
    """Answer what the open page cannot learn from the stream."""
    deps = request.app[DEPS]
    known = await request.app[UPTIME].get()
    return json_answer(
        {
            "uptime": {check_id: past.percent for check_id, past in known.items()},
            "past": _pasts(known),
            "storage": _storage_trouble(deps.store),
        }
    )


@routes.get(PREFIX + "/{version}/{name:.+}", scope=Scope.PUBLIC, kind=Kind.ASSET)
async def asset(request: web.Request) -> web.Response:
    """Answer one of the page's files."""
    found = RENDERER.assets.files.get(request.match_info["name"])
    if found is None:
        raise ApiError(404, "not_found", "there is no such file")
    is_current = request.match_info["version"] == RENDERER.assets.version
    headers = {
        hdrs.ETAG: f'"{found.etag}"',
        # A page of another release must not fix this release's file under its own path.
        hdrs.CACHE_CONTROL: _FOR_EVER if is_current else "no-cache",
    }
    if any(tag.value == found.etag for tag in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    return web.Response(
        body=found.body, content_type=found.content_type, charset="utf-8", headers=headers
    )


async def _page_data(request: web.Request) -> PageData:
    """Gather all that the page says."""
    deps = request.app[DEPS]
    settings = deps.settings()
    zone = await asyncio.to_thread(ZoneInfo, settings.time_zone) if settings.time_zone else None
    runs, known, journal = await asyncio.gather(
        deps.store.recent_runs(),
        request.app[UPTIME].get(),
        _journal(deps, request.query, zone),
    )
    return PageData(
        now_ms=deps.clock.now_ms(),
        version=opsmonitor.__version__,
        zone=zone,
        zone_name=settings.time_zone or "",
        checks=dict(deps.monitor.checks),
        states=dict(deps.monitor.states),
        runs=runs,
        uptimes={check_id: past.percent for check_id, past in known.items()},
        pasts=_pasts(known),
        journal=journal,
        readings=list(deps.readings.states.values()),
        problems=[str(problem) for problem in deps.config_problems()],
        storage=_storage_trouble(deps.store),
        mute=deps.telling.state.mute,
        can_run=request[GRANT].scope >= Scope.ADMIN,
        can_sign_out=request[GRANT].uses_cookie,
        is_critical=request.app[STATES].counts().overall is Overall.CRIT,
    )


async def _journal(deps: ApiDeps, query: Mapping[str, str], zone: tzinfo | None) -> Journal:
    """Read the table of the last 24 hours."""
    show = Show(query["show"]) if query.get("show") in set(Show) else Show.EVENTS
    check_id = query.get("check") or None
    since_ms = deps.clock.now_ms() - _DAY_MS
    rows = RowMaker(deps.monitor.checks, TimeText(zone))
    found = []
    # One more than is shown is asked for, to know whether there is more.
    if show is not Show.FAILURES:
        events = await deps.store.events(limit=_ROWS + 1, since_ms=since_ms, check_id=check_id)
        found += [rows.event(event) for event in events]
        moments = await deps.store.reading_events(limit=_ROWS + 1, since_ms=since_ms, name=check_id)
        found += [rows.happening(moment) for moment in moments]
    if show is not Show.EVENTS:
        runs = await deps.store.runs(
            since_ms=since_ms,
            check_id=check_id,
            limit=_ROWS + 1,
            only_failed=show is Show.FAILURES,
        )
        found += [rows.run(run) for run in runs]
    return Journal(
        show=show,
        check_id=check_id,
        check_name=rows.name(check_id) if check_id else "",
        rows=newest(found, _ROWS),
        is_capped=len(found) > _ROWS,
        limit=_ROWS,
    )


def _pasts(known: Mapping[str, Past]) -> dict[str, str]:
    """Return what is known of the past beside the uptimes, in words, where there is anything."""
    texts = {key: past_text(past.latency_avg_ms, past.budget) for key, past in known.items()}
    return {key: text for key, text in texts.items() if text}


def _storage_trouble(store: StoreView) -> str:
    """Say why results are not being kept; nothing when they are."""
    health = store.health()
    if health.mode == "disk" and health.writable:
        return ""
    return health.reason or "They are lost when the daemon stops."
