"""Ask an engine for JSON: directly, or through Portainer."""

from __future__ import annotations

from http import HTTPStatus
import json
from typing import TYPE_CHECKING, Any, Final

from yarl import URL

from opsmonitor.clients.json_api import JsonApi
from opsmonitor.exceptions import TransportError
from opsmonitor.util.lenient import mapping, text

if TYPE_CHECKING:
    import ssl

    from opsmonitor.parts.docker_engine import Engine
    from opsmonitor.util.http import HttpTransport
    from opsmonitor.util.secret import Secret

_REMEDY: Final = "let this user into the group of the socket, such as `docker`"
_CODES: Final[dict[int, str]] = {404: "not_found", 403: "forbidden"}


class EngineAsker:
    """Asks an engine at its socket or port."""

    __slots__ = ("_engine",)

    def __init__(self, engine: Engine) -> None:
        """Take the engine."""
        self._engine = engine

    async def ask(self, path: str, timeout_s: float) -> Any:
        """Return the JSON of an answer.

        Raises:
            TransportError: There is none; `not_found`: no such thing.

        """
        place = self._engine.place
        who = "the engine" if place is None else f"the engine at {place}"
        try:
            answer = await self._engine.ask(path, timeout_s)
        except TransportError as err:
            if err.code == "permission_denied":
                raise TransportError(err.code, f"{err.message}: {_REMEDY}") from err
            if place is not None and place not in err.message:
                raise TransportError(err.code, f"{who}: {err.message}") from err
            raise
        data, is_json = _parsed(answer.body)
        if answer.status == HTTPStatus.OK and is_json:
            return data
        raise _refusal(who, answer.status, data)


class Portainer:
    """Asks Portainer."""

    __slots__ = ("_api",)

    def __init__(self, http: HttpTransport, url: URL, key: Secret, *, tls: ssl.SSLContext) -> None:
        """Take its address and an access token of one of its users."""
        base = url.with_path(url.path.rstrip("/").removesuffix("/api"))
        self._api = JsonApi(http, base, tls=tls, headers={"X-API-Key": key.reveal()})

    async def ask(self, path: str, timeout_s: float) -> Any:
        """Return the JSON of an answer; None where there is nothing to tell.

        Raises:
            TransportError: There is none; `unauthorized`: the key is not accepted.

        """
        answer = await self._api.get(f"/api{path}", timeout_s=timeout_s)
        if answer.status == HTTPStatus.NO_CONTENT:
            return None
        if answer.status == HTTPStatus.OK and answer.is_json:
            return answer.data
        if answer.status == HTTPStatus.UNAUTHORIZED:
            message = f"Portainer at {self._api.place} does not accept the key"
            raise TransportError("unauthorized", message)
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise _refusal(f"Portainer at {self._api.place}", answer.status, answer.data)
        raise self._api.refusal(answer)


class PortainerAsker:
    """Asks an engine through Portainer."""

    __slots__ = ("_portainer", "_prefix")

    def __init__(self, portainer: Portainer, environment: int) -> None:
        """Take Portainer and the number of the environment."""
        self._portainer = portainer
        self._prefix = f"/endpoints/{environment}/docker"

    async def ask(self, path: str, timeout_s: float) -> Any:
        """Return the JSON of an answer.

        Raises:
            TransportError: There is none; `not_found`: no such thing.

        """
        return await self._portainer.ask(f"{self._prefix}{path}", timeout_s)


def _refusal(who: str, status: int, data: Any) -> TransportError:
    """Return what an answer other than a good one means."""
    answer = mapping(data)
    words = text(answer.get("message")) or text(answer.get("details"))
    if status == HTTPStatus.OK:
        return TransportError("invalid_response", f"{who} answered something else than JSON")
    message = f"{who} answered with status {status}" + (f": {words}" if words else "")
    return TransportError(_CODES.get(status, "http_status"), message)


def _parsed(body: bytes) -> tuple[Any, bool]:
    """Return what the JSON says, and whether it is JSON at all."""
    try:
        return json.loads(body), True
    except (ValueError, RecursionError):
        return None, False
