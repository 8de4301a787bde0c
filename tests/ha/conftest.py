"""What the integration's tests share: a fake daemon on a real socket, and an entry for it."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial

from homeassistant.const import CONF_URL, CONF_VERIFY_SSL
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

# Imported before the test package mounts its own `custom_components`: Home Assistant finds ours.
from custom_components.ops_monitor.client import subscription
from custom_components.ops_monitor.client.backoff import Backoff
from custom_components.ops_monitor.const import DOMAIN
from tests.ha.fake_daemon import INSTANCE_ID, FakeDaemon


@pytest.fixture(autouse=True)
def _own_integration(socket_enabled: None, enable_custom_integrations: None) -> None:
    """Let Home Assistant load the integration, and the tests use the loopback."""


@pytest.fixture(autouse=True)
def enable_event_loop_debug() -> None:
    """Leave the event loop's debug mode off: where each future was made is half of what tests cost.

    The tests of `tests/contract` leave it on, as Home Assistant's test bench has it.
    """


@pytest.fixture(autouse=True)
def _quick_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reconnect at once: how long the waits are is a test of its own."""
    quick = partial(Backoff, first_s=0.01, limit_s=0.05)
    monkeypatch.setattr(subscription, "Backoff", quick)


@pytest.fixture
async def daemon(hass: HomeAssistant) -> AsyncIterator[FakeDaemon]:
    """Return a running daemon with two checks."""
    fake = FakeDaemon()
    await fake.start()
    yield fake
    await fake.stop()


@pytest.fixture
def entry(hass: HomeAssistant, daemon: FakeDaemon) -> MockConfigEntry:
    """Return an entry for the daemon, not set up yet."""
    config_entry = MockConfigEntry(
        domain=DOMAIN,
        title="Home lab",
        unique_id=INSTANCE_ID,
        data={CONF_URL: daemon.url, CONF_VERIFY_SSL: True},
    )
    config_entry.add_to_hass(hass)
    return config_entry


@pytest.fixture
async def loaded(
    hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry
) -> AsyncIterator[MockConfigEntry]:
    """Return an entry that is set up and hears the stream."""
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    await daemon.wait_for_client()
    yield entry
    await hass.config_entries.async_unload(entry.entry_id)
    async with asyncio.timeout(60):
        await hass.async_block_till_done()
