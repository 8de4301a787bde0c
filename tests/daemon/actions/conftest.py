"""What an action is given, with real sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeAlias

import pytest
import voluptuous as vol

from opsmonitor.actions.base import ActionContext, ActionType
from opsmonitor.models.remediation import ActionRequest, Incident
from opsmonitor.util.http import HttpTransport
from opsmonitor.util.resolver import Resolver

Do: TypeAlias = Callable[..., Awaitable[str]]


async def refuse(_request: ActionRequest) -> str:
    """Let nobody be asked."""
    raise AssertionError


def incident(timeout_s: float = 10) -> Incident:
    """Return the reason of an action."""
    return Incident(
        attempt_id="web:x:1",
        check_id="web",
        name="Web",
        severity="P2",
        error="connection refused",
        fail_streak=2,
        at_ms=1_700_000_000_000,
        timeout_s=timeout_s,
    )


@pytest.fixture
async def do() -> AsyncIterator[Do]:
    """Return a function that does an action as the configuration would have it."""
    resolver = Resolver()
    http = HttpTransport(resolver)

    async def run(
        kind: ActionType[Any],
        keys: dict[str, Any],
        *,
        timeout_s: float = 10,
        ask: Callable[[ActionRequest], Awaitable[str]] = refuse,
    ) -> str:
        options = kind.options(**vol.Schema(dict(kind.schema))(keys))
        return await kind.run(options, incident(timeout_s), ActionContext(http=http, ask=ask))

    yield run
    await http.close()
    await resolver.close()
