"""Ask the API of Proxmox VE by an API token; only reading requests are ever made.

Source of the answers' shape: https://pve.proxmox.com/pve-docs/api-viewer/ and the wiki page
"Proxmox VE API": every good answer is `{"data": ...}`; of a refusal, the words beside the status
say why. The statuses 595 to 599 mean that another node of the cluster could not be reached.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from opsmonitor.clients.json_api import JsonAnswer, JsonApi
from opsmonitor.exceptions import TransportError
from opsmonitor.util.lenient import text

if TYPE_CHECKING:
    import ssl

    from yarl import URL

    from opsmonitor.util.http import HttpTransport
    from opsmonitor.util.secret import Secret

_ROOT: Final = "/api2/json"
_PROXY_FAILED: Final = range(595, 600)


class ProxmoxApi:
    """Asks one node, which answers for its cluster."""

    __slots__ = ("_api", "_timeout_s")

    def __init__(
        self,
        http: HttpTransport,
        url: URL,
        token: Secret,
        *,
        tls: ssl.SSLContext,
        timeout_s: float,
    ) -> None:
        """Take the address, the token as `USER@REALM!NAME=SECRET`, and the time for a request."""
        self._api = JsonApi(
            http,
            url.origin(),
            tls=tls,
            headers={"Authorization": f"PVEAPIToken={token.reveal()}"},
        )
        self._timeout_s = timeout_s

    @property
    def place(self) -> str:
        """Return where the node listens, for people."""
        return self._api.place

    async def get(self, path: str) -> Any:
        """Return the data of an answer.

        Raises:
            TransportError: There is none. Of what others might be interested in, its code says:
                `unauthorized` (the token), `forbidden` (a missing right), `unknown_path` (an older
                version), `node_unreachable` (another node of the cluster).

        """
        answer = await self._api.get(f"{_ROOT}{path}", timeout_s=self._timeout_s)
        if answer.status == HTTPStatus.OK and isinstance(answer.data, dict):
            return answer.data.get("data")
        raise self._refusal(answer)

    def _refusal(self, answer: JsonAnswer) -> TransportError:
        """Return what an answer without data means."""
        reason = text(answer.reason) or f"status {answer.status}"
        match answer.status:
            case HTTPStatus.UNAUTHORIZED:
                message = f"{self.place} does not accept the token ({reason})"
                return TransportError("unauthorized", message)
            case HTTPStatus.FORBIDDEN:
                return TransportError("forbidden", f"the token lacks a right: {reason}")
            case HTTPStatus.NOT_IMPLEMENTED | HTTPStatus.NOT_FOUND:
                return TransportError("unknown_path", f"{self.place} knows no such path: {reason}")
            case status if status in _PROXY_FAILED:
                return TransportError("node_unreachable", f"{self.place} cannot reach it: {reason}")
            case status if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                return TransportError("http_status", f"{self.place} answered {status}: {reason}")
        return self._api.refusal(answer)
