"""Tokens that outlive a restart."""

from __future__ import annotations

from pathlib import Path

from opsmonitor.config.settings import RetentionSettings
from opsmonitor.models.token import IssuedToken, TokenScope
from opsmonitor.store.store import Store
from opsmonitor.util.clock import FakeClock

_TOKENS = [
    IssuedToken(id="a", name="B\u00fcro", scope=TokenScope.READ, digest="0a", created_ms=1),
    IssuedToken(
        id="b",
        name="Home Assistant",
        scope=TokenScope.ADMIN,
        digest="0b",
        created_ms=2,
        expires_ms=5,
        used_ms=3,
    ),
]


async def test_what_is_kept_comes_back_as_it_was(tmp_path: Path) -> None:
    """The next daemon reads every token, and none that was revoked."""
    clock = FakeClock()
    gone = IssuedToken(id="c", name="c", scope=TokenScope.READ, digest="0c", created_ms=3)
    store = await Store.open(tmp_path / "db", clock=clock, retention=RetentionSettings())
    await store.save_tokens([*_TOKENS, gone])
    await store.save_tokens(_TOKENS)
    await store.close()

    store = await Store.open(tmp_path / "db", clock=clock, retention=RetentionSettings())
    kept = await store.tokens()
    await store.close()

    assert kept == _TOKENS
