"""A running API with doubles behind it, and a client that holds it to its description."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
import json
import re
from typing import Any, Final

import aiohttp
from aiohttp import web
from jsonschema import Draft202012Validator

from opsmonitor.api.app import api_document, create_app
from opsmonitor.api.deps import ApiDeps, MonitorView, StoreView
from opsmonitor.api.keys import STREAM
from opsmonitor.api.server import serve
from opsmonitor.config.settings import CheckSettings, ServerSettings, Settings
from opsmonitor.engine.batch import Batch
from opsmonitor.engine.heartbeats import Heartbeats
from opsmonitor.engine.house_beats import HouseBeats
from opsmonitor.engine.identity import Identity
from opsmonitor.engine.pairing import Pairing
from opsmonitor.engine.tokens import Tokens
from opsmonitor.engine.wellbeing import Wellbeing
from opsmonitor.models.config import ConfigProblem
from opsmonitor.util.clock import Clock, FakeClock
from opsmonitor.util.secret import Secret
from tests.daemon.api.doubles import (
    HandMonitor,
    HandReadings,
    HandRemedies,
    HandStore,
    HandTelling,
    Reloads,
    SettingsBox,
)

ADDRESS: Final = "127.0.0.1"
IDENTITY: Final = Identity(Secret("the key of the proofs"))


def _closed(schema: Any) -> Any:
    """Return a schema in which no object may have keys that are not described."""
    if isinstance(schema, list):
        return [_closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _closed(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        closed.setdefault("additionalProperties", False)
    return closed


DOCUMENT: Final[dict[str, Any]] = json.loads(json.dumps(api_document()))
CLOSED: Final[dict[str, Any]] = _closed(DOCUMENT)
_PATTERNS: Final = {
    re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))): path for path in CLOSED["paths"]
}


def validator(schema: Mapping[str, Any]) -> Draft202012Validator:
    """Return a validator of a schema that may refer to the document's components."""
    return Draft202012Validator({**schema, "components": CLOSED["components"]})


def described(path: str) -> Mapping[str, Any]:
    """Return what the document says of a path; literal paths go before patterns."""
    if path in CLOSED["paths"]:
        found: Mapping[str, Any] = CLOSED["paths"][path]
        return found
    for pattern, name in _PATTERNS.items():
        if pattern.fullmatch(path):
            return dict(CLOSED["paths"][name])
    return {}


class Reply:
    """An answer, read to its end and checked against the description."""

    def __init__(self, response: aiohttp.ClientResponse, body: bytes) -> None:
        """Keep the answer."""
        self.status = response.status
        self.headers = response.headers
        self.body = body
        self._check(response)

    @property
    def json(self) -> Any:
        """Return the body."""
        return json.loads(self.body)

    @property
    def error(self) -> Any:
        """Return the error in the body."""
        return self.json["error"]

    def _check(self, response: aiohttp.ClientResponse) -> None:
        """Hold a JSON answer to the description."""
        if response.content_type != "application/json" or not self.body:
            return
        operation = described(response.url.path).get(response.method.lower(), {})
        answers = operation.get("responses", {})
        answer = answers.get(str(self.status), CLOSED["components"]["responses"]["Error"])
        if self.status < 400 and not operation:
            return
        validator(answer["content"]["application/json"]["schema"]).validate(self.json)


class House:
    """The API as a server on loopback."""

    def __init__(self, checks: Sequence[CheckSettings], server: ServerSettings) -> None:
        """Build the parts; `open` starts the server."""
        self.clock = FakeClock()
        self.monitor = HandMonitor(self.clock, checks)
        self.store = HandStore()
        self.telling = HandTelling()
        self.remedies = HandRemedies()
        self.readings = HandReadings()
        self.reloads = Reloads()
        self.beats = HouseBeats()
        self.tokens = tokens_of(self.store, self.clock)
        self.pairing = Pairing(self.clock)
        self.wellbeing = Wellbeing()
        self.problems: list[ConfigProblem] = []
        self.config_trouble: str | None = None
        self.settings = SettingsBox(
            Settings(checks={item.id: item for item in checks}, server=server)
        )
        self.heartbeats = heartbeats_of(self.store, self.clock, self.settings)
        self.port = 0
        self.app: web.Application
        self.session: aiohttp.ClientSession

    def serve_as(self, **changes: Any) -> None:
        """Change settings of the server while it runs."""
        settings = self.settings.settings
        self.settings.settings = replace(settings, server=replace(settings.server, **changes))

    async def until_nobody_listens(self) -> None:
        """Wait until the server has noticed that the clients of the stream are gone."""
        async with asyncio.timeout(60):
            while self.app[STREAM].clients:  # noqa: ASYNC110 - the server tells nobody
                await asyncio.sleep(0.005)

    async def ask(self, method: str, path: str, **options: Any) -> Reply:
        """Send a request without following redirects."""
        options.setdefault("allow_redirects", False)
        async with self.session.request(
            method, f"http://{ADDRESS}:{self.port}{path}", **options
        ) as response:
            return Reply(response, await response.read())

    async def get(self, path: str, **options: Any) -> Reply:
        """Send a GET request."""
        return await self.ask("GET", path, **options)

    async def post(self, path: str, **options: Any) -> Reply:
        """Send a POST request."""
        return await self.ask("POST", path, **options)

    async def patch(self, path: str, **options: Any) -> Reply:
        """Send a PATCH request."""
        return await self.ask("PATCH", path, **options)

    async def delete(self, path: str, **options: Any) -> Reply:
        """Send a DELETE request."""
        return await self.ask("DELETE", path, **options)


def cookie_of(reply: Reply) -> dict[str, str]:
    """Return the header that sends back the cookie of an answer."""
    return {"Cookie": reply.headers["Set-Cookie"].partition(";")[0]}


def heartbeats_of(store: HandStore, clock: Clock, settings: SettingsBox) -> Heartbeats:
    """Return the real thing, with the configuration in force."""
    key = Secret("the key of the house")
    return Heartbeats(store=store, clock=clock, key=key, settings=settings)


def tokens_of(store: HandStore, clock: Clock) -> Tokens:
    """Return the real thing."""
    return Tokens(store=store, clock=clock, read_key=lambda: Secret("the key of the tokens"))


@asynccontextmanager
async def open_house(
    *checks: CheckSettings,
    heartbeat_s: float = 15.0,
    tokens: Tokens | None = None,
    **server: Any,
) -> AsyncIterator[House]:
    """Run the API while the context lasts."""
    house = House(checks, ServerSettings(**server))
    if tokens is None:
        await house.tokens.open()
    else:
        house.tokens = tokens
    deps = ApiDeps(
        monitor=house.monitor,
        store=house.store,
        telling=house.telling,
        remedies=house.remedies,
        readings=house.readings,
        heartbeats=house.heartbeats,
        tokens=house.tokens,
        pairing=house.pairing,
        identity=IDENTITY,
        wellbeing=house.wellbeing,
        hear_house=house.beats.take,
        clock=house.clock,
        settings=house.settings,
        config_problems=lambda: house.problems,
        config_trouble=lambda: house.config_trouble,
        started_ms=house.clock.now_ms(),
        request_reload=house.reloads,
    )
    house.app = create_app(deps, heartbeat_s=heartbeat_s)
    house.heartbeats.take(Batch(config_changed=True))
    async with (
        serve(house.app, ADDRESS, 0) as house.port,
        aiohttp.ClientSession(auto_decompress=True) as house.session,
    ):
        yield house


def real_deps(monitor: MonitorView, store: StoreView, clock: Clock, settings: Settings) -> ApiDeps:
    """Return what the API is given in the daemon."""
    return ApiDeps(
        monitor=monitor,
        store=store,
        telling=HandTelling(),
        remedies=HandRemedies(),
        readings=HandReadings(),
        heartbeats=heartbeats_of(HandStore(), clock, SettingsBox(settings)),
        tokens=tokens_of(HandStore(), clock),
        pairing=Pairing(clock),
        identity=IDENTITY,
        wellbeing=Wellbeing(),
        hear_house=HouseBeats().take,
        clock=clock,
        settings=SettingsBox(settings),
        config_problems=list,
        config_trouble=lambda: None,
        started_ms=clock.now_ms(),
        request_reload=Reloads(),
    )
