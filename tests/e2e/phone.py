"""A phone with the Home Assistant app, as far as it gets notifications and answers them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPMethod
from typing import Any

from tests.e2e.home_assistant import HomeAssistant

_APP = {
    "app_id": "io.home.example.app",
    "app_name": "Home",
    "app_version": "1.0",
    "device_name": "Phone",
    "device_id": "phone",
    "manufacturer": "Example",
    "model": "One",
    "os_name": "Example OS",
    "os_version": "1.0",
    "app_data": {"push_websocket_channel": True},
}


class Phone:
    """One phone, registered as its app does it.

    Source: https://developers.home-assistant.io/docs/api/native-app-integration, setup and
    notifications.
    """

    def __init__(self, home_assistant: HomeAssistant) -> None:
        """Have got nothing yet."""
        self.got: list[dict[str, Any]] = []
        self.device_id = ""
        self._home_assistant = home_assistant
        self._webhook = ""
        self._changed = asyncio.Event()

    async def register(self) -> None:
        """Become a device, and listen for notifications."""
        home_assistant = self._home_assistant
        made = await home_assistant.request(HTTPMethod.POST, "mobile_app/registrations", _APP)
        self._webhook = made["webhook_id"]
        await home_assistant.subscribe(
            "mobile_app/push_notification_channel", self._take, webhook_id=self._webhook
        )
        devices = await home_assistant.command("config/device_registry/list")
        [self.device_id] = [each["id"] for each in devices if each["name"] == "Phone"]

    def _take(self, notification: dict[str, Any]) -> None:
        """Keep what is shown."""
        self.got.append(notification)
        self._changed.set()

    async def wait_for(self, is_meant: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        """Return the latest notification of a kind; wait for it."""
        async with asyncio.timeout(300):
            while not (found := [each for each in self.got if is_meant(each)]):
                self._changed.clear()
                await self._changed.wait()
        return found[-1]

    async def press(self, action: str) -> None:
        """Press a button of a notification."""
        event = {"event_type": "mobile_app_notification_action", "event_data": {"action": action}}
        await self._home_assistant.request(
            HTTPMethod.POST, f"webhook/{self._webhook}", {"type": "fire_event", "data": event}
        )
