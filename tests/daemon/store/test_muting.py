"""Muted alerts that stay so over a restart."""

from __future__ import annotations

from pathlib import Path

import pytest

from opsmonitor.config.settings import RetentionSettings
from opsmonitor.models.alert import Mute
from opsmonitor.store.store import Store
from opsmonitor.util.clock import FakeClock


@pytest.mark.parametrize(
    "mute", [None, Mute(since_ms=1), Mute(since_ms=1, until_ms=2, reason="B\u00fcro", by="me")]
)
async def test_what_is_kept_comes_back_as_it_was(tmp_path: Path, mute: Mute | None) -> None:
    """The next daemon reads the latest wish, or that there is none."""
    clock = FakeClock()
    store = await Store.open(tmp_path / "db", clock=clock, retention=RetentionSettings())
    assert await store.mute() is None
    await store.save_mute(Mute(since_ms=5, reason="before"))
    await store.save_mute(mute)
    await store.close()

    store = await Store.open(tmp_path / "db", clock=clock, retention=RetentionSettings())
    kept = await store.mute()
    await store.close()

    assert kept == mute
