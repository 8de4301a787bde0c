"""What the tests of check types share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
import socket
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import pytest
import voluptuous as vol

from opsmonitor.checks.base import CheckContext, CheckType, Probe
from opsmonitor.config.schema import field_name
from opsmonitor.util.clock import FakeClock
from opsmonitor.util.http import HttpTransport
from opsmonitor.util.lanes import Lanes
from opsmonitor.util.resolver import Resolver

MakeProbe: TypeAlias = Callable[..., Probe]


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock that stands still, in 2023."""
    return FakeClock()


@pytest.fixture
def names() -> dict[str, list[str]]:
    """Return the addresses of names that the system does not know; to be filled by tests."""
    return {}


@pytest.fixture
async def resolver(names: dict[str, list[str]]) -> AsyncIterator[Resolver]:
    """Return a resolver that knows these names besides those of the system."""

    def getaddrinfo(host: str, port: None, **hints: Any) -> list[tuple[Any, ...]]:
        """Look the name up."""
        found: list[tuple[Any, ...]] = []
        for name in names.get(host, [host]):
            found += socket.getaddrinfo(name, port, **{**hints, "family": 0})
        wanted = hints["family"]
        return [info for info in found if wanted in (socket.AF_UNSPEC, info[0])]

    resolver = Resolver(getaddrinfo=getaddrinfo)
    yield resolver
    await resolver.close()


@pytest.fixture
async def make_probe(
    clock: FakeClock, resolver: Resolver, tmp_path: Path
) -> AsyncIterator[MakeProbe]:
    """Return a function that compiles a probe from a check type and its keys."""
    transport = HttpTransport(resolver)
    lanes = Lanes()

    def make(
        check: CheckType[Any],
        *,
        timeout_s: float = 30.0,
        given: Mapping[str, Any] | None = None,
        **keys: Any,
    ) -> Probe:
        """Validate the keys and compile; `given` is what else is in the context."""
        values = vol.Schema(dict(check.schema))(keys)
        options = check.options(**{field_name(key): value for key, value in values.items()})
        context = CheckContext(
            timeout_s=timeout_s,
            clock=clock,
            http=transport,
            resolver=resolver,
            lanes=lanes,
            folder=tmp_path,
            zone=ZoneInfo("Europe/Berlin"),
            **(given or {}),
        )
        return check.compile(options, context)

    yield make
    await transport.close()
