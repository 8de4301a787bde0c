"""Look at Home Assistant's states, and wait for what happens."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED
from homeassistant.const import MATCH_ALL
from homeassistant.core import HomeAssistant, State, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect

_LOOK_S = 0.1


def state_of(hass: HomeAssistant, entity_id: str) -> State:
    """Return the state of an entity that must be there."""
    state = hass.states.get(entity_id)
    assert state is not None, entity_id
    return state


async def wait_until(hass: HomeAssistant, is_so: Callable[[], object]) -> None:
    """Wait until something is so.

    It is looked at after every event and change of an entry, and now and then, for not all that is
    waited for comes with one.
    """
    happened = asyncio.Event()

    @callback
    def look(*_what: object) -> None:
        """Wake the waiting test."""
        happened.set()

    unsubscribe = [
        hass.bus.async_listen(MATCH_ALL, look),
        async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, look),
    ]
    try:
        async with asyncio.timeout(60):
            while not is_so():
                with suppress(TimeoutError):
                    await asyncio.wait_for(happened.wait(), _LOOK_S)
                happened.clear()
    finally:
        for stop in unsubscribe:
            stop()


async def wait_for_state(hass: HomeAssistant, entity_id: str, wanted: str | None) -> None:
    """Wait until an entity has a state; None: until it is gone."""

    def is_so() -> bool:
        """Compare the present state."""
        state = hass.states.get(entity_id)
        return (state.state if state else None) == wanted

    await wait_until(hass, is_so)
