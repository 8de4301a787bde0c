"""A database in a folder of its own, on a clock that moves only when told to."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Protocol

import pytest

from opsmonitor.config.settings import RetentionSettings
from opsmonitor.store.store import Store
from opsmonitor.util.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from opsmonitor.util.clock import Clock


class OpenStore(Protocol):
    """Opens the test's database, once or again."""

    async def __call__(
        self, path: Path | None = None, *, retention: RetentionSettings | None = None
    ) -> Store:
        """Return an open store, which is closed at the end of the test."""
        ...


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock that shows a full hour, UTC."""
    return FakeClock(wall_ms=472_200 * 3_600_000)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the database lies: a name that must be quoted in a URI."""
    return tmp_path / "ops #1? 100%.db"


@pytest.fixture
async def open_store(path: Path, clock: Clock) -> AsyncIterator[OpenStore]:
    """Return a function that opens the database."""
    own_path = path
    async with AsyncExitStack() as stack:

        async def open_one(
            path: Path | None = None, *, retention: RetentionSettings | None = None
        ) -> Store:
            """Open a store and see to its closing."""
            store = await Store.open(
                path or own_path, clock=clock, retention=retention or RetentionSettings()
            )
            stack.push_async_callback(store.close)
            return store

        yield open_one


@pytest.fixture
async def store(open_store: OpenStore) -> Store:
    """Return an open store."""
    return await open_store()
