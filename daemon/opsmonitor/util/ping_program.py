"""Ping by the program of that name, where this process may not open the sockets itself."""

from __future__ import annotations

import asyncio
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
import errno
import math
import os
import re
from typing import Final

_REPLY: Final = re.compile(rb"seq=\d+ .*time[=<](\d{1,9}(?:\.\d{1,9})?) ?ms")
_REASONS: Final = {
    "permitted": errno.EACCES,
    "denied": errno.EACCES,
    "capabilit": errno.EACCES,
    "network is unreachable": errno.ENETUNREACH,
    "no route to host": errno.EHOSTUNREACH,
    "host unreachable": errno.EHOSTUNREACH,
    "net unreachable": errno.ENETUNREACH,
}


class PingProgram:
    """Runs the program; it sends one echo a second."""

    def __init__(self, path: str) -> None:
        """Take the path of the program."""
        self._path = path

    async def ping(
        self, address: str, *, count: int, size: int, timeout_s: float
    ) -> tuple[list[float], OSError | None]:
        """Return the milliseconds of each echo that came back, and what was said of the others.

        Raises:
            OSError: The program cannot be run.

        """
        process = await asyncio.create_subprocess_exec(
            *(self._path, "-n", "-c", str(count), "-W", str(math.ceil(timeout_s))),
            *("-s", str(size), "--", address),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={"LC_ALL": "C", "PATH": os.defpath},
        )
        times_ms: list[float] = []
        said: list[bytes] = []
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    await _listen(process, times_ms, said)
        finally:
            await _end(process)
        return times_ms, _reason(b" ".join(said))


async def _listen(process: Process, times_ms: list[float], said: list[bytes]) -> None:
    """Take in what the program prints, line by line, until it ends."""
    if process.stdout is None:
        return
    async for line in process.stdout:
        reply = _REPLY.search(line)
        if reply is None:
            said.append(line)
        else:
            times_ms.append(float(reply[1]))


async def _end(process: Process) -> None:
    """End the program if it has not ended by itself, and leave no zombie."""
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()


def _reason(said: bytes) -> OSError | None:
    """Return why echoes did not come back, if the program knows."""
    text = said.decode("utf-8", "replace").lower()
    for words, number in _REASONS.items():
        if words in text:
            return OSError(number, os.strerror(number))
    return None
