"""A real Home Assistant process, driven only by what a browser uses: HTTP and its websocket."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from http import HTTPMethod
import json
import os
from pathlib import Path
import signal
import time
from typing import Any

from aiohttp import ClientConnectionError, ClientSession, ClientWebSocketResponse, WSMsgType

from tests.ports import held_port

ROOT = Path(__file__).parents[2]
HASS = ROOT / ".venv-ha-live" / "bin" / "hass"
INTEGRATION = ROOT / "custom_components" / "ops_monitor"
CONFIGURATION = """\
frontend:
config:
history:
logbook:
logger:
  default: info
automation: !include automations.yaml
"""
# Home Assistant imports these when asked for its actions, and uses them for nothing here.
STUBS = {
    "pymicro_vad.py": "class MicroVad:\n    pass\n",
    "pyspeex_noise.py": "class AudioProcessor:\n    pass\n",
}


class HomeAssistant:
    """One process with one person who has an account."""

    def __init__(
        self,
        folder: Path,
        session: ClientSession,
        *,
        configuration: str = CONFIGURATION,
        components: Sequence[Path] = (INTEGRATION,),
    ) -> None:
        """Prepare a configuration folder that has the integration, or other custom components."""
        self.port = held_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "output.log"
        self.tokens: dict[str, Any] = {}
        self.states: dict[str, dict[str, Any]] = {}
        self._folder = folder
        self._session = session
        self._process: asyncio.subprocess.Process | None = None
        self._socket: ClientWebSocketResponse | None = None
        self._reader: asyncio.Task[None] | None = None
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._listeners: dict[int, Callable[[Any], None]] = {}
        self._changed = asyncio.Event()
        self._write_configuration(configuration, components)

    @property
    def pid(self) -> int:
        """Return the process's id."""
        assert self._process is not None
        return self._process.pid

    def _write_configuration(self, configuration: str, components: Sequence[Path]) -> None:
        """Write what a person would have, and the port to listen at."""
        (self._folder / "configuration.yaml").write_text(configuration)
        (self._folder / "automations.yaml").write_text("[]\n")
        custom = self._folder / "custom_components"
        custom.mkdir()
        for component in components:
            (custom / component.name).symlink_to(component)
        stubs = self._folder / "stubs"
        stubs.mkdir()
        for name, source in STUBS.items():
            (stubs / name).write_text(source)
        storage = self._folder / ".storage"
        storage.mkdir()
        _store(storage, "http", 3, _http_storage(self.port))
        # The other steps of the onboarding set up services of the internet.
        _store(storage, "onboarding", 4, {"done": ["core_config", "analytics", "integration"]})

    async def start(self, *, is_followed: bool = True) -> None:
        """Start the process, make an account, and follow all states unless that would disturb."""
        environment = {
            **os.environ,
            "PYTHONPATH": str(self._folder / "stubs"),
            # What Python itself says of calls that will go is to be seen in the log.
            "PYTHONWARNINGS": "default",
        }
        with self.log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                str(HASS),
                "--skip-pip",
                "--config",
                str(self._folder),
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        await self._wait_for_answer()
        await self._make_account()
        await self._connect()
        await self._wait_until_running()
        if is_followed:
            await self._follow()

    async def stop(self) -> None:
        """Stop the process as systemd does."""
        if self._reader:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
        if self._socket:
            await self._socket.close()
        if self._process and self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                async with asyncio.timeout(300):
                    await self._process.wait()
            except TimeoutError:
                self._process.kill()
                await self._process.wait()

    async def _wait_for_answer(self) -> None:
        """Wait until it answers; Home Assistant has no other way of saying that it is ready."""
        async with asyncio.timeout(300):
            while True:
                with suppress(ClientConnectionError):
                    async with self._session.get(f"{self.url}/api/onboarding") as response:
                        if response.status == 200:
                            return
                assert self._process is not None
                assert self._process.returncode is None, self.log.read_text()
                await asyncio.sleep(0.1)

    async def _wait_until_running(self) -> None:
        """Wait until all that is configured is set up: it answers long before."""
        async with asyncio.timeout(300):
            while True:
                if (await self.command("get_config"))["state"] == "RUNNING":
                    return
                await asyncio.sleep(0.1)

    async def _make_account(self) -> None:
        """Go through the onboarding as its pages do."""
        person = {"name": "Ops", "username": "ops", "password": "ops-monitor", "language": "en"}
        account = await self._post("onboarding/users", {**person, "client_id": f"{self.url}/"})
        form = {
            "grant_type": "authorization_code",
            "code": account["auth_code"],
            "client_id": f"{self.url}/",
        }
        async with self._session.post(f"{self.url}/auth/token", data=form) as response:
            self.tokens = await response.json()

    async def _post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Send something; return the answer."""
        return await self.request(HTTPMethod.POST, path, body)

    async def request(
        self, method: HTTPMethod, path: str, body: Mapping[str, Any] | None = None
    ) -> Any:
        """Send a request, with our token once there is one; return the answer."""
        headers = {}
        if self.tokens:
            headers["Authorization"] = f"Bearer {self.tokens['access_token']}"
        async with self._session.request(
            method, f"{self.url}/api/{path}", json=body, headers=headers
        ) as response:
            assert response.status < 300, f"{path}: {response.status} {await response.text()}"
            return await response.json()

    async def set_up(self, domain: str, *steps: Mapping[str, Any]) -> dict[str, Any]:
        """Go through a config flow, answering each menu and form; return its last result."""
        flow: dict[str, Any] = await self._post("config/config_entries/flow", {"handler": domain})
        for filled in steps:
            assert flow["type"] in {"form", "menu"}, flow
            flow = await self.fill_in(flow["flow_id"], filled)
        return flow

    async def fill_in(self, flow_id: str, filled: Mapping[str, Any]) -> dict[str, Any]:
        """Go on with a flow; return what comes of it."""
        result: dict[str, Any] = await self._post(f"config/config_entries/flow/{flow_id}", filled)
        return result

    async def show(self, flow_id: str) -> dict[str, Any]:
        """Return what a flow that is under way asks for."""
        shown: dict[str, Any] = await self.request(
            HTTPMethod.GET, f"config/config_entries/flow/{flow_id}"
        )
        return shown

    async def wait_for_flow(self, source: str, unique_id: str) -> dict[str, Any]:
        """Return a flow that nobody began by hand, such as of a discovery; wait for it.

        What tells of new flows does so before they know what they are about.
        """
        async with asyncio.timeout(300):
            while True:
                for flow in await self.command("config_entries/flow/progress"):
                    context = flow["context"]
                    if (context["source"], context.get("unique_id")) == (source, unique_id):
                        found: dict[str, Any] = flow
                        return found
                await asyncio.sleep(0.1)

    async def fix(self, kind: str) -> None:
        """Go through the repair of our issue of a kind, which takes no more than to agree."""
        issue_id = await self._wait_for_issue(kind)
        body = {"handler": "ops_monitor", "issue_id": issue_id}
        flow = await self._post("repairs/issues/fix", body)
        result = await self._post(f"repairs/issues/fix/{flow['flow_id']}", {})
        assert result["type"] == "create_entry", result

    async def _wait_for_issue(self, kind: str) -> str:
        """Return the id of our issue of a kind; wait for it."""
        async with asyncio.timeout(300):
            while True:
                for issue in (await self.command("repairs/list_issues"))["issues"]:
                    if issue["domain"] == "ops_monitor" and issue["translation_key"] == kind:
                        return str(issue["issue_id"])
                await asyncio.sleep(0.1)

    async def act(self, action: str, target: Mapping[str, Any] | None = None, **data: Any) -> Any:
        """Perform an action without an answer."""
        domain, _, service = action.partition(".")
        return await self.command(
            "call_service",
            domain=domain,
            service=service,
            service_data=data,
            target=dict(target or {}),
        )

    async def automate(self, name: str, trigger: Mapping[str, Any]) -> None:
        """Make an automation, as the editor does; that it ran can be seen."""
        config = {
            "alias": name,
            "triggers": [trigger],
            "actions": [{"event": "ops_monitor_e2e"}],
        }
        await self._post(f"config/automation/config/{name}", config)

    def log_in_script(self) -> str:
        """Return what makes a browser be logged in."""
        lives_until_ms = int(time.time() * 1000) + 1_800_000
        client = {"hassUrl": self.url, "clientId": f"{self.url}/", "expires": lives_until_ms}
        tokens = json.dumps(json.dumps({**self.tokens, **client}))
        return f"localStorage.setItem('hassTokens', {tokens})"

    async def _connect(self) -> None:
        """Open the websocket."""
        self._socket = await self._session.ws_connect(f"{self.url}/api/websocket", max_msg_size=0)
        await self._socket.receive_json()
        await self._socket.send_json({"type": "auth", "access_token": self.tokens["access_token"]})
        answer = await self._socket.receive_json()
        assert answer["type"] == "auth_ok", answer
        self._reader = asyncio.create_task(self._read(self._socket))

    async def _follow(self) -> None:
        """Read all states and follow their changes."""
        await self.subscribe(
            "subscribe_events", lambda event: self._take(event["data"]), event_type="state_changed"
        )
        for state in await self.command("get_states"):
            self.states.setdefault(state["entity_id"], state)

    async def command(self, kind: str, **arguments: Any) -> Any:
        """Send a command over the websocket; return its result."""
        return await self._send(len(self._answers) + 1, kind, arguments)

    async def subscribe(
        self, kind: str, listener: Callable[[Any], None], **arguments: Any
    ) -> Callable[[], Awaitable[Any]]:
        """Have a listener told of the events of a command; return what ends that."""
        number = len(self._answers) + 1
        self._listeners[number] = listener
        await self._send(number, kind, arguments)
        return lambda: self.command("unsubscribe_events", subscription=number)

    async def _send(self, number: int, kind: str, arguments: Mapping[str, Any]) -> Any:
        """Send a command with a number that is new; return its result."""
        assert self._socket is not None
        self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "type": kind, **arguments})
        async with asyncio.timeout(300):
            return await self._answers[number]

    async def _read(self, websocket: ClientWebSocketResponse) -> None:
        """Take in answers and events."""
        async for message in websocket:
            if message.type is not WSMsgType.TEXT:
                return
            received = message.json()
            if received["type"] == "result":
                self._settle(received)
            elif received["type"] == "event":
                self._listeners[received["id"]](received["event"])

    def _settle(self, received: Mapping[str, Any]) -> None:
        """Give a result to whoever waits for it."""
        answer = self._answers[received["id"]]
        if received["success"]:
            answer.set_result(received.get("result"))
        else:
            answer.set_exception(AssertionError(received["error"]))

    def _take(self, change: Mapping[str, Any]) -> None:
        """Take over the new state of an entity."""
        if change["new_state"] is None:
            self.states.pop(change["entity_id"], None)
        else:
            self.states[change["entity_id"]] = change["new_state"]
        self._changed.set()

    async def wait_for(self, entity_id: str, wanted: str | None) -> dict[str, Any]:
        """Wait until an entity has a state, or for None is gone; return all of the state."""
        await self.wait_until(lambda: self.states.get(entity_id, {}).get("state") == wanted)
        return self.states.get(entity_id, {})

    async def wait_until(self, is_so: Callable[[], object]) -> None:
        """Wait until something is so; it is looked at after every change."""
        async with asyncio.timeout(300):
            while not is_so():
                self._changed.clear()
                await self._changed.wait()


def _store(folder: Path, key: str, version: int, data: Mapping[str, Any]) -> None:
    """Write a file of Home Assistant's storage."""
    content = {"version": version, "minor_version": 1, "key": key, "data": data}
    (folder / key).write_text(json.dumps(content))


def _http_storage(port: int) -> dict[str, Any]:
    """Return what Home Assistant keeps of its own server: confirmed, and on the loopback only."""
    stable = {
        "server_host": ["127.0.0.1"],
        "server_port": port,
        "cors_allowed_origins": [],
        "login_attempts_threshold": -1,
        "ip_ban_enabled": False,
        "ssl_profile": "intermediate_v6",
        "use_x_frame_options": True,
        "created_at": "2026-11-01T00:00:00+00:00",
        "error": None,
        "error_message": None,
    }
    return {"stable": stable, "pending": None, "yaml_migration_done": True}
