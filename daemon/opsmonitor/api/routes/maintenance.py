"""Maintenance windows: told, opened and closed."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

import voluptuous as vol

from opsmonitor.api.body import read_json
from opsmonitor.api.encode import json_answer
from opsmonitor.api.errors import ApiError
from opsmonitor.api.keys import DEPS
from opsmonitor.api.routing import Answer, Routes
from opsmonitor.api.schemas.maintenance import MAINTENANCE, MaintenanceBody
from opsmonitor.api.schemas.service import ErrorBody
from opsmonitor.api.scope import Scope
from opsmonitor.config.maintenance import make_window

if TYPE_CHECKING:
    from aiohttp import web

    from opsmonitor.api.deps import ApiDeps
    from opsmonitor.models.maintenance import Window

_ONE: Final = Answer(body=MaintenanceBody)
_TAKEN: Final = Answer(body=ErrorBody, description="There is one of this id")
_FIXED: Final = Answer(body=ErrorBody, description="It stands in checks.yml")
_UNKNOWN: Final = Answer(body=ErrorBody, description="There is none of this id")

routes = Routes("status")


@routes.get(
    "/api/maintenance",
    scope=Scope.READ,
    answers={200: Answer(body=tuple[MaintenanceBody, ...])},
)
async def windows(request: web.Request) -> web.Response:
    """Return every maintenance window, and when it is open next."""
    return json_answer(_bodies(request.app[DEPS]))


@routes.post(
    "/api/maintenance",
    scope=Scope.ADMIN,
    body=MAINTENANCE,
    answers={200: _ONE, 409: _TAKEN},
)
async def add(request: web.Request) -> web.Response:
    """Add a maintenance window; it outlives a restart."""
    deps = request.app[DEPS]
    values = await read_json(request, MAINTENANCE)
    plan = deps.monitor.maintenance
    window_id = values.get("id") or f"window-{secrets.token_hex(4)}"
    if plan.knows(window_id):
        raise ApiError(409, "id_taken", f"there is a window {window_id!r} already")
    unknown = [name for name in values.get("checks", ()) if name not in deps.monitor.checks]
    if unknown:
        raise _invalid("checks", f"no check has the id {unknown[0]!r}")
    try:
        window = make_window(values, window_id, deps.settings().zone)
    except vol.Invalid as err:
        raise _invalid(str(err.path[0]) if err.path else "", err.error_message) from err
    await deps.store.save_windows([*plan.added(), window])
    plan.add(window)
    return json_answer(_body(deps, window))


@routes.delete(
    "/api/maintenance/{id}",
    scope=Scope.ADMIN,
    answers={200: _ONE, 404: _UNKNOWN, 409: _FIXED},
)
async def remove(request: web.Request) -> web.Response:
    """Remove a maintenance window; one that is open ends."""
    deps = request.app[DEPS]
    plan = deps.monitor.maintenance
    window_id = request.match_info["id"]
    if plan.is_configured(window_id):
        message = f"the window {window_id!r} stands in checks.yml: remove it there"
        raise ApiError(409, "configured", message)
    found = [window for window in plan.added() if window.id == window_id]
    if not found:
        raise ApiError(404, "unknown_window", f"there is no window {window_id!r}")
    await deps.store.save_windows([item for item in plan.added() if item.id != window_id])
    body = _body(deps, found[0])
    plan.remove(window_id)
    return json_answer(body)


def _invalid(where: str, message: str) -> ApiError:
    """Return the answer to a window that makes no sense."""
    sentence = f"{where}: {message}" if where else message
    details = [{"field": where, "message": message}]
    return ApiError(422, "validation_failed", sentence, details=details)


def _bodies(deps: ApiDeps) -> tuple[MaintenanceBody, ...]:
    """Tell of every window."""
    now_ms = deps.clock.now_ms()
    return tuple(
        MaintenanceBody.of(window, when, now_ms, is_configured=is_configured)
        for window, is_configured, when in deps.monitor.maintenance.windows()
    )


def _body(deps: ApiDeps, window: Window) -> MaintenanceBody:
    """Tell of one window."""
    return next(body for body in _bodies(deps) if body.id == window.id)
