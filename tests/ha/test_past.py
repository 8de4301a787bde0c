"""What is asked for now and then of the checks' past, beside the uptime."""

from typing import Any

from homeassistant.const import STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity import Entity
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.ha.fake_daemon import FakeDaemon
from tests.ha.waiting import state_of, wait_for_state

MEAN = "sensor.web_average_response_time_24_hours"
BUDGET = "sensor.home_lab_sla_budget_remaining_30_days"


@pytest.fixture(autouse=True)
def _all_enabled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Turn on what is off at first."""
    monkeypatch.setattr(Entity, "entity_registry_enabled_default", True)


def make_past(remaining_s: float | None = None, **changes: Any) -> dict[str, Any]:
    """Return the past of a check, with an agreed uptime if something is left of it."""
    sla = {"agreed_percent": 99.9, "allowed_s": 2592.0, "used_s": 0.0, "remaining_s": remaining_s}
    return {
        **dict.fromkeys(("24h", "7d", "30d", "90d"), 100.0),
        "latency_avg_ms": None,
        "sla": None if remaining_s is None else sla,
        **changes,
    }


async def test_average_response_time(
    hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry
) -> None:
    """It comes with the uptime; a daemon of before does not tell it."""
    old = dict.fromkeys(("24h", "7d", "30d", "90d"), 100.0)
    daemon.replies["/api/status/uptime"] = {"web": make_past(latency_avg_ms=12.345), "nas": old}
    await hass.config_entries.async_setup(entry.entry_id)
    await daemon.wait_for_client()

    await wait_for_state(hass, MEAN, "12.345")
    assert state_of(hass, MEAN).attributes["unit_of_measurement"] == "ms"
    assert state_of(hass, MEAN.replace("web", "nas")).state == STATE_UNKNOWN
    await hass.config_entries.async_unload(entry.entry_id)


async def test_budget_of_the_check_that_has_the_least(
    hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry
) -> None:
    """It is told in minutes, with the check's name; less than nothing is told as such."""
    daemon.replies["/api/status/uptime"] = {"web": make_past(2592.0), "nas": make_past(1800.0)}
    await hass.config_entries.async_setup(entry.entry_id)
    await daemon.wait_for_client()
    await wait_for_state(hass, BUDGET, "30.0")
    assert state_of(hass, BUDGET).attributes["unit_of_measurement"] == "min"
    assert state_of(hass, BUDGET).attributes["check"] == "Nas"

    daemon.replies["/api/status/uptime"] = {"web": make_past(-60.0), "nas": make_past(1800.0)}
    await entry.runtime_data.uptimes.async_refresh()
    assert state_of(hass, BUDGET).state == "-1.0"
    assert state_of(hass, BUDGET).attributes["check"] == "Web"

    daemon.replies["/api/status/uptime"] = {"web": make_past(), "nas": make_past()}
    await entry.runtime_data.uptimes.async_refresh()
    assert state_of(hass, BUDGET).state == STATE_UNKNOWN
    assert state_of(hass, BUDGET).attributes["check"] is None
    await hass.config_entries.async_unload(entry.entry_id)


async def test_past_that_cannot_be_read(
    hass: HomeAssistant,
    daemon: FakeDaemon,
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """That of one check does not take the others along, and is complained of once."""
    daemon.replies["/api/status/uptime"] = {"web": "much", "nas": make_past(latency_avg_ms=5.0)}
    await hass.config_entries.async_setup(entry.entry_id)
    await daemon.wait_for_client()
    await wait_for_state(hass, MEAN.replace("web", "nas"), "5.0")

    await entry.runtime_data.uptimes.async_refresh()

    assert state_of(hass, MEAN).state == STATE_UNKNOWN
    assert caplog.text.count("The uptime of web cannot be read") == 1
    await hass.config_entries.async_unload(entry.entry_id)
