"""Whether the daemon lives, and whether it does its work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opsmonitor.api.encode import json_answer
from opsmonitor.api.keys import DEPS, GRANT
from opsmonitor.api.routing import Answer, Routes
from opsmonitor.api.schemas.service import HealthBody, ReadyBody
from opsmonitor.api.scope import Scope
from opsmonitor.util.size import format_size

if TYPE_CHECKING:
    from aiohttp import web

    from opsmonitor.api.deps import ApiDeps

_STALE_TICK_S: Final = 10.0
"""The engine looks around every second: without a sign for so long it is stuck."""
_HEALTH: Final = {200: Answer(body=HealthBody, description="The process lives")}

routes = Routes("daemon")


@routes.get("/health", scope=Scope.PUBLIC, answers=_HEALTH)
@routes.get("/health/", scope=Scope.PUBLIC, answers=_HEALTH)
async def health(request: web.Request) -> web.Response:
    """Tell that the process lives, and which daemon it is."""
    return json_answer(HealthBody(instance_id=request.app[DEPS].store.instance_id))


@routes.get(
    "/ready",
    scope=Scope.PUBLIC,
    answers={
        200: Answer(body=ReadyBody, description="Monitoring is under way"),
        503: Answer(body=ReadyBody, description="It is not; the reasons say why"),
    },
)
async def ready(request: web.Request) -> web.Response:
    """Tell whether states are known, results are kept and checks are run."""
    deps = request.app[DEPS]
    reasons = _reasons(deps)
    # Paths and names from the configuration are not for strangers.
    is_trusted = request[GRANT].scope >= Scope.READ
    body = ReadyBody(
        status="not_ready" if reasons else "ready",
        reasons=reasons,
        warnings=_warnings(deps) if is_trusted else (),
    )
    return json_answer(body, status=503 if reasons else 200)


def _reasons(deps: ApiDeps) -> tuple[str, ...]:
    """Say why the daemon is not ready."""
    reasons: list[str] = []
    if not deps.store.health().writable:
        reasons.append("results cannot be kept: the database is not writable")
    age_s = deps.monitor.stats().last_tick_age_s
    if age_s > _STALE_TICK_S:
        reasons.append(f"the scheduler has not looked for due checks for {age_s:.0f} s")
    return tuple(reasons)


def _warnings(deps: ApiDeps) -> tuple[str, ...]:
    """Say what needs attention although the daemon works."""
    store = deps.store.health()
    warnings = [f"configuration not used: {problem}" for problem in deps.config_problems()]
    trouble = deps.config_trouble()
    if trouble is not None:
        warnings.append(
            f"changes of the configuration are not noticed: {trouble}; "
            "POST /api/config/reload reads it again"
        )
    if store.mode != "disk":
        warnings.append(f"results are kept in memory only: {store.reason or 'no disk'}")
    elif store.reason:
        warnings.append(store.reason)
    space = deps.wellbeing.space
    if space is not None and space.is_low:
        warnings.append(f"only {format_size(space.free_bytes)} are free for the database")
    # A note of the start that tells of the same trouble adds nothing.
    reason = store.reason
    notes = [note for note in deps.store.notes if reason is None or not note.startswith(reason)]
    return (*warnings, *notes)
