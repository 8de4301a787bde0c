"""Maintenance windows: told, opened and closed."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol

from opsmonitor.api.body import read_json
from opsmonitor.api.encode import json_answer
from opsmonitor.api.errors import ApiError
from opsmonitor.api.keys import DEPS
from opsmonitor.api.routing import Answer, Routes
from opsmonitor.api.schemas.maintenance import (
    MAINTENANCE,
    MAINTENANCE_CHANGE,
    MaintenanceBody,
)
from opsmonitor.api.schemas.service import ErrorBody
from opsmonitor.api.scope import Scope
from opsmonitor.config.maintenance import change_window, make_window

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aiohttp import web

    from opsmonitor.api.deps import ApiDeps
    from opsmonitor.models.maintenance import Window

_ONE: Final = Answer(body=MaintenanceBody)
_TAKEN: Final = Answer(body=ErrorBody, description="There is one of this id")
_FIXED: Final = Answer(body=ErrorBody, description="It stands in checks.yml")
_UNCHANGEABLE: Final = Answer(body=ErrorBody, description="It stands in checks.yml, or recurs")
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
    async with plan.turn:
        if plan.knows(window_id):
            raise ApiError(409, "id_taken", f"there is a window {window_id!r} already")
        zone = deps.settings().zone
        window = _made(deps, values, lambda: make_window(values, window_id, zone))
        await deps.store.save_windows([*plan.added(), window])
        plan.add(window)
        return json_answer(_body(deps, window))


@routes.patch(
    "/api/maintenance/{id}",
    scope=Scope.ADMIN,
    body=MAINTENANCE_CHANGE,
    answers={200: _ONE, 404: _UNKNOWN, 409: _UNCHANGEABLE},
)
async def change(request: web.Request) -> web.Response:
    """Change a maintenance window that is open once; one that is open may end sooner or later."""
    deps = request.app[DEPS]
    values = await read_json(request, MAINTENANCE_CHANGE)
    plan = deps.monitor.maintenance
    async with plan.turn:
        before = _added(deps, request.match_info["id"])
        if before.from_ms is None:
            message = f"the window {before.id!r} recurs: remove it, and add another"
            raise ApiError(409, "recurring", message)
        zone = deps.settings().zone
        window = _made(deps, values, lambda: change_window(before, values, zone))
        others = [item for item in plan.added() if item.id != window.id]
        await deps.store.save_windows([*others, window])
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
    async with plan.turn:
        window = _added(deps, request.match_info["id"])
        await deps.store.save_windows([item for item in plan.added() if item.id != window.id])
        body = _body(deps, window)
        plan.remove(window.id)
        return json_answer(body)


def _added(deps: ApiDeps, window_id: str) -> Window:
    """Return a window that can be changed here.

    Raises:
        ApiError: 404, there is none of this id; 409, it stands in the configuration.

    """
    plan = deps.monitor.maintenance
    if plan.is_configured(window_id):
        message = f"the window {window_id!r} stands in checks.yml: change it there"
        raise ApiError(409, "configured", message)
    for window in plan.added():
        if window.id == window_id:
            return window
    raise ApiError(404, "unknown_window", f"there is no window {window_id!r}")


def _made(deps: ApiDeps, values: Mapping[str, Any], make: Callable[[], Window]) -> Window:
    """Return a window of what was asked for.

    Raises:
        ApiError: 422, it makes no sense.

    """
    unknown = [name for name in values.get("checks", ()) if name not in deps.monitor.checks]
    if unknown:
        raise _invalid("checks", f"no check has the id {unknown[0]!r}")
    try:
        return make()
    except vol.Invalid as err:
        raise _invalid(str(err.path[0]) if err.path else "", err.error_message) from err


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
