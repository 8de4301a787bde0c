"""Ask Home Assistant by a long-lived access token; only reading requests are ever made.

Sources: the REST and the WebSocket API in Home Assistant's developer documentation;
`components/api`, `components/recorder/basic_websocket_api.py` and `components/http/ban.py` of its
core. A refused login is counted there, and can get this machine banned: none is tried twice.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from multidict import CIMultiDict, CIMultiDictProxy

from opsmonitor import __version__
from opsmonitor.clients.json_api import JsonApi
from opsmonitor.exceptions import TransportError
from opsmonitor.util.http_message import HttpRequest
from opsmonitor.util.lenient import flag, mapping, text
from opsmonitor.util.websocket import WebSocket, open_websocket

if TYPE_CHECKING:
    import ssl

    from yarl import URL

    from opsmonitor.util.http import HttpTransport
    from opsmonitor.util.secret import Secret

_MAX_BYTES: Final = 32 << 20
_MAX_MESSAGES: Final = 50
# Counted there, so that the states of a whole house need not be sent here.
_TEMPLATE: Final = """\
{%- set found = namespace(updates=[]) -%}
{%- for each in states.update if each.state == 'on' -%}
{%- set found.updates = found.updates + [{
  'entity_id': each.entity_id, 'name': each.name,
  'installed': each.attributes.get('installed_version'),
  'latest': each.attributes.get('latest_version')}] -%}
{%- endfor -%}
{%- set lost = states | selectattr('state', 'eq', 'unavailable') -%}
{{ {'entities': states | list | count,
'unavailable': lost | map(attribute='entity_id') | list,
'unknown': states | selectattr('state', 'eq', 'unknown') | list | count,
'updates': found.updates} | to_json }}
"""


class HomeAssistantApi:
    """Asks one Home Assistant."""

    def __init__(
        self,
        http: HttpTransport,
        url: URL,
        token: Secret | None,
        *,
        tls: ssl.SSLContext,
        timeout_s: float,
    ) -> None:
        """Take the address, the token, and the time for a request."""
        self._http = http
        self._token = token
        self._tls = tls
        self._timeout_s = timeout_s
        self._url = url.with_path(url.path.rstrip("/").removesuffix("/api"))
        self._api = JsonApi(
            http,
            self._url,
            tls=tls,
            headers={} if token is None else {"Authorization": f"Bearer {token.reveal()}"},
            max_bytes=_MAX_BYTES,
        )
        self._may_render = True

    async def config(self) -> Any:
        """Return what Home Assistant says of itself.

        Raises:
            TransportError: It says nothing; `unauthorized`: the token is not accepted, `banned`:
                this machine is not.

        """
        return await self._get("/api/config")

    async def knock(self) -> None:
        """Ask for what everybody may see: whether there is a Home Assistant at all.

        Raises:
            TransportError: There is none.

        """
        if mapping(await self._get("/manifest.json")).get("name") is None:
            message = f"{self._api.place} answered, but not as Home Assistant does"
            raise TransportError("invalid_response", message)

    async def counts(self) -> Any:
        """Return the number of entities, those that are unavailable, and pending updates.

        None if the token's user may not have it counted.

        Raises:
            TransportError: There is no answer.

        """
        if not self._may_render:
            return None
        answer = await self._api.post(
            "/api/template", {"template": _TEMPLATE}, timeout_s=self._timeout_s
        )
        if answer.status == HTTPStatus.UNAUTHORIZED:
            # Only administrators may. Each attempt counts as a failed login: it stays the only one.
            self._may_render = False
            return None
        if answer.status != HTTPStatus.OK or not answer.is_json:
            raise self._api.refusal(answer)
        return answer.data

    async def states(self) -> Any:
        """Return the states of all entities that the token's user may see.

        Raises:
            TransportError: There is no answer.

        """
        return await self._get("/api/states")

    async def ask(self, *commands: str) -> dict[str, Any]:
        """Return the results of commands of the WebSocket API; refused ones are left out.

        Raises:
            TransportError: There is no such conversation.

        """
        headers = CIMultiDictProxy(CIMultiDict({"User-Agent": f"OpsMonitor/{__version__}"}))
        request = HttpRequest(
            url=self._url.with_path(f"{self._url.path.rstrip('/')}/api/websocket"),
            timeout_s=self._timeout_s,
            tls=self._tls,
            headers=headers,
            max_body_bytes=_MAX_BYTES,
        )
        async with open_websocket(self._http, request) as socket:
            await self._log_in(socket)
            for number, command in enumerate(commands, start=1):
                await socket.send({"id": number, "type": command})
            return await _results(socket, commands)

    async def _get(self, path: str) -> Any:
        """Return the data of an answer."""
        answer = await self._api.get(path, timeout_s=self._timeout_s)
        place = self._api.place
        if answer.status == HTTPStatus.UNAUTHORIZED:
            raise TransportError("unauthorized", f"{place} does not accept the token")
        if answer.status == HTTPStatus.FORBIDDEN:
            message = f"{place} lets this machine in no more: see its ip_bans.yaml"
            raise TransportError("banned", message)
        if answer.status != HTTPStatus.OK or not answer.is_json:
            raise self._api.refusal(answer)
        return answer.data

    async def _log_in(self, socket: WebSocket) -> None:
        """Say who asks."""
        await socket.receive()
        token = "" if self._token is None else self._token.reveal()
        await socket.send({"type": "auth", "access_token": token})
        answer = mapping(await socket.receive())
        if answer.get("type") != "auth_ok":
            raise TransportError("unauthorized", f"{self._api.place} does not accept the token")


async def _results(socket: WebSocket, commands: tuple[str, ...]) -> dict[str, Any]:
    """Return the results by command; what else is said meanwhile does not count."""
    results: dict[str, Any] = {}
    waiting = dict(enumerate(commands, start=1))
    for _ in range(_MAX_MESSAGES):
        answer = mapping(await socket.receive())
        number = answer.get("id")
        if text(answer.get("type")) != "result" or not isinstance(number, int):
            continue
        command = waiting.pop(number, None)
        if command is not None and flag(answer.get("success")) is True:
            results[command] = answer.get("result")
        if not waiting:
            break
    return results
