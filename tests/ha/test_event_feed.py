"""The feed of events by itself: what is told, and what it takes to know that it was."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

from aiohttp import ClientSession
import pytest

from custom_components.ops_monitor.client import OpsMonitorClient, Status, Transition
from custom_components.ops_monitor.event_feed import EventFeed
from tests.ha.fake_daemon import FakeDaemon

BEGINNING = datetime(2026, 11, 20, 10, tzinfo=UTC)


@pytest.fixture
async def feed(daemon: FakeDaemon) -> AsyncIterator[EventFeed]:
    """Return a feed of the fake daemon that has told nothing yet."""
    async with ClientSession() as session:
        yield EventFeed(OpsMonitorClient(session, daemon.url), "Home lab")


def down(second: int) -> Transition:
    """Return a failure of that second."""
    return Transition(
        check_id="web",
        at=BEGINNING + timedelta(seconds=second),
        event="DOWN",
        status=Status.DOWN,
        previous=Status.UP,
        error=None,
    )


async def test_nothing_is_missed_before_the_beginning(daemon: FakeDaemon, feed: EventFeed) -> None:
    """Whoever does not know the state yet has missed nothing: the daemon is not asked."""
    await feed.catch_up()

    assert daemon.asked == []


async def test_memory_of_events_is_limited(feed: EventFeed) -> None:
    """What was told is remembered long enough, and not for ever."""
    told: list[Transition] = []
    feed.listeners.add(told.append)
    for second in range(1500):
        feed.tell(down(second))

    feed.tell(down(1499))
    feed.tell(down(501))
    feed.tell(down(0))

    assert [item.at for item in told[1500:]] == [BEGINNING]
    assert len(feed.recent) == 20
