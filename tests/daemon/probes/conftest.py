"""What the tests of probes share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from opsmonitor.probes.base import ProbeContext
from opsmonitor.util.clock import FakeClock
from opsmonitor.util.http import HttpTransport
from opsmonitor.util.resolver import Resolver


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
