"""Events: each is told once, and those that were missed only to whoever wants them."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
    async_fire_time_changed,
)

from custom_components.ops_monitor import coordinator
from custom_components.ops_monitor.client import OpsMonitorClient, Transition
from custom_components.ops_monitor.const import (
    CONF_EXCLUDED,
    CONF_EXCLUDED_READINGS,
    CONF_REPLAY,
    CONF_TAGS,
    EVENT,
)
from tests.ha.fake_daemon import FakeDaemon, make_check, make_down, make_reading
from tests.ha.waiting import state_of, wait_for_state, wait_until

WEB = "binary_sensor.web"
CONNECTED = "binary_sensor.home_lab_connected"


def make_event(minutes_ago: float = 0, **changes: Any) -> dict[str, Any]:
    """Return an event as the daemon tells it."""
    return {
        "ts": (dt_util.utcnow() - timedelta(minutes=minutes_ago)).isoformat(),
        "id": "web",
        "name": "Web",
        "event": "DOWN",
        "status": "down",
        "previous": "up",
        "ok": False,
        "latency_ms": None,
        "status_code": None,
        "error": "The connection was refused.",
        "error_code": "connection_refused",
        **changes,
    }


@pytest.fixture
def told(loaded: MockConfigEntry) -> list[Transition]:
    """Return what is told of events from now on."""
    events: list[Transition] = []
    loaded.runtime_data.async_add_event_listener(events.append)
    return events


async def reconnect(hass: HomeAssistant, daemon: FakeDaemon) -> None:
    """Cut the connection, and wait until it is back."""
    daemon.drop_clients()
    await wait_for_state(hass, CONNECTED, STATE_OFF)
    await wait_for_state(hass, CONNECTED, STATE_ON)


async def test_event_is_told_with_the_state(
    hass: HomeAssistant, daemon: FakeDaemon, told: list[Transition]
) -> None:
    """When an event is told, the state that it led to is there already."""
    daemon.send(("event", make_event()), ("check", make_down("web")))
    await wait_until(hass, lambda: told)

    assert [(event.check_id, event.event) for event in told] == [("web", "DOWN")]
    assert state_of(hass, WEB).state == STATE_OFF


async def test_event_of_a_check_that_is_not_shown(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """Of what is left out nobody hears: no automation, no event entity, no list of the latest."""
    options = {CONF_TAGS: ["lab"], CONF_EXCLUDED: ["left-out"]}
    for check_id in ("web", "left-out"):
        daemon.checks[check_id] = make_check(check_id, tags=["lab"])
    hass.config_entries.async_update_entry(loaded, options=options)
    await hass.config_entries.async_reload(loaded.entry_id)
    await daemon.wait_for_client()
    events = async_capture_events(hass, EVENT)

    daemon.send(*(("event", make_event(id=it)) for it in ("left-out", "nas", "gone", "web")))
    await wait_until(hass, lambda: events)

    assert [event.data["check_id"] for event in events] == ["web"]
    assert [it.check_id for it in loaded.runtime_data.recent_transitions] == ["web"]
    assert state_of(hass, "event.home_lab_incident").attributes["check_id"] == "web"


async def test_event_of_a_reading_that_is_not_shown(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """Of a drive, host or router that is left out nobody hears either."""
    for name in ("nvme", "fritz.home"):
        daemon.readings[name] = make_reading(name, {"wan_up": True, "nvme0.verdict": "ok"})
    hass.config_entries.async_update_entry(loaded, options={CONF_EXCLUDED_READINGS: ["nvme"]})
    await hass.config_entries.async_reload(loaded.entry_id)
    await daemon.wait_for_client()
    events = async_capture_events(hass, EVENT)

    daemon.read(make_reading("nvme", {"nvme0.verdict": "crit"}))
    daemon.read(make_reading("fritz.home", {"wan_up": False}))
    for name in ("nvme", "fritz.home"):
        news = {"name": name, "ts": "2026-11-20T10:00:00Z", "kind": "changed", "message": name}
        daemon.send(("reading_event", news))
    await wait_until(hass, lambda: len(events) > 1)

    assert [(event.data["type"], event.data["reading"]) for event in events] == [
        ("internet_down", "fritz.home"),
        ("changed", "fritz.home"),
    ]


async def test_event_that_comes_twice_is_told_once(
    hass: HomeAssistant, daemon: FakeDaemon, told: list[Transition]
) -> None:
    """The same event on a second way is the same event."""
    event = make_event()
    daemon.send(("event", event), ("event", event), ("check", make_down("web")))
    await wait_for_state(hass, WEB, STATE_OFF)

    assert len(told) == 1


async def test_missed_event_is_told_if_it_is_fresh(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon, told: list[Transition]
) -> None:
    """What was missed is told when the connection is back, but not what is old news."""
    daemon.speaks_websocket = daemon.speaks_events = False
    daemon.drop_clients()
    await wait_for_state(hass, CONNECTED, STATE_OFF)
    daemon.send(
        ("event", make_event(minutes_ago=60, event="UP", status="up")),
        ("event", make_event(minutes_ago=1)),
        ("check", make_down("web")),
    )
    daemon.speaks_websocket = daemon.speaks_events = True
    await wait_for_state(hass, WEB, STATE_OFF)

    assert [event.event for event in told] == ["DOWN"]


@pytest.fixture
async def early(
    hass: HomeAssistant,
    daemon: FakeDaemon,
    entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> AsyncIterator[list[Transition]]:
    """Return what is told of events by an entry that was set up two hours ago."""
    hass.config_entries.async_update_entry(entry, options={CONF_REPLAY: request.param})
    with monkeypatch.context() as then:
        long_ago = dt_util.utcnow() - timedelta(hours=2)
        then.setattr(OpsMonitorClient, "daemon_time", lambda _client: long_ago)
        await hass.config_entries.async_setup(entry.entry_id)
    await daemon.wait_for_client()
    events: list[Transition] = []
    entry.runtime_data.async_add_event_listener(events.append)
    yield events
    await hass.config_entries.async_unload(entry.entry_id)


MISSED = [(False, ["UP"]), (True, ["DOWN", "DEGRADED", "UP"])]
"""Whether missed events are wanted, and what is told then."""


def miss(daemon: FakeDaemon) -> None:
    """Have some events behind it, newest first; the oldest is from before the set-up."""
    daemon.replies["/api/status/events"] = [
        make_event(minutes_ago=1, event="UP", status="up"),
        make_event(minutes_ago=30, event="DEGRADED", status="degraded"),
        make_event(minutes_ago=60),
        make_event(minutes_ago=180, event="PAUSED", status="paused"),
    ]


@pytest.mark.parametrize(("early", "expected"), MISSED, indirect=["early"])
async def test_missed_events_are_asked_for(
    hass: HomeAssistant, daemon: FakeDaemon, early: list[Transition], expected: list[str]
) -> None:
    """What the stream cannot tell any more is asked for, and told once, if only when fresh."""
    miss(daemon)
    for _ in range(2):
        daemon.asked.clear()
        daemon.forget()
        await reconnect(hass, daemon)
        await daemon.wait_for(lambda: bool(daemon.asked))

    daemon.send(("event", make_event(event="FLAPPING")))
    await wait_until(hass, lambda: early and early[-1].event == "FLAPPING")

    assert [event.event for event in early] == [*expected, "FLAPPING"]


@pytest.mark.parametrize(("early", "expected"), MISSED, indirect=["early"])
async def test_missed_events_in_pieces(
    hass: HomeAssistant, daemon: FakeDaemon, early: list[Transition], expected: list[str]
) -> None:
    """However the network cuts what was missed, only what is fresh is told to most."""
    daemon.speaks_websocket = False
    daemon.beginning = []
    daemon.drop_clients()
    await wait_for_state(hass, CONNECTED, STATE_OFF)
    await wait_for_state(hass, CONNECTED, STATE_ON)

    daemon.send(("event", make_event(minutes_ago=60)))
    daemon.send(("event", make_event(minutes_ago=30, event="DEGRADED", status="degraded")))
    daemon.send(("event", make_event(minutes_ago=1, event="UP", status="up")))
    daemon.put(make_down("web"))
    await wait_for_state(hass, WEB, STATE_OFF)

    assert [event.event for event in early] == expected


async def test_missed_events_of_a_daemon_that_is_polled(
    hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry
) -> None:
    """Where no stream passes, what happened between two questions is told all the same."""
    daemon.speaks_websocket = daemon.speaks_events = False
    await hass.config_entries.async_setup(entry.entry_id)
    await daemon.wait_for(lambda: daemon.refused >= 3)
    told = async_capture_events(hass, EVENT)
    daemon.put(make_down("web"))
    daemon.replies["/api/status/events"] = [make_event(minutes_ago=-0.1)]

    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=62))
    await wait_until(hass, lambda: told)

    assert [event.data["type"] for event in told] == ["down"]
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.fixture
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare the state often; a jump in time would let the stream's own timers run out."""
    monkeypatch.setattr(coordinator, "RESYNC", timedelta(milliseconds=20))


@pytest.mark.usefixtures("_often")
async def test_missed_events_are_asked_for_again(
    hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry
) -> None:
    """What could not be had at once is had with the next look, but for what cannot be read."""
    await hass.config_entries.async_setup(entry.entry_id)
    await daemon.wait_for_client()
    told = async_capture_events(hass, EVENT)
    daemon.forget()
    daemon.drop_clients()
    await daemon.wait_for(lambda: bool(daemon.asked))
    daemon.replies["/api/status/events"] = [{"id": "web"}, make_event(minutes_ago=-0.1)]

    await wait_until(hass, lambda: told)

    assert [event.data["type"] for event in told] == ["down"]
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.usefixtures("_often")
async def test_state_is_compared_now_and_then(
    hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry
) -> None:
    """What the stream did not tell is found out all the same."""
    await hass.config_entries.async_setup(entry.entry_id)
    await daemon.wait_for_client()
    await hass.async_block_till_done()
    daemon.checks["web"] = make_down("web")

    await wait_for_state(hass, WEB, STATE_OFF)

    assert daemon.seen_last_event_ids == ["a-0"]
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize("answer", [{"no": "list"}, None, [{"id": "web"}]])
async def test_missed_events_that_cannot_be_had(
    hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry, answer: object
) -> None:
    """A daemon that cannot tell what was missed is no trouble."""
    hass.config_entries.async_update_entry(entry, options={CONF_REPLAY: True})
    await hass.config_entries.async_setup(entry.entry_id)
    await daemon.wait_for_client()
    daemon.send(("event", make_event(minutes_ago=90)))
    daemon.put(make_down("web"))
    await wait_for_state(hass, WEB, STATE_OFF)
    daemon.replies |= {"/api/status/events": answer} if answer else {}
    daemon.forget()

    await reconnect(hass, daemon)

    assert state_of(hass, WEB).state == STATE_OFF
    await hass.config_entries.async_unload(entry.entry_id)


async def test_listener_that_fails(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    daemon: FakeDaemon,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One listener's mistake does not keep the others from hearing."""
    told: list[Transition] = []

    def fail(_event: Transition) -> None:
        """Make a mistake."""
        raise ValueError

    # The test bench takes every logged exception for a failed test.
    noted: list[object] = []
    monkeypatch.setattr(
        "custom_components.ops_monitor.listeners._LOGGER.exception",
        lambda *what: noted.append(what),
    )
    stop = loaded.runtime_data.async_add_event_listener(fail)
    loaded.runtime_data.async_add_event_listener(told.append)
    daemon.send(("event", make_event()), ("check", make_down("web")))
    await wait_for_state(hass, WEB, STATE_OFF)

    assert (len(told), len(noted)) == (1, 1)
    stop()


async def test_polled_where_no_stream_passes(
    hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry
) -> None:
    """Behind a proxy that lets no stream pass, the daemon is asked from time to time."""
    daemon.speaks_websocket = daemon.speaks_events = False
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert state_of(hass, WEB).state == STATE_ON
    await daemon.wait_for(lambda: daemon.refused >= 3)
    daemon.put(make_down("web"))

    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=62))
    await wait_for_state(hass, WEB, STATE_OFF)

    assert state_of(hass, CONNECTED).state == STATE_ON
    daemon.speaks_events = True
    daemon.put(make_check("web"))
    await wait_for_state(hass, WEB, STATE_ON)
    assert entry.runtime_data.update_interval is None
    await hass.config_entries.async_unload(entry.entry_id)


async def test_polled_daemon_that_goes(
    hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry
) -> None:
    """A daemon that is asked from time to time, and is gone, is noticed too."""
    daemon.speaks_websocket = daemon.speaks_events = False
    await hass.config_entries.async_setup(entry.entry_id)
    await daemon.wait_for(lambda: daemon.refused >= 2)
    await daemon.stop()

    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=62))
    await wait_for_state(hass, WEB, STATE_UNAVAILABLE)

    assert not entry.runtime_data.last_update_success
    await hass.config_entries.async_unload(entry.entry_id)


async def test_stranger_is_not_polled(
    hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry
) -> None:
    """The answers of another daemon are not taken for those of ours."""
    daemon.speaks_websocket = daemon.speaks_events = False
    await hass.config_entries.async_setup(entry.entry_id)
    await daemon.wait_for(lambda: daemon.refused >= 2)
    daemon.instance_id = "another"

    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=62))
    await wait_for_state(hass, WEB, STATE_UNAVAILABLE)

    assert not entry.runtime_data.last_update_success
    await hass.config_entries.async_unload(entry.entry_id)


async def test_answer_is_older_than_the_stream(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """While the stream tells what happens, an answer of before does not undo it."""
    daemon.put(make_down("web"))
    await wait_for_state(hass, WEB, STATE_OFF)
    old = daemon.snapshot() | {"id": "a-0", "checks": {"web": make_check("web")}}
    daemon.snapshot = lambda: old  # type: ignore[method-assign]

    await loaded.runtime_data.async_refresh()

    assert state_of(hass, WEB).state == STATE_OFF


async def test_refresh_fails_while_the_stream_is_up(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """A question that is not answered does not mean that the daemon is gone."""
    daemon.instance_id = "another"

    await loaded.runtime_data.async_refresh()

    assert state_of(hass, WEB).state == STATE_ON
