"""A daemon that can prove who it is gets known, whenever the entry was made."""

import asyncio

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ops_monitor.const import CONF_PROOF_ID, CONF_PROOF_KEY
from tests.ha.fake_daemon import FakeDaemon, answering, error_response
from tests.ha.waiting import wait_until

PROOF = {CONF_PROOF_ID: "c0" * 16, CONF_PROOF_KEY: "5a" * 32}


async def test_an_entry_without_a_key_gets_one(
    hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry
) -> None:
    """A daemon that was set up before it could prove anything gives its key at the next start."""
    daemon.capabilities.append("prove")
    daemon.replies["/api/proof-key"] = {
        "id": PROOF[CONF_PROOF_ID],
        "key": PROOF[CONF_PROOF_KEY],
    }

    assert await hass.config_entries.async_setup(entry.entry_id)
    await wait_until(hass, lambda: CONF_PROOF_KEY in entry.data)

    assert PROOF.items() <= entry.data.items()
    assert await hass.config_entries.async_unload(entry.entry_id)
    async with asyncio.timeout(60):
        await hass.async_block_till_done()


async def test_a_token_that_cannot_be_looked_up_is_not_asked_for(
    hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry
) -> None:
    """A daemon that cannot read who has a token is waited for: nobody is asked for a new one."""
    daemon.answer = answering(lambda: error_response(503, "store_unavailable"))

    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert not list(entry.async_get_active_flows(hass, {SOURCE_REAUTH}))

    daemon.answer = None
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert await hass.config_entries.async_unload(entry.entry_id)
    async with asyncio.timeout(60):
        await hass.async_block_till_done()


async def test_a_key_that_is_none_is_not_kept(
    hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry
) -> None:
    """It could prove nothing, and would have to be asked for again by hand."""
    daemon.capabilities.append("prove")
    daemon.replies["/api/proof-key"] = {"id": "c0" * 16, "key": "not hexadecimal"}

    assert await hass.config_entries.async_setup(entry.entry_id)
    await daemon.wait_for(lambda: any(path == "/api/proof-key" for _, path, _ in daemon.asked))
    await hass.async_block_till_done(wait_background_tasks=False)

    assert CONF_PROOF_KEY not in entry.data
    assert await hass.config_entries.async_unload(entry.entry_id)
    async with asyncio.timeout(60):
        await hass.async_block_till_done()
