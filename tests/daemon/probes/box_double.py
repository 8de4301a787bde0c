"""A box that is asked in JSON over HTTP: it answers what it was told to, and misbehaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from hashlib import sha256
import ssl
from typing import Any, TypeAlias

from aiohttp import web

from tests.daemon.targets import CERTIFICATES, server_tls

Misbehave: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


def fingerprint(name: str = "self-signed") -> str:
    """Return the SHA-256 of a certificate of the fixtures."""
    der = ssl.PEM_cert_to_DER_cert((CERTIFICATES / f"{name}.pem").read_text())
    return sha256(der).hexdigest()


class Box:
    """Answers by path; longer keys are paths with their query."""

    def __init__(self, answers: Mapping[str, Any], headers: Mapping[str, str]) -> None:
        """Take the answers, and the headers without which nobody gets any."""
        self.answers = dict(answers)
        self.headers = dict(headers)
        self.misbehave: dict[str, Misbehave] = {}
        """By the beginning of the path; the longest one counts."""
        self.asked: list[str] = []
        self.port = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        self.asked.append(f"{request.method} {request.raw_path}")
        bad = [start for start in self.misbehave if request.path.startswith(start)]
        if bad:
            return await self.misbehave[max(bad, key=len)](request)
        if any(request.headers.get(name) != value for name, value in self.headers.items()):
            return self.unauthorized()
        for path in (request.raw_path, request.path):
            if path in self.answers:
                found = self.answers[path]
                return await found(request) if callable(found) else self.good(found)
        return self.unknown(request)

    def good(self, found: Any) -> web.Response:
        """Return an answer."""
        return web.json_response(found)

    def unauthorized(self) -> web.Response:
        """Return the answer to a stranger."""
        return web.json_response({"message": "Invalid API key"}, status=401)

    def unknown(self, request: web.Request) -> web.Response:
        """Return the answer to a path that is not known."""
        return web.json_response({"message": f"no {request.path}"}, status=404)

    @asynccontextmanager
    async def serving(self, *, certificate: str | None = None) -> AsyncIterator[str]:
        """Listen on a free port; what is yielded is the address."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self.answer)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        tls = None if certificate is None else server_tls(certificate)
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
        self.port = runner.addresses[0][1]
        try:
            yield f"{'http' if certificate is None else 'https'}://127.0.0.1:{self.port}"
        finally:
            await runner.cleanup()


async def hang(_request: web.Request) -> web.StreamResponse:
    """Never answer."""
    await asyncio.Event().wait()
    raise AssertionError


async def reset(request: web.Request) -> web.StreamResponse:
    """Cut the connection."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


def status(code: int, *, reason: str | None = None, body: Any = None) -> Misbehave:
    """Answer with a status."""

    async def answer(_request: web.Request) -> web.StreamResponse:
        """Answer."""
        return web.json_response(body, status=code, reason=reason)

    return answer


def raw(body: bytes, *, content_type: str = "application/json") -> Misbehave:
    """Answer with these bytes."""

    async def answer(_request: web.Request) -> web.StreamResponse:
        """Answer."""
        return web.Response(body=body, content_type=content_type)

    return answer
