"""Reports that an AI task of Home Assistant writes from the daemon's facts."""

from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import probatio as vol
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_mock_service

from custom_components.ops_monitor.const import DOMAIN
from tests.ha.fake_daemon import FakeDaemon, make_check, make_down, make_reading
from tests.ha.waiting import wait_for_state

WRITER = "ai_task.writer"
OLD = {"id": "1", "name": "Old", "resolved_at": "2020-01-01T00:00:00Z", "message": "long ago"}
OPEN = {"id": "2", "name": "Web", "resolved_at": None, "kind": "down", "message": "x" * 500}
ODD = {"id": "3", "name": "Odd", "resolved_at": "?"}


def writer(hass: HomeAssistant, data: object) -> list[ServiceCall]:
    """Be an AI task that answers this."""
    response: Any = {"conversation_id": "1", "data": data}
    calls: list[ServiceCall] = async_mock_service(
        hass, "ai_task", "generate_data", response=response
    )
    return calls


async def report(hass: HomeAssistant, **data: Any) -> Any:
    """Have a report written."""
    return await hass.services.async_call(
        DOMAIN, "generate_report", data, blocking=True, return_response=True
    )


async def test_report(hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon) -> None:
    """It is written from the facts of the time that is asked for, and of no targets."""
    calls = writer(hass, "# All is well")
    daemon.replies["/api/alerts"] = [OPEN, OLD, ODD, "nonsense"]
    issue = {"kind": "memory", "status": "warn", "message": "Memory is short.", "data": {}}
    daemon.read(make_reading("host", {}, status="warn", issues=[issue]))
    daemon.put(make_down("web"))
    await wait_for_state(hass, "sensor.host_status", "warn")
    await wait_for_state(hass, "sensor.web_status", "down")

    answer = await report(hass, ai_task_entity=WRITER, range={"days": 7}, language="Deutsch")

    assert answer["markdown"] == "# All is well"
    assert answer["llm"] == {"used": True, "entity_id": WRITER}
    facts = answer["facts"]
    assert (facts["status"], facts["checks"], facts["up"]) == ("warn", 2, 1)
    assert [check["name"] for check in facts["in_trouble"]] == ["Web"]
    assert [item["name"] for item in facts["incidents"]] == ["Web"]
    assert len(facts["incidents"][0]["message"]) == 300
    assert facts["things_with_issues"] == {"host": ["Memory is short."]}
    [call] = calls
    assert call.data["entity_id"] == WRITER
    assert "Deutsch" in call.data["instructions"]
    assert "web.home.example" not in call.data["instructions"]


async def test_uptime_is_a_fact(
    hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry
) -> None:
    """What is known of the uptime is told, too."""
    writer(hass, "# All is well")
    daemon.checks = {"web": make_check("web")}
    daemon.replies["/api/alerts"] = []
    daemon.replies["/api/status/uptime"] = {"web": {"24h": 99.5, "7d": None, "30d": None}}
    await hass.config_entries.async_setup(entry.entry_id)
    await wait_for_state(hass, "sensor.home_lab_checks_total", "1")
    await entry.runtime_data.uptimes.async_refresh()

    answer = await report(hass, ai_task_entity=WRITER)

    assert answer["facts"]["uptime_percent"] == {"Web": {"24h": 99.5}}
    await hass.config_entries.async_unload(entry.entry_id)


async def test_no_ai_task(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    """Without one, that is said."""
    with pytest.raises(ServiceValidationError) as caught:
        await report(hass, ai_task_entity=WRITER)

    assert caught.value.translation_key == "no_ai_task"


@pytest.mark.parametrize("data", [None, "  ", {"a": 1}])
async def test_answer_that_is_no_report(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon, data: object
) -> None:
    """What is no text is no report."""
    writer(hass, data)
    daemon.replies["/api/alerts"] = []

    with pytest.raises(HomeAssistantError) as caught:
        await report(hass, ai_task_entity=WRITER)

    assert caught.value.translation_key == "unreadable_answer"


async def test_incidents_that_cannot_be_read_are_not_none(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """A report must not say that all was well because nobody understood what was not."""
    writer(hass, "All was well.")
    daemon.replies["/api/alerts"] = {"not": "a list"}

    with pytest.raises(HomeAssistantError) as caught:
        await report(hass, ai_task_entity=WRITER)

    assert caught.value.translation_key == "unreadable_answer"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("generate_report", {"ai_task_entity": "light.kitchen"}),
        ("get_report", {"report_id": "../checks"}),
        ("get_report", {"report_id": "a/b"}),
    ],
)
async def test_wrong_fields(
    hass: HomeAssistant, loaded: MockConfigEntry, name: str, data: dict[str, Any]
) -> None:
    """Only an AI task writes; no id leads to another path."""
    with pytest.raises(vol.Invalid):
        await hass.services.async_call(DOMAIN, name, data, blocking=True, return_response=True)
