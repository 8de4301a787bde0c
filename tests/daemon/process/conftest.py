"""A daemon and a target for each test; both end with it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.daemon.process.hook import Hook
from tests.daemon.process.running import Daemon, Target


@pytest.fixture
async def target() -> AsyncIterator[Target]:
    """Give a listening target."""
    server = Target()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    """Give a service that people are told by."""
    service = Hook()
    await service.start()
    yield service
    await service.stop()


@pytest.fixture
async def daemon(tmp_path: Path) -> AsyncIterator[Daemon]:
    """Give a daemon that is not started yet."""
    process = Daemon(tmp_path)
    yield process
    await process.stop()
