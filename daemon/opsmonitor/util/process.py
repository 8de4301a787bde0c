"""Run a program without a shell, for a limited time, and keep a limited part of what it says."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
import os
import signal
from typing import Final

MAX_OUTPUT: Final = 64 * 1024
_STDOUT: Final = 1
_STDERR: Final = 2
_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_BURIAL_S: Final = 1.0
"""A killed program is gone at once, unless a dead drive holds it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """How a program has ended."""

    exit_code: int
    """Negative: the number of the signal that ended it."""
    output: str
    errors: str
    truncated: bool
    """It said more than is kept."""


def environment() -> dict[str, str]:
    """Return the only variables that a program is given.

    So no token or password of the daemon's gets into a program, and its words are English.
    """
    own = os.environ
    return {"PATH": own.get("PATH") or _PATH, "HOME": own.get("HOME") or "/", "LC_ALL": "C"}


async def run_program(arguments: Sequence[str], *, timeout_s: float) -> Completed:
    """Run a program to its end.

    Raises:
        TimeoutError: It took too long; it was killed, with all that it had started.
        OSError: It could not be started.

    """
    loop = asyncio.get_running_loop()
    transport, listener = await loop.subprocess_exec(
        lambda: _Listener(loop),
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment(),
        cwd="/",
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(timeout_s):
            await listener.ended
    except BaseException:
        await _kill(transport.get_pid(), listener)
        raise
    finally:
        transport.close()
    return Completed(
        exit_code=transport.get_returncode() or 0,
        output=listener.text(_STDOUT),
        errors=listener.text(_STDERR),
        truncated=listener.truncated,
    )


class _Listener(asyncio.SubprocessProtocol):
    """Takes in what a program says and notices its end."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to listen."""
        self.exited: asyncio.Future[None] = loop.create_future()
        self.ended: asyncio.Future[None] = loop.create_future()
        """Exited, and nobody is left who could say anything."""
        self.truncated = False
        self._kept = {_STDOUT: bytearray(), _STDERR: bytearray()}

    def text(self, fd: int) -> str:
        """Return what was said."""
        return self._kept[fd].decode("utf-8", "replace")

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Keep what fits; the rest is read, too, or the program would wait for ever."""
        kept = self._kept[fd]
        room = MAX_OUTPUT - len(kept)
        kept += data[:room]
        self.truncated = self.truncated or len(data) > room

    def process_exited(self) -> None:
        """Note that the program itself is gone."""
        if not self.exited.done():
            self.exited.set_result(None)

    def connection_lost(self, _exc: Exception | None) -> None:
        """Note that all is over."""
        if not self.ended.done():
            self.ended.set_result(None)


async def _kill(pid: int, listener: _Listener) -> None:
    """Kill a program with its group: it, or whatever it left behind, still holds the pipes."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    with suppress(TimeoutError):
        async with asyncio.timeout(_BURIAL_S):
            await listener.exited
