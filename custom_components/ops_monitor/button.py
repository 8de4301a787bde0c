"""Buttons: run a check, run all of them, send a test alert."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .adding_checks import keep_adding_checks
from .asking import tell
from .coordinator import OpsMonitorConfigEntry, OpsMonitorCoordinator
from .entity import CheckEntity, HubEntity
from .trying_alerts import send_test

PARALLEL_UPDATES = 1

_AT_ONCE: Final = 8
"""So many checks are run side by side: the daemon has other things to do as well."""


@dataclass(frozen=True, kw_only=True)
class HubButtonDescription(ButtonEntityDescription):
    """A button of the daemon."""

    press_fn: Callable[[OpsMonitorCoordinator], Awaitable[object]]


async def _run_all(coordinator: OpsMonitorCoordinator) -> None:
    """Run all checks that are not paused, a few at a time, also if some cannot be run.

    Raises:
        HomeAssistantError: Not all could be run; this is the first that could not.

    """
    places = asyncio.Semaphore(_AT_ONCE)

    async def run(check_id: str) -> None:
        """Run one check when there is a place."""
        async with places:
            await tell(coordinator, f"api/checks/{check_id}/run")

    checks = [check for check in coordinator.shown if not check.is_paused]
    ends = await asyncio.gather(*(run(check.id) for check in checks), return_exceptions=True)
    if failure := next((end for end in ends if isinstance(end, BaseException)), None):
        raise failure


RUN: Final = ButtonEntityDescription(
    key="run", translation_key="run", entity_registry_enabled_default=False
)
HUB_BUTTONS: Final = (
    HubButtonDescription(key="run_all", translation_key="run_all", press_fn=_run_all),
    HubButtonDescription(
        key="test_alert",
        translation_key="test_alert",
        entity_category=EntityCategory.CONFIG,
        press_fn=send_test,
    ),
)


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: OpsMonitorConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the buttons of the daemon and of its checks."""
    async_add_entities(HubButton(entry, description) for description in HUB_BUTTONS)
    keep_adding_checks(entry, async_add_entities, lambda check: [RunButton(entry, check, RUN)])


class HubButton(HubEntity, ButtonEntity):
    """Something that concerns the whole."""

    entity_description: HubButtonDescription

    @override
    async def async_press(self) -> None:
        """Do it."""
        await self.entity_description.press_fn(self.coordinator)

    @override
    def _to_show(self) -> object:
        """Return nothing: a button has no state but when it was pressed."""
        return None


class RunButton(CheckEntity, ButtonEntity):
    """Runs a check now."""

    @override
    async def async_press(self) -> None:
        """Run it; what comes of it is told by the stream."""
        await tell(self.coordinator, f"api/checks/{self._check.id}/run")

    @override
    def _to_show(self) -> object:
        """Return nothing: a button has no state but when it was pressed."""
        return None
