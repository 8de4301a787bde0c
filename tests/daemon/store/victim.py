"""A program that uses the store until it is killed: it prints each change as it is recorded."""

from __future__ import annotations

import asyncio
from pathlib import Path
import sys

from opsmonitor.config.settings import RetentionSettings
from opsmonitor.models.check import Status
from opsmonitor.store.store import Store
from opsmonitor.util.clock import SystemClock
from tests.daemon.store.scripted import ScriptedCheck


async def write(path: Path) -> None:
    """Record runs of some checks for ever, with a change now and then."""
    clock = SystemClock()
    store = await Store.open(path, clock=clock, retention=RetentionSettings())
    checks = [ScriptedCheck(f"check-{number}") for number in range(20)]
    number = 0
    while True:
        number += 1
        now_ms = clock.now_ms()
        one = checks[number % len(checks)]
        is_down = number % 50 < 20
        changed = one.run(now_ms, Status.DOWN if is_down else Status.UP)
        others = [check for check in checks if check is not one and check.has_interval]
        store.record([changed, *(check.run(now_ms, check.status) for check in others)])
        if changed.transition is not None:
            sys.stdout.write(f"{now_ms} {one.id}\n")
            sys.stdout.flush()
        await asyncio.sleep(0.004)


async def fail(path: Path) -> None:
    """Open the store, and fail without closing it."""
    await Store.open(path, clock=SystemClock(), retention=RetentionSettings())
    raise RuntimeError("the start failed")


if __name__ == "__main__":
    asyncio.run({"write": write, "fail": fail}[sys.argv[1]](Path(sys.argv[2])))
