"""The store and the process it lives in: killed at any moment, or failing at its start."""

from __future__ import annotations

from contextlib import closing
import os
from pathlib import Path
import signal
import sqlite3
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from opsmonitor.config.settings import RetentionSettings
from opsmonitor.models.check import Status
from opsmonitor.models.history import Resolution
from opsmonitor.store.store import Store
from opsmonitor.util.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[3]


def start(*arguments: str) -> subprocess.Popen[str]:
    """Start the victim."""
    search = os.pathsep.join([str(ROOT), str(ROOT / "daemon")])
    return subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "tests.daemon.store.victim", *arguments],
        env={**os.environ, "PYTHONPATH": search},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def kill_while_writing(path: Path, after_s: float) -> tuple[list[tuple[int, str]], int]:
    """Let the victim write for a while; return the changes it printed and when it was killed."""
    victim = start("write", str(path))
    assert victim.stdout is not None
    first = victim.stdout.readline()
    time.sleep(after_s)
    killed_ms = time.time_ns() // 1_000_000
    victim.send_signal(signal.SIGKILL)
    rest, _ = victim.communicate()
    lines = (first + rest).splitlines()
    return [(int(line.split()[0]), line.split()[1]) for line in lines], killed_ms


def stored_changes(path: Path) -> Sequence[tuple[int, str]]:
    """Return the changes on disk, and make sure that the database is sound."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
        query = "SELECT e.ts, c.id FROM events e JOIN checks c ON c.key = e.check_key"
        return connection.execute(query).fetchall()


async def test_kill_loses_no_more_than_the_last_group(path: Path) -> None:
    """Killed while writing, the database is sound and lacks at most what was just recorded."""
    for after_s in (0.05, 0.31, 0.57):
        changes, killed_ms = kill_while_writing(path, after_s)
        stored = set(stored_changes(path))

        lost = [change for change in changes if change not in stored]
        assert changes
        assert all(killed_ms - at_ms < 250 for at_ms, _ in lost)

        store = await Store.open(path, clock=SystemClock(), retention=RetentionSettings())
        try:
            assert not store.was_clean_shutdown
            assert store.notes == ()
            assert store.alive_ms is not None
            assert -50 < killed_ms - store.alive_ms < 1250
            states = await store.load_states()
            history = await store.history("check-1", 0, killed_ms + 1000, Resolution.DAY)
        finally:
            await store.close()
        assert states.keys() >= {check_id for _, check_id in set(changes) - set(lost)}
        assert history.intervals[-1].status is Status.UNMONITORED
        assert history.intervals[-1].start_ms == store.alive_ms


def test_failing_start_ends_the_process(path: Path) -> None:
    """A process that fails after opening the store ends, and can be started again."""
    for _ in range(2):
        victim = start("fail", str(path))

        _, errors = victim.communicate(timeout=90)

        assert victim.returncode == 1
        assert "the start failed" in errors
