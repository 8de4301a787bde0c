"""Entities: what they are, and that they follow the daemon."""

from datetime import timedelta
from unittest.mock import Mock

from homeassistant.const import (
    EVENT_STATE_CHANGED,
    STATE_OFF,
    STATE_ON,
    STATE_UNKNOWN,
    Platform,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity import Entity
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
    async_fire_time_changed,
    snapshot_platform,
)
from syrupy.assertion import SnapshotAssertion

import custom_components.ops_monitor as integration
from tests.ha.fake_daemon import FakeDaemon, make_check, make_down
from tests.ha.waiting import state_of, wait_for_state


@pytest.mark.parametrize("platform", [Platform.BINARY_SENSOR, Platform.SENSOR])
async def test_all_entities(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
    monkeypatch: pytest.MonkeyPatch,
    platform: Platform,
) -> None:
    """Every entity is as a person reviewed it, those that are off by default too."""
    monkeypatch.setattr(Entity, "entity_registry_enabled_default", True)
    monkeypatch.setattr(integration, "_PLATFORMS", [platform])

    await hass.config_entries.async_setup(entry.entry_id)

    await snapshot_platform(hass, entity_registry, snapshot, entry.entry_id)


async def test_target_down_is_off(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """A target that is down is off, not unavailable, and comes back on."""
    assert state_of(hass, "binary_sensor.web").state == STATE_ON

    daemon.put(make_down("web"))
    await wait_for_state(hass, "binary_sensor.web", STATE_OFF)
    assert state_of(hass, "sensor.web_status").state == "down"
    assert state_of(hass, "sensor.web_response_time").state == STATE_UNKNOWN

    daemon.put(make_check("web"))
    await wait_for_state(hass, "binary_sensor.web", STATE_ON)


@pytest.mark.parametrize(
    ("ok", "is_reachability", "device_class", "state"),
    [
        (True, True, "connectivity", STATE_ON),
        (False, True, "connectivity", STATE_OFF),
        (None, True, "connectivity", STATE_UNKNOWN),
        (True, False, "problem", STATE_OFF),
        (False, False, "problem", STATE_ON),
        (None, False, "problem", STATE_UNKNOWN),
    ],
)
async def test_meaning_of_the_main_entity(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    daemon: FakeDaemon,
    ok: object,
    is_reachability: object,
    device_class: str,
    state: str,
) -> None:
    """What can be reached is connected; a job or a value that is not in order is a problem."""
    daemon.checks = {"web": make_check("web", ok=ok, is_reachability=is_reachability)}

    await hass.config_entries.async_setup(entry.entry_id)

    shown = state_of(hass, "binary_sensor.web")
    assert (shown.state, shown.attributes["device_class"]) == (state, device_class)


async def test_the_whole(hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon) -> None:
    """The hub tells how the whole is doing, and which checks are down."""
    daemon.put(make_down("web"))
    await wait_for_state(hass, "sensor.home_lab_status", "warn")
    assert state_of(hass, "binary_sensor.home_lab_problem").state == STATE_ON

    daemon.put(make_down("nas", core=True))
    await wait_for_state(hass, "sensor.home_lab_status", "crit")
    down = state_of(hass, "sensor.home_lab_checks_down")
    assert (down.state, down.attributes["checks"]) == ("2", ["Web", "Nas"])

    daemon.put(make_check("web"), make_check("nas"))
    await wait_for_state(hass, "sensor.home_lab_status", "ok")
    assert state_of(hass, "binary_sensor.home_lab_problem").state == STATE_OFF


async def test_configuration_problem(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """A file that the daemon could not take over is a problem until it can."""
    problem = "checks.yml:3:5: checks[0].port: expected 1-65535, got 99999"

    daemon.send(("config", {"problems": [problem]}))
    await wait_for_state(hass, "binary_sensor.home_lab_configuration", STATE_ON)
    state = state_of(hass, "binary_sensor.home_lab_configuration")
    assert state.attributes["problems"] == [problem]

    daemon.send(("config", {"problems": []}))
    await wait_for_state(hass, "binary_sensor.home_lab_configuration", STATE_OFF)


async def test_values_of_a_newer_daemon(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """A status that only a newer release knows is unknown; the rest is shown all the same."""
    daemon.send(
        ("check", make_check("web", status="hibernating", latency_ms=99.0, new_key={"a": 1})),
        ("summary", {**daemon.summary(), "overall": "splendid"}),
    )

    await wait_for_state(hass, "sensor.web_response_time", "99.0")
    assert state_of(hass, "sensor.web_status").state == STATE_UNKNOWN
    assert state_of(hass, "sensor.home_lab_status").state == STATE_UNKNOWN
    assert state_of(hass, "binary_sensor.home_lab_problem").state == STATE_UNKNOWN


async def test_long_error_is_cut(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    daemon: FakeDaemon,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A message that no state can hold is shortened, not lost."""
    monkeypatch.setattr(Entity, "entity_registry_enabled_default", True)
    daemon.checks = {"web": make_check("web", error="x" * 300)}

    await hass.config_entries.async_setup(entry.entry_id)

    assert state_of(hass, "sensor.web_last_error").state == "x" * 255


async def test_few_entities_by_default(
    hass: HomeAssistant, loaded: MockConfigEntry, entity_registry: er.EntityRegistry
) -> None:
    """What only few people want is there, but off."""
    entities = er.async_entries_for_config_entry(entity_registry, loaded.entry_id)
    is_off = {item.entity_id for item in entities if item.disabled_by}

    assert is_off == {
        "button.nas_run_now",
        "button.web_run_now",
        "calendar.home_lab_incidents",
        "sensor.home_lab_checks_in_maintenance",
        "sensor.home_lab_checks_unreachable",
        "sensor.home_lab_checks_without_network",
        "event.nas_event",
        "event.web_event",
        "sensor.home_lab_checks_degraded",
        "sensor.home_lab_checks_paused",
        "sensor.home_lab_checks_unknown",
        "sensor.home_lab_core_checks_down",
        "sensor.home_lab_sla_budget_remaining_30_days",
        "sensor.nas_average_response_time_24_hours",
        "sensor.web_average_response_time_24_hours",
        "sensor.nas_consecutive_failures",
        "sensor.nas_http_status_code",
        "sensor.web_http_status_code",
        "sensor.nas_last_change",
        "sensor.nas_last_error",
        "sensor.web_consecutive_failures",
        "sensor.web_last_change",
        "sensor.web_last_error",
        *(
            f"sensor.{it}_uptime_{of}"
            for it in ("web", "nas", "home_lab")
            for of in ("24_hours", "7_days")
        ),
    }


async def test_only_what_changed_is_written(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """A run that only took longer writes one state, however many entities there are."""
    written = async_capture_events(hass, EVENT_STATE_CHANGED)
    reported_before = state_of(hass, "sensor.web_status").last_reported

    daemon.put(make_check("web", latency_ms=55.0, last_run="2026-11-20T10:01:00Z"))
    await wait_for_state(hass, "sensor.web_response_time", "55.0")

    assert [event.data["entity_id"] for event in written] == ["sensor.web_response_time"]
    assert state_of(hass, "sensor.web_status").last_reported == reported_before


async def test_frames_close_together_are_one_change(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """Of several states within a moment, the last one is written."""
    written = async_capture_events(hass, EVENT_STATE_CHANGED)

    for latency_ms in (50.0, 51.0, 52.0):
        daemon.put(make_check("web", latency_ms=latency_ms))
    await wait_for_state(hass, "sensor.web_response_time", "52.0")

    assert len(written) == 1


async def test_one_failing_listener_does_not_silence_the_others(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    daemon: FakeDaemon,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An entity with a bug does not keep the others from being updated."""
    coordinator = loaded.runtime_data
    failing = Mock(side_effect=RuntimeError("a bug"))
    coordinator.async_add_listener(failing, "web")
    by_topic = coordinator._topic_listeners._by_topic  # noqa: SLF001 - to be called first
    by_topic["web"].reverse()

    daemon.put(make_down("web"))

    await wait_for_state(hass, "binary_sensor.web", STATE_OFF)
    failing.assert_called_once()
    assert "could not be updated" in caplog.text
    caplog.clear()


async def test_uptime(hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry) -> None:
    """The uptime is asked for now and then; what was known stays while it cannot be had."""
    windows = {"24h": 100.0, "7d": 99.5, "30d": 99.9, "90d": None}
    daemon.replies["/api/status/uptime"] = {"web": windows, "nas": {**windows, "30d": None}}
    await hass.config_entries.async_setup(entry.entry_id)
    await daemon.wait_for_client()
    await wait_for_state(hass, "sensor.web_uptime_30_days", "99.9")
    assert state_of(hass, "sensor.nas_uptime_30_days").state == STATE_UNKNOWN

    daemon.replies["/api/status/uptime"] = {"web": {**windows, "30d": 98.0}}
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(minutes=11))
    await wait_for_state(hass, "sensor.web_uptime_30_days", "98.0")

    daemon.replies["/api/status/uptime"] = {"web": "much", "nas": {**windows, "30d": 97.0}}
    await entry.runtime_data.uptimes.async_refresh()
    assert state_of(hass, "sensor.web_uptime_30_days").state == "98.0"
    assert state_of(hass, "sensor.nas_uptime_30_days").state == "97.0"
    assert entry.runtime_data.uptimes.unreadable == {"web"}
    await hass.config_entries.async_unload(entry.entry_id)


async def test_uptime_of_the_whole(
    hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry
) -> None:
    """It is the mean over those checks of which one is known."""
    daemon.add(make_check("new"))
    daemon.replies["/api/status/uptime"] = {
        "web": {"24h": 100.0, "7d": None, "30d": 90.0, "90d": None},
        "nas": {"24h": 100.0, "7d": None, "30d": 100.0, "90d": None},
        "new": {"24h": None, "7d": None, "30d": None, "90d": None},
    }
    await hass.config_entries.async_setup(entry.entry_id)

    await wait_for_state(hass, "sensor.home_lab_uptime_30_days", "95.0")
    assert state_of(hass, "sensor.web_uptime_30_days").state == "90.0"
    await hass.config_entries.async_unload(entry.entry_id)


async def test_certificates(
    hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry
) -> None:
    """A check that sees a certificate tells when it expires; the hub tells the first of them."""
    daemon.checks = {
        "web": make_check("web", certificate_expires="2027-01-15T08:00:00Z"),
        "shop": make_check("shop", target="https://shop.example/"),
        "nas": make_check("nas"),
    }
    await hass.config_entries.async_setup(entry.entry_id)
    await daemon.wait_for_client()
    first = "sensor.home_lab_next_certificate_expiry"
    assert state_of(hass, first).state == "2027-01-15T08:00:00+00:00"
    assert state_of(hass, "sensor.shop_certificate_expires").state == STATE_UNKNOWN
    assert hass.states.get("sensor.nas_certificate_expires") is None

    daemon.put(
        make_check(
            "shop", target="https://shop.example/", certificate_expires="2026-12-01T00:00:00Z"
        )
    )
    await wait_for_state(hass, first, "2026-12-01T00:00:00+00:00")
    assert state_of(hass, first).attributes["check"] == "Shop"

    daemon.remove("shop")
    await wait_for_state(hass, first, "2027-01-15T08:00:00+00:00")
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize(
    ("kind", "changes", "name", "state"),
    [
        ("metric", {"value": 41.5}, "value", "41.5"),
        ("disk", {"value": 71}, "used", "71"),
        ("process", {"value": 3}, "processes", "3"),
        ("job", {"job_state": "running"}, "job_state", "running"),
        ("job", {"job_state": "dreaming"}, "job_state", STATE_UNKNOWN),
        ("job", {}, "last_success", "2026-11-20T10:00:30+00:00"),
        (
            "heartbeat",
            {"deadline": "2026-11-20T11:00:00Z"},
            "deadline",
            "2026-11-20T11:00:00+00:00",
        ),
    ],
)
async def test_values_by_type(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    daemon: FakeDaemon,
    kind: str,
    changes: dict[str, object],
    name: str,
    state: str,
) -> None:
    """What a type measures has a sensor of its own, and other types have none of it."""
    daemon.checks = {"it": make_check("it", type=kind, **changes), "web": make_check("web")}

    await hass.config_entries.async_setup(entry.entry_id)

    assert state_of(hass, f"sensor.it_{name}").state == state
    assert hass.states.get(f"sensor.web_{name}") is None
