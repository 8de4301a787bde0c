"""Listen on the network."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from aiohttp import web

from opsmonitor.api.connection import connector
from opsmonitor.exceptions import ListenError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_STREAMS_CLOSE_S: Final = 0.5
"""How long open requests may take to end at shutdown."""


@asynccontextmanager
async def serve(app: web.Application, host: str, port: int) -> AsyncIterator[int]:
    """Answer requests while the context lasts; give the port, which `0` lets the system choose.

    Raises:
        ListenError: The address is taken, or is not an address of this machine.

    """
    runner = web.AppRunner(app, shutdown_timeout=_STREAMS_CLOSE_S)
    await runner.setup()
    try:
        listener = await _listen(runner, host, port)
        try:
            yield listener.sockets[0].getsockname()[1]
        finally:
            listener.close()
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, host: str, port: int) -> asyncio.Server:
    """Open the port.

    Raises:
        ListenError: The address is taken, or is not an address of this machine.

    """
    assert runner.server is not None  # noqa: S101 - set up by the only caller
    try:
        return await asyncio.get_running_loop().create_server(connector(runner.server), host, port)
    except OSError as err:
        raise ListenError(
            f"cannot listen on {host} port {port}: {err.strerror or err}; "
            "choose another with --port, or stop the program that has it"
        ) from err
