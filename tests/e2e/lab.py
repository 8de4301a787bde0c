"""A Home Assistant, a daemon, and all that the daemon watches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPMethod
import json
from pathlib import Path
from typing import Any, Final

from aiohttp import ClientSession

from tests.e2e.daemon_process import DaemonProcess
from tests.e2e.home_assistant import HomeAssistant
from tests.e2e.things import BACKUP, NEVER_S, Things
from tests.e2e.web_server import WebServer

TOKEN: Final = "the-admin-token-of-this-daemon"  # noqa: S105 - of a daemon that lives for these tests


@dataclass
class Lab:
    """All that takes part."""

    home_assistant: HomeAssistant
    daemon: DaemonProcess
    server: WebServer
    folder: Path
    session: ClientSession
    things: Things

    def configure(self) -> None:
        """Write the daemon's configuration."""
        config = {
            "server": {"token": TOKEN},
            **self.things.sections,
            "alerts": {"channels": {"hook": {"type": "webhook", "url": self.server.url}}},
            "checks": [
                {
                    "id": "web",
                    "name": "Web server",
                    "type": "http",
                    "url": self.server.url,
                    "interval_s": NEVER_S,
                    "timeout_s": 5,
                    "retries": 0,
                    "down_threshold": 1,
                },
                *self.things.checks,
            ],
        }
        self.daemon.config.write_text(json.dumps(config))

    async def ask(self, path: str) -> Any:
        """Return what the daemon itself says."""
        return await self.tell(HTTPMethod.GET, path)

    async def tell(
        self, method: HTTPMethod, path: str, body: Mapping[str, Any] | None = None
    ) -> Any:
        """Have the daemon do something; return what it says."""
        headers = {"Authorization": f"Bearer {TOKEN}"}
        url = f"{self.daemon.url}{path}"
        async with self.session.request(method, url, headers=headers, json=body) as response:
            assert response.status < 300, await response.text()
            return await response.json()

    async def beat(self) -> None:
        """Let the backup say that it lives."""
        async with self.session.get(f"{self.daemon.url}/api/heartbeat/{BACKUP}") as response:
            assert response.status == 200, await response.text()

    async def own_tokens(self) -> list[str]:
        """Return the ids of the tokens that programs got by a code."""
        return [item["id"] for item in await self.ask("/api/tokens")]

    async def act(self, action: str, end: str, **data: Any) -> None:
        """Perform an action on the entity whose unique id has an end."""
        await self.home_assistant.act(action, {"entity_id": await self.entity(end)}, **data)

    async def entities(self) -> list[dict[str, Any]]:
        """Return our entities, as they are registered."""
        registered = await self.home_assistant.command("config/entity_registry/list")
        return [item for item in registered if item["platform"] == "ops_monitor"]

    async def entity(self, end: str) -> str:
        """Return the entity whose unique id has an end."""
        [found] = [item for item in await self.entities() if item["unique_id"].endswith(end)]
        return str(found["entity_id"])

    async def wait_for(self, end: str, wanted: str) -> dict[str, Any]:
        """Wait until the entity whose unique id has an end has a state; return all of it."""
        return await self.home_assistant.wait_for(await self.entity(end), wanted)

    async def state(self, end: str) -> str:
        """Return the state of the entity whose unique id has an end; wait until there is one."""
        entity_id = await self.entity(end)
        await self.home_assistant.wait_until(lambda: entity_id in self.home_assistant.states)
        return str(self.home_assistant.states[entity_id]["state"])
