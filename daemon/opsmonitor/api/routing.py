"""Routes that say who may call them, what they take and what they answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from aiohttp import hdrs, web

from opsmonitor.api.errors import meet_expectation
from opsmonitor.api.scope import Kind, Scope

if TYPE_CHECKING:
    from aiohttp.web_urldispatcher import AbstractRoute

    from opsmonitor.api.schemas.validation import RequestSchema

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One possible answer of a route, for the description of the API."""

    body: Any = None
    """The dataclass of the JSON body, or None for other content."""
    content_type: str = "application/json"
    description: str = ""
    frames: Mapping[str, Any] = field(default_factory=dict)
    """For a stream: the dataclass of each event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteSpec:
    """One route and all that is promised about it."""

    method: str
    path: str
    handler: Handler
    scope: Scope
    kind: Kind
    tag: str
    query: RequestSchema[Any] | None
    body: RequestSchema[Any] | None
    answers: Mapping[int, Answer]

    @property
    def is_documented(self) -> bool:
        """Tell whether the route is part of the API (and not a page for people)."""
        return bool(self.answers)


SPECS: Final = web.AppKey("specs", dict["AbstractRoute", RouteSpec])


class Routes:
    """The routes of one resource, collected by decorators."""

    def __init__(self, tag: str = "") -> None:
        """Name the resource for the description of the API."""
        self._tag = tag
        self.specs: list[RouteSpec] = []

    def get(
        self,
        path: str,
        *,
        scope: Scope,
        kind: Kind = Kind.API,
        query: RequestSchema[Any] | None = None,
        answers: Mapping[int, Answer] | None = None,
    ) -> Callable[[Handler], Handler]:
        """Add a handler for GET and HEAD."""
        return self._adder(hdrs.METH_GET, path, scope, kind, query, None, answers)

    def post(
        self,
        path: str,
        *,
        scope: Scope,
        kind: Kind = Kind.API,
        query: RequestSchema[Any] | None = None,
        body: RequestSchema[Any] | None = None,
        answers: Mapping[int, Answer] | None = None,
    ) -> Callable[[Handler], Handler]:
        """Add a handler for POST."""
        return self._adder(hdrs.METH_POST, path, scope, kind, query, body, answers)

    def patch(
        self,
        path: str,
        *,
        scope: Scope,
        body: RequestSchema[Any],
        answers: Mapping[int, Answer] | None = None,
    ) -> Callable[[Handler], Handler]:
        """Add a handler for PATCH."""
        return self._adder(hdrs.METH_PATCH, path, scope, Kind.API, None, body, answers)

    def delete(
        self,
        path: str,
        *,
        scope: Scope,
        answers: Mapping[int, Answer] | None = None,
    ) -> Callable[[Handler], Handler]:
        """Add a handler for DELETE."""
        return self._adder(hdrs.METH_DELETE, path, scope, Kind.API, None, None, answers)

    def _adder(
        self,
        method: str,
        path: str,
        scope: Scope,
        kind: Kind,
        query: RequestSchema[Any] | None,
        body: RequestSchema[Any] | None,
        answers: Mapping[int, Answer] | None,
    ) -> Callable[[Handler], Handler]:
        """Return the decorator that keeps a handler with its promises."""

        def add(handler: Handler) -> Handler:
            spec = RouteSpec(
                method=method,
                path=path,
                handler=handler,
                scope=scope,
                kind=kind,
                tag=self._tag,
                query=query,
                body=body,
                answers=answers or {},
            )
            self.specs.append(spec)
            return handler

        return add


def add_routes(app: web.Application, routes: Routes) -> None:
    """Register the routes of one resource."""
    known = app.setdefault(SPECS, {})
    for spec in routes.specs:
        resource = app.router.add_resource(spec.path)
        methods = (spec.method, hdrs.METH_HEAD) if spec.method == hdrs.METH_GET else (spec.method,)
        for method in methods:
            route = resource.add_route(method, spec.handler, expect_handler=meet_expectation)
            known[route] = spec


def refuse_unscoped_routes(app: web.Application) -> None:
    """Check that every route of the application says who may call it.

    Raises:
        RuntimeError: A route was added to the router without a scope.

    """
    unscoped = [str(route) for route in app.router.routes() if route not in app[SPECS]]
    if unscoped:
        raise RuntimeError(f"routes without a scope: {', '.join(unscoped)}")
