"""What the tests of probes share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import pytest
import voluptuous as vol

from opsmonitor.probes.base import Poll, ProbeContext, ProbeType
from opsmonitor.util.clock import FakeClock
from opsmonitor.util.http import HttpTransport
from opsmonitor.util.resolver import Resolver

MakePolls: TypeAlias = Callable[..., dict[str, Poll]]


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock that stands still, in 2023."""
    return FakeClock()


@pytest.fixture
async def context(clock: FakeClock, tmp_path: Path) -> AsyncIterator[ProbeContext]:
    """Return what a probe is given to work with."""
    resolver = Resolver()
    transport = HttpTransport(resolver)
    yield ProbeContext(
        clock=clock,
        http=transport,
        resolver=resolver,
        folder=tmp_path,
        zone=ZoneInfo("Europe/Berlin"),
    )
    await transport.close()
    await resolver.close()


@pytest.fixture
def make_polls(context: ProbeContext) -> MakePolls:
    """Return a function that compiles the polls of a probe from its keys."""

    def make(probe: ProbeType[Any], **keys: Any) -> dict[str, Poll]:
        """Validate the keys and compile."""
        options = probe.options(**vol.Schema(dict(probe.schema))(keys))
        return dict(probe.compile(options, context))

    return make
