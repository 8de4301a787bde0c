"""The same checks by aiohttp's client alone, or a steady load on another program.

A program: `python -m benchmarks.aiohttp_client fresh|reuse URL RATE WARM_UP_S MEASURE_S [PID]`.
`{address}` in the URL stands for the targets' addresses in turn. `fresh` connects for each
request. The CPU time is that of PID, by default its own.
"""

from __future__ import annotations

import asyncio
from itertools import count
import json
import os
import sys
import time
from typing import TYPE_CHECKING

import aiohttp

from benchmarks.addresses import ADDRESSES, TICK_S
from benchmarks.machine import cpu_ns

if TYPE_CHECKING:
    from collections.abc import Iterator


class Client:
    """Asks at a steady rate."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        """Take where to ask."""
        self._session = session
        self._urls = [url.replace("{address}", address) for address in ADDRESSES]
        self._numbers: Iterator[int] = count()
        self._tasks: set[asyncio.Task[None]] = set()
        self.done = 0
        self.failed = 0

    async def run(self, rate: float, seconds: float) -> None:
        """Start requests in ticks at a rate, for some seconds, and wait for the last."""
        begun = time.monotonic()
        started = 0
        for tick in range(1, round(seconds / TICK_S) + 1):
            due = round(rate * TICK_S * tick) - started
            started += due
            for _ in range(due):
                task = asyncio.create_task(self._ask())
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            await asyncio.sleep(begun + tick * TICK_S - time.monotonic())
        await asyncio.gather(*self._tasks)

    async def _ask(self) -> None:
        """Make one request."""
        url = self._urls[next(self._numbers) % len(self._urls)]
        try:
            async with self._session.get(url) as response:
                body = await response.read()
                is_good = response.ok and b"probe_success 0" not in body
        except (aiohttp.ClientError, TimeoutError):
            is_good = False
        self.done += 1
        self.failed += not is_good


async def measure(policy: str, url: str, rate: float, warm_up_s: float, measure_s: float) -> None:
    """Measure and print the CPU time of one request."""
    pid = int(sys.argv[6]) if len(sys.argv) > 6 else os.getpid()  # noqa: PLR2004  # see above
    connector = aiohttp.TCPConnector(force_close=policy == "fresh", limit=0)
    timeout = aiohttp.ClientTimeout(total=5)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        client = Client(session, url)
        await client.run(rate, warm_up_s)
        client.done = 0
        before = cpu_ns(pid)
        await client.run(rate, measure_s)
        used_ns = cpu_ns(pid) - before
    cpu_us = used_ns / 1000 / client.done
    print(json.dumps({"done": client.done, "failed": client.failed, "cpu_us": cpu_us}))


if __name__ == "__main__":
    asyncio.run(measure(sys.argv[1], sys.argv[2], *map(float, sys.argv[3:6])))
