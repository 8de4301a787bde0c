"""What is kept of polls: the latest state, events, and values over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given, strategies as st
import pytest

from opsmonitor.models.history import Resolution
from opsmonitor.models.reading import (
    Issue,
    Reading,
    ReadingChange,
    ReadingEvent,
    ReadingState,
    ReadingStatus,
)
from opsmonitor.store import value_history
from opsmonitor.store.value_body import pack, unpack

if TYPE_CHECKING:
    from opsmonitor.store.store import Store
    from opsmonitor.util.clock import FakeClock
    from tests.daemon.store.conftest import OpenStore

MINUTE_MS = 60_000
DAY_MS = 86_400_000


def state(at_ms: int, name: str = "host", **values: Any) -> ReadingState:
    """Return the state after a good poll."""
    probe, _, thing = name.partition(".")
    issue = Issue(
        kind="disk_full", status=ReadingStatus.CRIT, message="/ is full", data={"mount": "/"}
    )
    return ReadingState(
        probe=probe,
        thing=thing,
        interval_s=60,
        reading=Reading(
            data={"values": values, "list": [1, None]},
            values=values,
            status=ReadingStatus.CRIT,
            issues=(issue,),
            note="a note",
        ),
        fetched_ms=at_ms,
        error_ms=at_ms - 5,
    )


def change(at_ms: int, *events: ReadingEvent, name: str = "host", **values: Any) -> ReadingChange:
    """Return a good poll."""
    return ReadingChange(
        at_ms=at_ms, state=state(at_ms, name, **values), is_good=True, events=events
    )


async def test_states_survive_a_restart(open_store: OpenStore, clock: FakeClock) -> None:
    """All that was known of each thing is known again."""
    store = await open_store()
    home = change(clock.now_ms(), name="fritz.home", wan_up=True, ip="192.0.2.7")
    store.record_reading(change(clock.now_ms(), memory_percent=40.5))
    store.record_reading(home)
    await store.close()

    again = await open_store()

    assert await again.reading_states() == {
        "host": state(clock.now_ms(), memory_percent=40.5),
        "fritz.home": home.state,
    }


async def test_what_is_polled_no_more_is_forgotten(store: Store, clock: FakeClock) -> None:
    """A later poll of the same name brings it back."""
    store.record_reading(change(clock.now_ms(), x=1))
    store.forget_readings({"host"}, clock.now_ms())
    forgotten = await store.reading_states()
    store.record_reading(change(clock.now_ms() + 1, x=2))

    back = await store.reading_states()

    assert forgotten == {}
    assert list(back) == ["host"]


async def test_a_state_of_another_release_is_left_out(store: Store, clock: FakeClock) -> None:
    """What makes no sense costs one reading, not the start."""
    store.record_reading(change(clock.now_ms(), x=1))
    store.record_reading(change(clock.now_ms(), name="nvme", x=1))
    await store.flush()
    database = store._keeper.database  # noqa: SLF001 - there is no other way to break a row
    await database.execute("UPDATE reading_things SET state = '{\"x\": 1}' WHERE name = 'host'")

    assert list(await store.reading_states()) == ["nvme"]


async def test_events_newest_first(store: Store, clock: FakeClock) -> None:
    """They can be asked for by thing and by probe."""
    listener = ReadingEvent(kind="new_listener", message="TCP 80", data={"port": 80})
    reconnect = ReadingEvent(kind="reconnect", message="new address")
    store.record_reading(change(clock.now_ms(), listener, name="ports", x=1))
    store.record_reading(change(clock.now_ms() + 1, reconnect, name="fritz.home", x=1))

    everything = await store.reading_events(limit=10)
    of_probe = await store.reading_events(limit=10, name="fritz")
    late = await store.reading_events(limit=10, since_ms=clock.now_ms() + 2)

    assert [item.kind for item in everything] == ["reconnect", "new_listener"]
    assert everything[1].data == {"port": 80}
    assert [item.name for item in of_probe] == ["fritz.home"]
    assert late == []


async def test_values_over_time(store: Store, clock: FakeClock) -> None:
    """Numbers and truth have a history, text has none; a failed poll leaves a gap."""
    start_ms = clock.now_ms()
    for minute in range(3):
        store.record_reading(
            change(start_ms + minute * MINUTE_MS, x=float(minute), up=minute != 1, name_="a")
        )
    failed = ReadingChange(
        at_ms=start_ms + 3 * MINUTE_MS, state=state(start_ms, x=9.0), is_good=False
    )
    store.record_reading(failed)
    clock.advance(600)

    x = await store.value_history("host", "x", start_ms, clock.now_ms(), Resolution.AUTO)
    up = await store.value_history("host", "up", start_ms, clock.now_ms(), Resolution.RAW)
    text = await store.value_history("host", "name_", start_ms, clock.now_ms(), Resolution.RAW)

    assert x.resolution is Resolution.RAW
    assert [point.mean for point in x.points] == [0.0, 1.0, 2.0]
    assert [point.mean for point in up.points] == [1.0, 0.0, 1.0]
    assert text.points == ()


@pytest.mark.parametrize("is_rolled", [False, True])
async def test_roll_ups_tell_what_single_readings_would(
    store: Store,
    clock: FakeClock,
    is_rolled: bool,  # noqa: FBT001 - pytest gives it
) -> None:
    """Each bucket has count, least, mean and greatest, whether it was rolled already or not."""
    start_ms = clock.now_ms()
    for minute in range(130):
        store.record_reading(change(start_ms + minute * MINUTE_MS, x=float(minute)))
    clock.advance(131 * 60)
    if is_rolled:
        await store.maintain()

    fine = await store.value_history("host", "x", start_ms, clock.now_ms(), Resolution.FIVE_MINUTES)
    hours = await store.value_history("host", "x", start_ms, clock.now_ms(), Resolution.HOUR)
    days = await store.value_history("host", "x", 0, clock.now_ms(), Resolution.DAY)

    assert len(fine.points) == 26
    assert [(point.count, point.low, point.mean, point.high) for point in hours.points] == [
        (60, 0.0, 29.5, 59.0),
        (60, 60.0, 89.5, 119.0),
        (10, 120.0, 124.5, 129.0),
    ]
    assert sum(point.count for point in days.points) == 130


async def test_old_values_go_and_their_roll_ups_stay(store: Store, clock: FakeClock) -> None:
    """Single readings are kept for two days, hours for more than a year."""
    start_ms = clock.now_ms()
    for minute in range(10):
        store.record_reading(change(start_ms + minute * MINUTE_MS, x=1.0))
    await store.maintain()
    clock.advance(20 * 86_400)
    await store.maintain()

    raw = await store.value_history("host", "x", start_ms, clock.now_ms(), Resolution.RAW)
    hours = await store.value_history("host", "x", start_ms, clock.now_ms(), Resolution.HOUR)

    assert raw.points == ()
    assert [(point.at_ms, point.count) for point in hours.points] == [(start_ms, 10)]


async def test_a_clock_that_was_set_back_hides_nothing(store: Store, clock: FakeClock) -> None:
    """Values of times to come give way to those of now."""
    store.record_reading(change(clock.now_ms() + DAY_MS, x=1.0))
    clock.advance(86_400)
    await store.flush()
    clock.wall_ms -= DAY_MS
    store.record_reading(change(clock.now_ms(), x=2.0))

    found = await store.value_history(
        "host", "x", clock.now_ms() - DAY_MS, clock.now_ms() + 1, Resolution.RAW
    )

    assert [point.mean for point in found.points] == [2.0]


async def test_too_many_single_readings_are_told_in_buckets(
    store: Store, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can read them all, and making them would hold up the rest."""
    monkeypatch.setattr(value_history, "_MOST_SINGLE", 200)
    start_ms = clock.now_ms()
    for second in range(300):
        store.record_reading(change(start_ms + second * 1000, x=float(second)))
    clock.advance(600)

    few = await store.value_history("host", "x", start_ms, start_ms + 150_000, Resolution.RAW)
    many = await store.value_history("host", "x", start_ms, clock.now_ms(), Resolution.RAW)

    assert (few.resolution, len(few.points)) == (Resolution.RAW, 150)
    assert (many.resolution, len(many.points)) == (Resolution.FIVE_MINUTES, 1)
    assert many.points[0].count == 300


@given(st.dictionaries(st.text(), st.floats(allow_nan=False, allow_infinity=False) | st.booleans()))
def test_packed_values_come_back(values: dict[str, float]) -> None:
    """Whatever the names and numbers are."""
    readable = {name.encode("utf-8", "replace").decode(): value for name, value in values.items()}

    assert unpack(pack(readable)) == readable


@given(st.binary())
def test_a_damaged_row_is_empty(body: bytes) -> None:
    """It costs its own values only."""
    assert isinstance(unpack(body), dict)
