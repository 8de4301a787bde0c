"""The size to expect is near the size that comes."""

from __future__ import annotations

from contextlib import closing
import sqlite3
from typing import TYPE_CHECKING

import pytest

from opsmonitor.config.settings import RetentionSettings
from opsmonitor.models.history import Resolution
from opsmonitor.store.size import estimate_size
from tests.daemon.store.scripted import ScriptedCheck

if TYPE_CHECKING:
    from pathlib import Path

    from opsmonitor.store.store import Store
    from opsmonitor.util.clock import FakeClock


def test_a_thousand_checks_stay_below_a_gigabyte() -> None:
    """90 days of 1,000 checks every 30 seconds take less than 1 GB by default."""
    sizes = estimate_size(1000, 30, RetentionSettings(), days=90)

    assert set(sizes) == set(Resolution) - {Resolution.AUTO}
    assert 300e6 < sum(sizes.values()) < 1e9


def test_longer_retention_takes_more() -> None:
    """Each tier grows with its own retention, and with the number of checks."""
    short = estimate_size(10, 60, RetentionSettings())
    long = estimate_size(20, 60, RetentionSettings(raw_s=30 * 86_400))

    assert long[Resolution.RAW] > 25 * short[Resolution.RAW]
    assert long[Resolution.HOUR] == pytest.approx(2 * short[Resolution.HOUR], abs=1)


async def test_estimate_is_near_the_truth(store: Store, path: Path, clock: FakeClock) -> None:
    """A day of real runs takes about what was foretold."""
    checks = [ScriptedCheck(f"check-{number}") for number in range(10)]
    start_ms = clock.now_ms()
    for second in range(0, 86_400, 30):
        at_ms = start_ms + second * 1000
        latency_ms = 10 + (second * 7919) % 1000 / 50
        store.record([check.run(at_ms, latency_ms=latency_ms) for check in checks])
        if second % 3600 == 0:
            await store.flush()
    clock.advance(86_460)
    await store.maintain()
    await store.close()
    estimates = estimate_size(10, 30, RetentionSettings(), days=1)

    with closing(sqlite3.connect(path)) as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]

    assert pages * 4096 == pytest.approx(sum(estimates.values()), rel=0.2)
