"""What the API's tests share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from blockbuster import BlockBuster, blockbuster_ctx
import pytest

from tests.daemon.api.house import House, open_house
from tests.daemon.api.samples import check


@pytest.fixture(autouse=True)
def nothing_blocks() -> Iterator[BlockBuster]:
    """Fail any test in which the daemon's code blocks the event loop."""
    with blockbuster_ctx("opsmonitor") as guard:
        yield guard


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """Return a running API that asks nobody who they are, with two checks."""
    async with open_house(check("nas"), check("web", core=True)) as opened:
        yield opened
