"""A busy Home Assistant is told of much at one go: nothing in between is passed over."""

from typing import Any

from homeassistant.const import EVENT_STATE_CHANGED, STATE_OFF, STATE_ON
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.ops_monitor.const import EVENT
from custom_components.ops_monitor.topics import every_run
from tests.ha.fake_daemon import FakeDaemon, make_check, make_down, make_reading
from tests.ha.test_events import make_event
from tests.ha.waiting import state_of, wait_until

WEB = "binary_sensor.web"
STATUS = "sensor.home_lab_status"
INCIDENT = "event.home_lab_incident"

type Frames = list[tuple[str, object]]


def goes_down(daemon: FakeDaemon, minutes_ago: float) -> Frames:
    """Return what the daemon tells of a tick in which a core check goes down."""
    daemon.checks["web"] = make_down("web", core=True)
    return _tick(daemon, make_event(minutes_ago))


def recovers(daemon: FakeDaemon, minutes_ago: float) -> Frames:
    """Return what the daemon tells of a tick in which it is up again."""
    daemon.checks["web"] = make_check("web", core=True)
    return _tick(daemon, make_event(minutes_ago, event="UP", status="up", previous="down"))


def _tick(daemon: FakeDaemon, event: dict[str, Any]) -> Frames:
    """Return the frames of a tick, in the daemon's order."""
    check = daemon.checks["web"]
    return [("check", check), ("event", event), ("summary", daemon.summary())]


def states(events: list[Event[EventStateChangedData]], entity_id: str) -> list[str]:
    """Return the states that an entity had, one after the other."""
    news = [event.data["new_state"] for event in events if event.data["entity_id"] == entity_id]
    return [state.state for state in news if state]


async def test_down_and_up_at_one_go(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """All states are shown and all events told, in order, each event when its state is there."""
    changes = async_capture_events(hass, EVENT_STATE_CHANGED)
    told: list[tuple[str, str]] = []

    @callback
    def note(event: Event[dict[str, Any]]) -> None:
        """Note what is told, and how the check is shown then."""
        told.append((event.data["type"], state_of(hass, WEB).state))

    hass.bus.async_listen(EVENT, note)
    daemon.send(
        *goes_down(daemon, 0.4),
        *recovers(daemon, 0.3),
        *goes_down(daemon, 0.2),
        *recovers(daemon, 0.1),
    )
    await wait_until(hass, lambda: len(told) > 5)

    down = [("became_critical", STATE_OFF), ("down", STATE_OFF)]
    assert told == [*down, ("recovered", STATE_ON)] * 2
    assert states(changes, WEB) == [STATE_OFF, STATE_ON] * 2
    assert states(changes, STATUS) == ["crit", "ok"] * 2
    assert len(set(states(changes, INCIDENT))) == 4


async def test_reading_that_is_bad_for_a_moment(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """Of what is polled, too, each change is told, though it was over before it was heard of."""
    daemon.read(make_reading("fritz.home", {"wan_up": True}))
    await wait_until(hass, lambda: hass.states.get("binary_sensor.fritz_box_home_wan_up"))
    told = async_capture_events(hass, EVENT)

    daemon.send(
        ("reading", make_reading("fritz.home", {"wan_up": False})),
        ("reading", make_reading("fritz.home", {"wan_up": True})),
    )
    await wait_until(hass, lambda: len(told) > 1)

    assert [event.data["type"] for event in told] == ["internet_down", "internet_up"]


async def test_what_stays_as_it_is_is_one_change(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """Runs with the same outcome cost one update, however many there were."""
    updates: list[None] = []
    loaded.runtime_data.async_add_listener(lambda: updates.append(None), every_run("web"))

    daemon.send(
        *(("check", make_check("web", latency_ms=latency)) for latency in range(100, 200)),
        ("check", make_check("nas", latency_ms=1)),
    )
    await wait_until(hass, lambda: state_of(hass, "sensor.web_response_time").state == "199")

    assert len(updates) == 1
