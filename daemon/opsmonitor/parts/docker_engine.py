"""Reach a container engine, Docker's or Podman's, wherever it listens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import os
from typing import TYPE_CHECKING, Any, Final

from multidict import CIMultiDict, CIMultiDictProxy
import voluptuous as vol
from yarl import URL

from opsmonitor import __version__
from opsmonitor.config import validators as cv
from opsmonitor.exceptions import TransportError
from opsmonitor.parts.certificate import TlsOptions
from opsmonitor.parts.fields import host
from opsmonitor.util.http_message import HttpRequest
from opsmonitor.util.tls import tls_context
from opsmonitor.util.unix_http import UnixAnswer, exchange

if TYPE_CHECKING:
    from opsmonitor.util.http import HttpTransport

_SOCKETS: Final = ("/var/run/docker.sock", "/run/podman/podman.sock")
_USER_SOCKETS: Final = ("docker.sock", "podman/podman.sock")
_MAX_BYTES: Final = 8 << 20
_SCHEMES: Final = {"tcp": "http", "http": "http", "https": "https"}
_HEADERS: Final = CIMultiDictProxy(CIMultiDict({"User-Agent": f"OpsMonitor/{__version__}"}))


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineAddress:
    """Where an engine listens: at one of some socket files, or on a port."""

    sockets: tuple[str, ...] = ()
    url: URL | None = None

    @property
    def host(self) -> str:
        """Return the host of the port, or `local`."""
        return "local" if self.url is None else self.url.host or ""


def engine_address(value: Any) -> EngineAddress:
    """Accept the address of an engine, written as in `DOCKER_HOST`."""
    text = cv.text(value).strip()
    scheme, _, rest = text.partition("://")
    if scheme == "unix" and rest.startswith("/"):
        return EngineAddress(sockets=(rest,))
    url = _url(f"{_SCHEMES[scheme]}://{rest}") if scheme in _SCHEMES else None
    if url is None:
        raise vol.Invalid(
            "expected unix:///path/to/docker.sock, tcp://host:port or https://host:port"
        )
    return EngineAddress(url=url)


def _url(text: str) -> URL | None:
    """Return the URL of a host and a port alone, None if it is none."""
    try:
        url = URL(text)
        named, port = url.host, url.explicit_port
    except ValueError:
        return None
    if not named or not port or url.user is not None or url.path not in ("", "/"):
        return None
    host(named)
    return url.origin()


def usual_address(env: Mapping[str, str] | None = None) -> EngineAddress:
    """Return where engines listen when nothing is configured: as `docker` itself finds them.

    Raises:
        Invalid: `DOCKER_HOST` is set to something that cannot be used.

    """
    env = os.environ if env is None else env
    if env.get("DOCKER_HOST"):
        return engine_address(env["DOCKER_HOST"])
    folder = env.get("XDG_RUNTIME_DIR")
    own = tuple(f"{folder}/{name}" for name in _USER_SOCKETS) if folder else ()
    return EngineAddress(sockets=_SOCKETS + own)


class Engine:
    """Asks one engine."""

    __slots__ = ("_address", "_http", "_tls")

    def __init__(self, address: EngineAddress, *, tls: TlsOptions, http: HttpTransport) -> None:
        """Take where it listens."""
        self._address = address
        self._tls = tls_context(tls.policy)
        self._http = http

    @property
    def place(self) -> str | None:
        """Return the host and port for people, None for socket files."""
        url = self._address.url
        return None if url is None else f"{url.host}:{url.port}"

    async def ask(self, path: str, left_s: float, method: str = "GET") -> UnixAnswer:
        """Return the answer to a request for a path.

        Raises:
            TransportError: There is none.

        """
        if self._address.url is None:
            return await self._ask_socket(path, left_s, method)
        request = HttpRequest(
            method=method,
            url=URL(f"{self._address.url}{path}", encoded=True),
            timeout_s=left_s,
            tls=self._tls,
            headers=_HEADERS,
            max_body_bytes=_MAX_BYTES,
        )
        response = await self._http.fetch(request)
        return UnixAnswer(response.status, response.body, response.timings.total_ms or 0.0)

    async def _ask_socket(self, path: str, left_s: float, method: str) -> UnixAnswer:
        """Ask at the first socket file that is there."""
        url = URL(f"http://docker{path}", encoded=True)
        for socket in self._address.sockets:
            try:
                return await exchange(
                    socket, url, method=method, timeout_s=left_s, max_bytes=_MAX_BYTES
                )
            except TransportError as err:
                if err.code != "socket_missing":
                    raise
        names = ", ".join(self._address.sockets)
        message = f"no container engine was found: there is no {names}"
        raise TransportError("socket_missing", message)
