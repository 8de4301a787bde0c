"""A daemon that can prove who it is gets known, whenever the entry was made."""

import asyncio

from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ops_monitor.const import CONF_PROOF_ID, CONF_PROOF_KEY
from tests.ha.fake_daemon import FakeDaemon
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
