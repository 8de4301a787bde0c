"""The configuration in force."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opsmonitor.api.body import read_json
from opsmonitor.api.encode import json_answer, json_keys
from opsmonitor.api.keys import DEPS
from opsmonitor.api.routing import Answer, Routes
from opsmonitor.api.schemas.requests import NO_BODY
from opsmonitor.api.schemas.service import (
    ConfigBody,
    RawRegistryBody,
    RegistryBody,
    ReloadBody,
)
from opsmonitor.api.scope import Scope

if TYPE_CHECKING:
    from aiohttp import web

routes = Routes("configuration")


@routes.get("/config", scope=Scope.READ, answers={200: Answer(body=ConfigBody)})
async def config(request: web.Request) -> web.Response:
    """Return the effective settings without secrets."""
    least = {key: None for _, key in json_keys(ConfigBody)}
    return json_answer({**least, **request.app[DEPS].settings().public})


@routes.get("/api/registry/raw", scope=Scope.READ, answers={200: Answer(body=RawRegistryBody)})
async def raw_registry(request: web.Request) -> web.Response:
    """Return the configuration file as written, secrets redacted."""
    raw = request.app[DEPS].settings().raw
    sections = {"defaults": raw.get("defaults") or {}, "checks": raw.get("checks") or []}
    return json_answer({**raw, **sections})


@routes.get("/api/registry", scope=Scope.READ, answers={200: Answer(body=RegistryBody)})
async def registry(request: web.Request) -> web.Response:
    """Return every check with its defaults applied."""
    settings = request.app[DEPS].settings()
    checks = {check.id: check.public for check in settings.checks.values()}
    return json_answer(RegistryBody(defaults=settings.defaults, checks=checks, count=len(checks)))


@routes.post(
    "/api/config/reload", scope=Scope.ADMIN, body=NO_BODY, answers={200: Answer(body=ReloadBody)}
)
async def reload(request: web.Request) -> web.Response:
    """Read the configuration again, and put it in force if it is valid."""
    deps = request.app[DEPS]
    await read_json(request, NO_BODY)
    await deps.request_reload()
    problems = tuple(str(problem) for problem in deps.config_problems())
    return json_answer(ReloadBody(ok=not problems, problems=problems))
