"""The page on the system's health."""

import asyncio

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    get_system_health_info,
)

from custom_components.ops_monitor.const import DOMAIN
from tests.ha.fake_daemon import FakeDaemon


async def info_of(hass: HomeAssistant) -> dict[str, object]:
    """Return what is shown, with what has to be found out first."""
    assert await async_setup_component(hass, "system_health", {})
    info = await get_system_health_info(hass, DOMAIN)
    return {
        key: await value if asyncio.iscoroutine(value) else value for key, value in info.items()
    }


async def test_health(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    """The connection is described."""
    info = await info_of(hass)

    assert info.pop("last_frame_age") in {None, "0 s", "1 s"}
    assert info == {
        "daemons": 1,
        "reachable": "ok",
        "version": "0.1.0",
        "api_version": 1,
        "stream": "websocket",
        "connections": 1,
        "checks": 2,
    }


async def test_several_daemons(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    """Each of several daemons has its own lines."""
    other = FakeDaemon()
    other.instance_id = "another"
    await other.start()
    second = MockConfigEntry(
        domain=DOMAIN, unique_id="another", data={"url": other.url, "verify_ssl": True}
    )
    second.add_to_hass(hass)
    await hass.config_entries.async_setup(second.entry_id)

    info = await info_of(hass)

    assert (info["daemons"], info["checks_1"], info["checks_2"]) == (2, 2, 2)
    await hass.config_entries.async_unload(second.entry_id)
    await other.stop()
