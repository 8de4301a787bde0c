"""What the daemon has Home Assistant do: only what is allowed, in time, once, and truly done."""

import asyncio
from datetime import timedelta
from typing import Any

from homeassistant.core import Event, HomeAssistant, ServiceCall, SupportsResponse
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
    async_mock_service,
)

from custom_components.ops_monitor.client import OpsMonitorClient
from custom_components.ops_monitor.const import CONF_ALLOW_ACTIONS, CONF_EXCLUDED, DOMAIN, EVENT
from custom_components.ops_monitor.logbook import async_describe_events
from custom_components.ops_monitor.permitted import why_not
from tests.ha.fake_daemon import FakeDaemon, error_response, make_check
from tests.ha.waiting import wait_for_state, wait_until

PREFLIGHT = "/api/checks/no.such.check/run"
RESULT = "/api/remediations/{}/result"
PLUG = "switch.plug"


@pytest.fixture
async def willing(
    hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry
) -> MockConfigEntry:
    """Return an entry whose daemon may act, and a plug for it."""
    hass.states.async_set(PLUG, "off")
    daemon.replies[PREFLIGHT] = {}
    hass.config_entries.async_update_entry(entry, options={CONF_ALLOW_ACTIONS: True})
    assert await hass.config_entries.async_setup(entry.entry_id)
    await daemon.wait_for_client()
    return entry


@pytest.fixture(autouse=True)
async def _unload(hass: HomeAssistant, entry: MockConfigEntry) -> Any:
    """End the entry's stream in the end."""
    yield
    await hass.config_entries.async_unload(entry.entry_id)


def errand(action: str = "test.switch", seconds: float = 30, **changes: Any) -> dict[str, Any]:
    """Return what the daemon asks for."""
    now = dt_util.utcnow()
    return {
        "id": "e-1",
        "check_id": "web",
        "name": "Web",
        "reason": "The connection was refused.",
        "action": action,
        "target": {"entity_id": [PLUG]},
        "data": {"brightness": 5},
        "ts": now.isoformat(),
        "expires_at": (now + timedelta(seconds=seconds)).isoformat(),
        **changes,
    }


def results(daemon: FakeDaemon) -> list[Any]:
    """Return what the daemon was told of errands."""
    return [body for _, path, body in daemon.asked if path.endswith("/result")]


async def result_of(daemon: FakeDaemon, asked: dict[str, Any]) -> Any:
    """Ask for something; return what the daemon is told of it."""
    daemon.replies[RESULT.format(asked["id"])] = {"ok": True}
    daemon.send(("action", asked))
    await daemon.wait_for(lambda: results(daemon) != [])
    [result] = results(daemon)
    return result


async def test_errand(hass: HomeAssistant, daemon: FakeDaemon, willing: MockConfigEntry) -> None:
    """What is allowed is done, and the daemon is told so."""
    calls = async_mock_service(hass, "test", "switch")

    result = await result_of(daemon, errand())

    assert result == {"ok": True}
    assert calls[0].data == {"entity_id": [PLUG], "brightness": 5}


async def test_it_can_be_followed(
    hass: HomeAssistant, daemon: FakeDaemon, willing: MockConfigEntry
) -> None:
    """What changes by an errand has the context of an event that says why it was done."""
    calls = async_mock_service(hass, "test", "switch")
    events: list[Event[Any]] = async_capture_events(hass, EVENT)

    await result_of(daemon, errand())

    [event] = events
    assert event.data["type"] == "errand_begun"
    assert (event.data["action"], event.data["check_id"]) == ("test.switch", "web")
    assert event.data["device_id"]
    assert calls[0].context is event.context
    assert sentence(hass, event) == {
        "name": "Web",
        "message": "has Home Assistant do test.switch: The connection was refused.",
    }


def sentence(hass: HomeAssistant, event: Event[Any]) -> dict[str, str]:
    """Return what the logbook says of an event."""
    said: list[dict[str, str]] = []
    async_describe_events(hass, lambda _domain, _type, describe: said.append(describe(event)))
    return said[0]


async def test_not_allowed(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """Without a person's consent nothing is done, and the daemon is told how to get it."""
    calls = async_mock_service(hass, "test", "switch")

    result = await result_of(daemon, errand(seconds=5))

    assert result["ok"] is False
    assert "Allow actions" in result["message"]
    assert calls == []


async def test_not_allowed_here(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """As long as another Home Assistant may be at it, nothing is said."""
    daemon.send(("action", errand(seconds=3600)))
    daemon.put(make_check("nas", latency_ms=99))
    await wait_for_state(hass, "sensor.nas_response_time", "99")
    await hass.async_block_till_done(wait_background_tasks=False)

    assert daemon.asked == []


async def test_token_may_only_read(
    hass: HomeAssistant, daemon: FakeDaemon, willing: MockConfigEntry
) -> None:
    """Where the daemon could not be told, nothing is done, and a person learns why."""
    calls = async_mock_service(hass, "test", "switch")
    daemon.replies[PREFLIGHT] = error_response(403, "forbidden")

    daemon.send(("action", errand()))
    issue_id = f"read_only_token_{willing.entry_id}"
    await wait_until(hass, lambda: ir.async_get(hass).async_get_issue(DOMAIN, issue_id))

    assert calls == []
    assert results(daemon) == []


async def test_once_only(hass: HomeAssistant, daemon: FakeDaemon, willing: MockConfigEntry) -> None:
    """The same errand is not done twice: not in one stream, nor in another, nor after a reload."""
    calls = async_mock_service(hass, "test", "switch")
    asked = errand()
    await result_of(daemon, asked)

    daemon.send(("action", asked))
    daemon.forget()
    daemon.drop_clients()
    await daemon.wait_for_client()
    daemon.send(("action", asked))
    await hass.config_entries.async_reload(willing.entry_id)
    await daemon.wait_for_client()
    daemon.send(("action", asked), ("action", errand(id="e-2")))
    await wait_until(hass, lambda: len(calls) > 1)
    await hass.async_block_till_done(wait_background_tasks=False)

    assert len(calls) == 2


@pytest.mark.parametrize("changes", [{"seconds": -1}, {"expires_at": None}])
async def test_too_late(
    hass: HomeAssistant, daemon: FakeDaemon, willing: MockConfigEntry, changes: dict[str, Any]
) -> None:
    """What was asked for long ago, or nobody knows when, is left alone."""
    calls = async_mock_service(hass, "test", "switch")

    result = await result_of(daemon, errand(**changes))

    assert result == {"ok": False, "message": "it came too late to be done"}
    assert calls == []


@pytest.mark.parametrize(
    ("skew_s", "expires_in_s", "is_done"), [(-600, -300, True), (600, 300, False)]
)
async def test_clocks_differ(
    hass: HomeAssistant,
    daemon: FakeDaemon,
    willing: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
    skew_s: float,
    expires_in_s: float,
    is_done: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """Whether it is too late is told by the daemon's clock, which may be another time than ours."""
    calls = async_mock_service(hass, "test", "switch")

    def note(client: OpsMonitorClient, _response: object) -> None:
        """Find the clocks apart."""
        client.clock_skew = timedelta(seconds=skew_s)

    monkeypatch.setattr(OpsMonitorClient, "_note_clock", note)

    result = await result_of(daemon, errand(seconds=expires_in_s))

    assert (result["ok"], len(calls)) == (is_done, int(is_done))


@pytest.mark.parametrize(
    "action",
    [
        "homeassistant.stop",
        "homeassistant.restart",
        "homeassistant.toggle",
        "HomeAssistant.Restart",
        "hassio.host_shutdown",
        "shell_command.wipe",
        "python_script.any",
        "recorder.purge",
        "lock.unlock",
        "alarm_control_panel.alarm_disarm",
        "cover.open_cover",
        "scene.apply",
        "ops_monitor.send_test_alert",
    ],
)
async def test_never_done(
    hass: HomeAssistant, daemon: FakeDaemon, willing: MockConfigEntry, action: str
) -> None:
    """What is dangerous is not done, even with consent; the daemon is told what to do instead."""
    domain, _, name = action.partition(".")
    calls = async_mock_service(hass, domain, name)
    events: list[Event[Any]] = async_capture_events(hass, EVENT)

    result = await result_of(daemon, errand(action))

    assert result["ok"] is False
    assert result["message"].endswith("use a script")
    assert len(result["message"]) <= 200
    assert calls == []
    assert [event.data["type"] for event in events] == ["errand_refused"]


@pytest.mark.parametrize(
    "action",
    [
        "switch.turn_on",
        "script.restart_router",
        "homeassistant.turn_off",
        "homeassistant.reload_config_entry",
        "scene.turn_on",
        "button.press",
    ],
)
def test_what_is_allowed(action: str) -> None:
    """What a failing service may need is allowed."""
    assert why_not(action) is None


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (HomeAssistantError("The plug is gone."), "The plug is gone."),
        (RuntimeError("a bug"), "RuntimeError: a bug"),
    ],
)
async def test_errand_fails(
    hass: HomeAssistant,
    daemon: FakeDaemon,
    willing: MockConfigEntry,
    error: Exception,
    expected: str,
) -> None:
    """What could not be done is told with its reason."""

    async def fail(_call: ServiceCall) -> None:
        """Fail."""
        raise error

    hass.services.async_register("test", "switch", fail)
    events: list[Event[Any]] = async_capture_events(hass, EVENT)

    assert await result_of(daemon, errand()) == {"ok": False, "message": expected}
    assert [event.data["type"] for event in events] == ["errand_begun", "errand_failed"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"action": "test.nothing"}, "there is no action test.nothing"),
        ({"target": {"entity_id": "switch.gone"}}, "there is no switch.gone"),
        ({"target": {}, "data": {"entity_id": "switch.gone"}}, "there is no switch.gone"),
        ({"target": {"device_id": ["1", "2", "3", "4"]}}, "there is no 1, 2, 3 ..."),
        ({"target": {"area_id": "attic"}}, "there is no attic"),
        ({"target": {"entity_id": "switch.dead"}}, "unavailable: switch.dead"),
        ({"target": {"entity_id": [PLUG, "switch.dead"]}}, "unavailable: switch.dead"),
    ],
)
async def test_nothing_there_to_act_on(
    hass: HomeAssistant,
    daemon: FakeDaemon,
    willing: MockConfigEntry,
    changes: dict[str, Any],
    expected: str,
) -> None:
    """Home Assistant passes over what is not there; that is not taken for success."""
    calls = async_mock_service(hass, "test", "switch")
    hass.states.async_set("switch.dead", "unavailable")

    assert await result_of(daemon, errand(**changes)) == {"ok": False, "message": expected}
    assert calls == []


async def test_target_that_makes_no_sense(
    hass: HomeAssistant, daemon: FakeDaemon, willing: MockConfigEntry
) -> None:
    """Nonsense in the daemon's file is told as such, and harms nothing."""
    async_mock_service(hass, "test", "switch")

    result = await result_of(daemon, errand(target={"entity_id": [{"a": 1}]}))

    assert result["ok"] is False


async def test_what_helps_the_dead(
    hass: HomeAssistant, daemon: FakeDaemon, willing: MockConfigEntry
) -> None:
    """Reloading an integration is just for entities that are unavailable."""
    calls = async_mock_service(hass, "homeassistant", "reload_config_entry")
    hass.states.async_set(PLUG, "unavailable")

    assert (await result_of(daemon, errand("homeassistant.reload_config_entry")))["ok"]
    assert len(calls) == 1


async def test_action_that_must_answer(
    hass: HomeAssistant, daemon: FakeDaemon, willing: MockConfigEntry
) -> None:
    """An action that only works when its answer is wanted is done, too."""
    async_mock_service(
        hass, "test", "switch", response={"a": 1}, supports_response=SupportsResponse.ONLY
    )

    assert (await result_of(daemon, errand(target={})))["ok"]


async def test_unloading_does_not_interrupt(
    hass: HomeAssistant, daemon: FakeDaemon, willing: MockConfigEntry
) -> None:
    """A plug that is being switched off and on again is switched on, whatever happens to us."""
    go_on, begun, is_done = asyncio.Event(), asyncio.Event(), False

    async def switch(_call: ServiceCall) -> None:
        """Take a while."""
        nonlocal is_done
        begun.set()
        await go_on.wait()
        is_done = True

    hass.services.async_register("test", "switch", switch)
    daemon.send(("action", errand()))
    async with asyncio.timeout(60):
        await begun.wait()

    await hass.config_entries.async_unload(willing.entry_id)
    daemon.replies[RESULT.format("e-1")] = {"ok": True}
    go_on.set()
    await hass.async_block_till_done()

    assert is_done
    assert results(daemon) == [{"ok": True}]


async def test_for_a_check_that_is_not_shown(
    hass: HomeAssistant, daemon: FakeDaemon, willing: MockConfigEntry
) -> None:
    """A check that is left out has no device, but is repaired all the same."""
    async_mock_service(hass, "test", "switch")
    options = {CONF_ALLOW_ACTIONS: True, CONF_EXCLUDED: ["web"]}
    hass.config_entries.async_update_entry(willing, options=options)
    await hass.config_entries.async_reload(willing.entry_id)
    await daemon.wait_for_client()
    events: list[Event[Any]] = async_capture_events(hass, EVENT)

    assert (await result_of(daemon, errand()))["ok"]
    assert events[0].data["device_id"] is None
