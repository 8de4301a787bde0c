"""A Home Assistant that is asked by its REST and WebSocket API."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import WSMsgType, web

from tests.daemon.probes.box_double import Box

LOGIN = "eyJhbGciOi.hunter2"
CONFIG: dict[str, Any] = {
    "version": "2026.11.2",
    "state": "RUNNING",
    "recovery_mode": False,
    "safe_mode": False,
    "latitude": 52.37,
    "longitude": 4.9,
    "location_name": "Home",
    "components": ["api", "recorder"],
}
COUNTS: dict[str, Any] = {
    "entities": 812,
    "unavailable": ["light.attic", "sensor.old"],
    "unknown": 7,
    "updates": [
        {
            "entity_id": "update.core",
            "name": "Home Assistant Core",
            "installed": "2026.11.2",
            "latest": "2026.11.3",
        }
    ],
}
RECORDER: dict[str, Any] = {
    "backlog": 3,
    "db_in_default_location": True,
    "max_backlog": 65000,
    "migration_in_progress": False,
    "migration_is_live": False,
    "recording": True,
    "thread_running": True,
}
REPAIRS: dict[str, Any] = {
    "issues": [
        {"domain": "hue", "issue_id": "a", "ignored": False, "severity": "warning"},
        {"domain": "mqtt", "issue_id": "b", "ignored": True, "severity": "warning"},
    ]
}
STATES: list[dict[str, Any]] = [
    {"entity_id": "light.attic", "state": "unavailable", "attributes": {}},
    {"entity_id": "sensor.new", "state": "unknown", "attributes": {}},
    {
        "entity_id": "update.core",
        "state": "on",
        "attributes": {"installed_version": "1", "latest_version": "2", "friendly_name": "Core"},
    },
    {"entity_id": "update.done", "state": "off", "attributes": {}},
]


class HouseDouble(Box):
    """A Home Assistant."""

    def __init__(self) -> None:
        """Be well."""
        super().__init__({}, {"Authorization": f"Bearer {LOGIN}"})
        self.answers = {
            "/api/config": CONFIG,
            "/api/template": COUNTS,
            "/api/states": STATES,
        }
        self.results: dict[str, Any] = {
            "recorder/info": RECORDER,
            "repairs/list_issues": REPAIRS,
        }

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one request, or hold a conversation."""
        if request.path == "/api/websocket" and not self.misbehave.get(request.path):
            self.asked.append(f"GET {request.path}")
            return await self.talk(request)
        return await super().answer(request)

    async def talk(self, request: web.Request) -> web.StreamResponse:
        """Hold a conversation as the WebSocket API does."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "auth_required", "ha_version": "2026.11.2"})
        token = (await socket.receive_json())["access_token"]
        if f"Bearer {token}" != self.headers["Authorization"]:
            await socket.send_json({"type": "auth_invalid", "message": "Invalid access token"})
            await socket.close()
            return socket
        await socket.send_json({"type": "auth_ok", "ha_version": "2026.11.2"})
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                break
            asked = json.loads(message.data)
            result = self.results.get(asked["type"])
            answer: dict[str, Any] = {"id": asked["id"], "type": "result"}
            if result is None:
                error = {"code": "unknown_command", "message": "Unknown command."}
                answer |= {"success": False, "error": error}
            else:
                answer |= {"success": True, "result": result}
            await socket.send_json({"id": 99, "type": "event", "event": {}})
            await socket.send_json(answer)
        return socket
