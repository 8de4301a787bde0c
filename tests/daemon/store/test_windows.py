"""Maintenance windows that outlive a restart."""

from __future__ import annotations

from pathlib import Path

from opsmonitor.config.settings import RetentionSettings
from opsmonitor.models.maintenance import Window
from opsmonitor.store.store import Store
from opsmonitor.util.clock import FakeClock

_WINDOWS = [
    Window(id="a", reason="B\u00fcro", checks=("nas",), from_ms=1, to_ms=2),
    Window(id="b", everything=True, start=60, end=120, weekdays=(5, 6), days=(1, -1)),
    Window(id="c", tags=("x",), sites=("home",), cron="0 3 * * *", duration_s=60),
]


async def test_what_is_kept_comes_back_as_it_was(tmp_path: Path) -> None:
    """Every kind of window is read by the next daemon, and what was removed is not."""
    clock = FakeClock()
    store = await Store.open(tmp_path / "db", clock=clock, retention=RetentionSettings())
    await store.save_windows([*_WINDOWS, Window(id="d", everything=True, from_ms=1, to_ms=2)])
    await store.save_windows(_WINDOWS)
    await store.close()

    store = await Store.open(tmp_path / "db", clock=clock, retention=RetentionSettings())
    kept = await store.windows()
    await store.close()

    assert kept == _WINDOWS
