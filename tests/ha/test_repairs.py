"""Repairs: issues that come and go by themselves, and what can be done about them."""

from datetime import timedelta
from typing import Any

from homeassistant.components.repairs.const import DOMAIN as REPAIRS
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_TOKEN
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.ops_monitor.const import CONF_REPAIRS, DOMAIN, RepairLevel
from custom_components.ops_monitor.issues import raise_read_only_token
from tests.ha.fake_daemon import FakeDaemon, answering, error_response, make_check, make_down
from tests.ha.waiting import wait_for_state, wait_until

WEB = "binary_sensor.web"


def issues(hass: HomeAssistant) -> dict[str, ir.IssueEntry]:
    """Return our issues by the kind that they are of."""
    registry = ir.async_get(hass)
    return {
        issue.translation_key or "": issue
        for (domain, _), issue in registry.issues.items()
        if domain == DOMAIN and issue.active
    }


@pytest.mark.parametrize(
    ("level", "is_core", "expected"),
    [
        (RepairLevel.NONE, True, False),
        (RepairLevel.CORE, True, True),
        (RepairLevel.CORE, False, False),
        (RepairLevel.ALL, False, True),
    ],
)
async def test_check_is_down(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    daemon: FakeDaemon,
    level: str,
    is_core: bool,  # noqa: FBT001 - a column of the table
    expected: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """A failure is an issue where it is wanted, and none any more when it is over."""
    hass.config_entries.async_update_entry(loaded, options={CONF_REPAIRS: level})
    await hass.config_entries.async_reload(loaded.entry_id)
    await daemon.wait_for_client()

    daemon.put(make_down("web", core=is_core))
    await wait_for_state(hass, WEB, "off")
    assert ("check_down" in issues(hass)) is expected

    daemon.put(make_check("web", core=is_core))
    await wait_for_state(hass, WEB, "on")
    assert "check_down" not in issues(hass)


async def test_issues_go_with_the_entry(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """An entry that is unloaded leaves no issue that nobody would take back."""
    daemon.put(make_down("web", core=True))
    await wait_for_state(hass, WEB, "off")
    assert issues(hass)

    await hass.config_entries.async_unload(loaded.entry_id)

    assert issues(hass) == {}


async def test_mistakes_in_the_configuration(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """Mistakes in checks.yml are shown with their places until they are corrected."""
    daemon.send(("config", {"problems": ["checks.yml:3:1: no"]}))
    await wait_until(hass, lambda: "config_error" in issues(hass))
    placeholders = issues(hass)["config_error"].translation_placeholders
    assert placeholders == {"name": "Home lab", "problems": "checks.yml:3:1: no"}

    daemon.send(("config", {"problems": []}))
    await wait_until(hass, lambda: "config_error" not in issues(hass))


async def test_little_room_for_the_database(
    hass: HomeAssistant, daemon: FakeDaemon, loaded: MockConfigEntry
) -> None:
    """There is an issue while the daemon says that its disk is nearly full, with what is left."""
    daemon.tell_wellbeing(is_low=True, free_bytes=412_345_678)
    await wait_until(hass, lambda: "database_nearly_full" in issues(hass))
    issue = issues(hass)["database_nearly_full"]
    assert issue.translation_placeholders == {"name": "Home lab", "free": "412"}

    daemon.tell_wellbeing(is_low=False, free_bytes=40_000_000_000)
    await wait_until(hass, lambda: "database_nearly_full" not in issues(hass))


async def test_clock_is_wrong(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """A daemon whose clock is far off is told of."""
    loaded.runtime_data.client.clock_skew = timedelta(minutes=-5)
    daemon.put(make_down("web"))
    await wait_until(hass, lambda: "clock_skew" in issues(hass))

    placeholders = issues(hass)["clock_skew"].translation_placeholders
    assert placeholders == {"name": "Home lab", "seconds": "300"}


async def test_version_does_not_fit(
    hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry
) -> None:
    """A daemon of another age is told of until one of the two is updated."""
    daemon.api_version = 0
    await hass.config_entries.async_setup(entry.entry_id)
    assert "unsupported_version" in issues(hass)

    daemon.api_version = 1
    await hass.config_entries.async_reload(entry.entry_id)
    assert "unsupported_version" not in issues(hass)
    await hass.config_entries.async_unload(entry.entry_id)


async def fix(hass: HomeAssistant, hass_client: ClientSessionGenerator, kind: str) -> Any:
    """Open the flow that sees to an issue, as the user interface does."""
    assert await async_setup_component(hass, REPAIRS, {})
    client = await hass_client()
    response = await client.post(
        "/api/repairs/issues/fix",
        json={"handler": DOMAIN, "issue_id": issues(hass)[kind].issue_id},
    )
    opened = await response.json()

    async def submit(data: dict[str, Any]) -> Any:
        """Submit a step."""
        answer = await client.post(f"/api/repairs/issues/fix/{opened['flow_id']}", json=data)
        return await answer.json()

    return opened, submit


@pytest.mark.parametrize("wish", ["acknowledge", "run", "pause"])
async def test_do_something_about_a_check(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    daemon: FakeDaemon,
    hass_client: ClientSessionGenerator,
    wish: str,
) -> None:
    """A check that is down can be acknowledged, run or paused where it is shown."""
    daemon.put(make_down("web", core=True))
    await wait_for_state(hass, WEB, "off")
    daemon.replies[f"/api/checks/web/{wish}"] = {}

    opened, submit = await fix(hass, hass_client, "check_down")
    assert opened["type"] == "menu"
    assert opened["description_placeholders"]["error"] == "The connection was refused."
    result = await submit({"next_step_id": wish})

    assert result["type"] == "create_entry"
    assert [path for _, path, _ in daemon.asked] == [f"/api/checks/web/{wish}"]


async def test_daemon_does_not_do_it(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    daemon: FakeDaemon,
    hass_client: ClientSessionGenerator,
) -> None:
    """What the daemon refuses is said."""
    daemon.put(make_down("web", core=True))
    await wait_for_state(hass, WEB, "off")
    _, submit = await fix(hass, hass_client, "check_down")
    daemon.answer = answering(lambda: error_response(409, "paused"))

    result = await submit({"next_step_id": "run"})

    assert (result["type"], result["reason"]) == ("abort", "failed")


async def test_daemon_is_away(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    daemon: FakeDaemon,
    hass_client: ClientSessionGenerator,
) -> None:
    """Nothing can be done about a check of a daemon that is not set up at the moment."""
    daemon.put(make_down("web", core=True))
    await wait_for_state(hass, WEB, "off")
    _, submit = await fix(hass, hass_client, "check_down")
    await hass.config_entries.async_unload(loaded.entry_id)

    result = await submit({"next_step_id": "run"})

    assert (result["type"], result["reason"]) == ("abort", "cannot_connect")


async def test_token_may_only_read(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    daemon: FakeDaemon,
    hass_client: ClientSessionGenerator,
) -> None:
    """Whoever asks for a change with a token that may only read can enter a better one."""
    daemon.answer = answering(lambda: error_response(403, "forbidden"))
    with pytest.raises(HomeAssistantError):
        await hass.services.async_call(DOMAIN, "run_check", {"check": "web"}, blocking=True)
    assert not list(loaded.async_get_active_flows(hass, {"reauth"}))

    opened, submit = await fix(hass, hass_client, "read_only_token")
    assert opened["type"] == "menu"
    await submit({"next_step_id": "token"})
    result = await submit({CONF_TOKEN: "still-read"})
    assert result["errors"] == {"base": "forbidden"}

    daemon.answer = None
    daemon.replies["/api/checks/no.such.check/run"] = {}
    result = await submit({CONF_TOKEN: "admin"})
    await hass.async_block_till_done()

    assert result["type"] == "create_entry"
    assert loaded.data[CONF_TOKEN] == "admin"
    await wait_until(hass, lambda: loaded.state is ConfigEntryState.LOADED)
    assert "read_only_token" not in issues(hass)


@pytest.mark.parametrize(("scope", "is_told"), [("admin", False), ("read", True), (None, True)])
async def test_better_token_by_another_way(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    daemon: FakeDaemon,
    scope: str | None,
    is_told: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """A token that may only read is not told of any more once there is a better one."""
    raise_read_only_token(hass, loaded)
    daemon.scope = scope

    await hass.config_entries.async_reload(loaded.entry_id)

    assert ("read_only_token" in issues(hass)) is is_told
