"""Ask the running daemon, wherever it is."""

from __future__ import annotations

import asyncio
from http import HTTPMethod, HTTPStatus
import os
import sys
from typing import TYPE_CHECKING, Any, Final

import aiohttp

from opsmonitor.access_token import TOKEN_FILE, read_token
from opsmonitor.cli.arguments import config_path, data_path
from opsmonitor.config.loader import load_settings
from opsmonitor.config_source import action_types, channel_types, check_types, probe_types
from opsmonitor.exceptions import ConfigError
from opsmonitor.util.net import url_host
from opsmonitor.util.secret import Secret

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping
    from pathlib import Path

    from opsmonitor.config.settings import ServerSettings

EXIT_UNREACHABLE: Final = 3
_TIMEOUT_S: Final = 10


class _AskError(Exception):
    """The daemon did not answer as it should."""


def ask(
    arguments: argparse.Namespace,
    path: str,
    query: Mapping[str, str] | None = None,
    *,
    method: HTTPMethod = HTTPMethod.GET,
    body: Mapping[str, Any] | None = None,
) -> Any:
    """Return the daemon's answer, or None after saying why there is none."""
    url, token = _address(arguments)
    try:
        return asyncio.run(_send(method, url + path, query or {}, body, token))
    except _AskError as err:
        print(f"opsmonitor: {err}", file=sys.stderr)
    except (aiohttp.ClientError, TimeoutError, OSError) as err:
        print(
            f"opsmonitor: the daemon at {url} does not answer ({err or 'timed out'}); "
            "start it with `opsmonitor run`, or name its address with --url",
            file=sys.stderr,
        )
    return None


def _address(arguments: argparse.Namespace) -> tuple[str, Secret | None]:
    """Return the daemon's address and the token for it.

    A configuration that turned bad must not keep anyone from asking, so the default address is
    tried then.
    """
    server: ServerSettings | None = None
    try:
        server = load_settings(
            config_path(arguments.config),
            check_types=check_types(),
            channel_types=channel_types(),
            action_types=action_types(),
            probe_types=probe_types(),
        ).server
    except ConfigError:
        if not arguments.url:
            print(
                "opsmonitor: the configuration cannot be read, so the default address is tried",
                file=sys.stderr,
            )
    token = (server and server.token) or _token_at_hand(data_path(arguments.data))
    if arguments.url:
        return arguments.url, token
    host = server.host if server else "127.0.0.1"
    port = server.port if server else int(os.environ.get("OPSMONITOR_PORT", "8060"))
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    return f"http://{url_host(host)}:{port}", token


def _token_at_hand(data: Path) -> Secret | None:
    """Return the token of the environment or else of the data folder, where there is one.

    A daemon on this machine may well ask for none, so that none is no failure yet.
    """
    given = os.environ.get("OPSMONITOR_TOKEN")
    if given:
        return Secret(given)
    try:
        return read_token(data)
    except (OSError, UnicodeError) as err:
        reason = (isinstance(err, OSError) and err.strerror) or "it is no text"
        print(f"opsmonitor: {data / TOKEN_FILE} cannot be read: {reason}", file=sys.stderr)
        return None


async def _send(
    method: HTTPMethod,
    url: str,
    query: Mapping[str, str],
    body: Mapping[str, Any] | None,
    token: Secret | None,
) -> Any:
    """Return the JSON answer of the API.

    Raises:
        _AskError: It answered with an error.

    """
    headers = {"Authorization": f"Bearer {token.reveal()}"} if token else {}
    timeout = aiohttp.ClientTimeout(total=_TIMEOUT_S)
    async with (
        aiohttp.ClientSession(timeout=timeout, headers=headers) as session,
        session.request(method, url, params=query, json=body) as response,
    ):
        if response.status == HTTPStatus.UNAUTHORIZED:
            raise _AskError(
                f"the daemon at {url} asks for its token: name its configuration or its data "
                "folder with --config or --data, or set OPSMONITOR_TOKEN"
            )
        try:
            answer = await response.json()
            problem = None if response.status == HTTPStatus.OK else answer["error"]["message"]
        except (aiohttp.ContentTypeError, ValueError, LookupError, TypeError) as err:
            raise _AskError(
                f"what answers at {url} is no Ops Monitor: name its address with --url"
            ) from err
        if problem is not None:
            raise _AskError(f"{url}: {problem}")
        return answer
