"""The daemon's own update: there while it looks for newer releases, and no trace otherwise."""

from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNKNOWN, EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from tests.ha.fake_daemon import FakeDaemon
from tests.ha.waiting import state_of, wait_for_state, wait_until

ENTITY = "update.home_lab_update"
PAGE = "https://github.com/ops-monitor/ops-monitor/releases/tag/v0.9.0"
NEWER = {"version": "0.9.0", "url": PAGE, "is_newer": True}


async def test_a_newer_daemon_is_told(
    hass: HomeAssistant,
    daemon: FakeDaemon,
    loaded: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
) -> None:
    """Both versions, the page and the notes are shown; installing it is left to people."""
    assert hass.states.get(ENTITY) is None
    daemon.replies["/api/update"] = {"notes": "What is new"}

    daemon.tell_update(NEWER)
    await wait_for_state(hass, ENTITY, STATE_ON)
    client = await hass_ws_client(hass)
    await client.send_json_auto_id({"type": "update/release_notes", "entity_id": ENTITY})
    notes = await client.receive_json()

    shown = state_of(hass, ENTITY).attributes
    assert (shown["installed_version"], shown["latest_version"]) == ("0.1.0", "0.9.0")
    assert shown["release_url"] == PAGE
    assert notes["result"] == "What is new"
    entry = er.async_get(hass).async_get(ENTITY)
    # As of any update that Home Assistant cannot install.
    assert entry is not None
    assert entry.entity_category is EntityCategory.DIAGNOSTIC


async def test_the_daemon_compares(
    hass: HomeAssistant, daemon: FakeDaemon, loaded: MockConfigEntry
) -> None:
    """A release that is older than what runs is no update; what is not known yet is unknown."""
    daemon.tell_update({"version": None, "url": None, "is_newer": False})
    await wait_for_state(hass, ENTITY, STATE_UNKNOWN)

    daemon.tell_update({"version": "0.0.9", "url": None, "is_newer": False})
    await wait_for_state(hass, ENTITY, STATE_OFF)

    older = hass.states.get(ENTITY)
    assert older is not None
    assert older.attributes["latest_version"] == "0.0.9"


async def test_notes_that_cannot_be_had(
    hass: HomeAssistant,
    daemon: FakeDaemon,
    loaded: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
) -> None:
    """An answer that has none, or none at all, is no reason to fail in any other way."""
    daemon.tell_update(NEWER)
    await wait_for_state(hass, ENTITY, STATE_ON)
    client = await hass_ws_client(hass)

    daemon.replies["/api/update"] = [1, 2]
    await client.send_json_auto_id({"type": "update/release_notes", "entity_id": ENTITY})
    odd = await client.receive_json()
    del daemon.replies["/api/update"]
    await client.send_json_auto_id({"type": "update/release_notes", "entity_id": ENTITY})
    none = await client.receive_json()

    assert (odd["success"], odd["result"]) == (True, None)
    assert none["success"] is False


async def test_nothing_is_left_when_it_is_off(
    hass: HomeAssistant, daemon: FakeDaemon, loaded: MockConfigEntry
) -> None:
    """Turned off, the entity goes; turned on again, it is back."""
    entities = er.async_get(hass)
    daemon.tell_update(NEWER)
    await wait_for_state(hass, ENTITY, STATE_ON)

    daemon.tell_update(None)
    await wait_until(hass, lambda: entities.async_get(ENTITY) is None)
    assert hass.states.get(ENTITY) is None

    daemon.tell_update(NEWER)
    await wait_for_state(hass, ENTITY, STATE_ON)


async def test_what_cannot_be_read_of_the_daemon_takes_nothing_along(
    hass: HomeAssistant, daemon: FakeDaemon, loaded: MockConfigEntry
) -> None:
    """The entity, and what a person made of it, stays: it is unknown until it can be read again."""
    entities = er.async_get(hass)
    daemon.tell_update(NEWER)
    await wait_for_state(hass, ENTITY, STATE_ON)
    entities.async_update_entity(ENTITY, name="My daemon")

    daemon.storage = {"free_bytes": "plenty", "is_low": False}
    assert await hass.config_entries.async_reload(loaded.entry_id)
    assert state_of(hass, ENTITY).state == STATE_ON

    daemon.update = {"version": 9, "url": None, "is_newer": True}
    assert await hass.config_entries.async_reload(loaded.entry_id)
    assert state_of(hass, ENTITY).state == STATE_UNKNOWN

    daemon.tell_update(NEWER)
    await wait_for_state(hass, ENTITY, STATE_ON)
    entry = entities.async_get(ENTITY)
    assert entry is not None
    assert entry.name == "My daemon"
