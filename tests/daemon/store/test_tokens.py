"""Tokens that outlive a restart."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path
import sqlite3

import pytest

from opsmonitor.config.settings import RetentionSettings
from opsmonitor.exceptions import StoreError
from opsmonitor.models.token import IssuedToken, TokenScope
from opsmonitor.store import database, prepare
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
    await store.save_tokens([replace(_TOKENS[0], name="old"), gone], ())
    await store.save_tokens(_TOKENS, ("c",))
    await store.close()

    store = await Store.open(tmp_path / "db", clock=clock, retention=RetentionSettings())
    kept = await store.tokens()
    await store.close()

    assert kept == _TOKENS


async def test_what_is_in_memory_only_is_not_kept(tmp_path: Path) -> None:
    """While there is no disk that is said: a revocation would be forgotten with the next start."""
    (tmp_path / "data").write_text("in the way")
    store = await Store.open(
        tmp_path / "data" / "db", clock=FakeClock(), retention=RetentionSettings()
    )

    with pytest.raises(StoreError, match="on disk"):
        await store.save_tokens(_TOKENS, ())
    await store.close()


async def test_a_locked_database_still_lets_programs_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A daemon that can only read its database knows the tokens in it."""
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.02)
    monkeypatch.setattr(prepare, "BUSY_TIMEOUT_S", 0.02)
    clock = FakeClock()
    store = await Store.open(tmp_path / "db", clock=clock, retention=RetentionSettings())
    await store.save_tokens(_TOKENS, ())
    await store.close()

    with closing(sqlite3.connect(tmp_path / "db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        store = await Store.open(tmp_path / "db", clock=clock, retention=RetentionSettings())
        mode, known = store.health().mode, await store.tokens()
    await store.close()

    assert (mode, known) == ("memory", _TOKENS)


async def test_what_cannot_be_read_is_not_taken_for_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that nobody may even read is said to be so; its tokens are there afterwards."""
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.02)
    monkeypatch.setattr(prepare, "BUSY_TIMEOUT_S", 0.02)
    clock = FakeClock()
    path = tmp_path / "db"
    store = await Store.open(path, clock=clock, retention=RetentionSettings())
    await store.save_tokens(_TOKENS, ())
    instance_id = store.instance_id
    await store.close()

    path.rename(tmp_path / "elsewhere")
    path.mkdir()
    store = await Store.open(path, clock=clock, retention=RetentionSettings())
    before = store.has_past
    with pytest.raises(StoreError):
        await store.tokens()
    path.rmdir()
    (tmp_path / "elsewhere").rename(path)
    await store.flush()
    known, mode = await store.tokens(), store.health().mode
    after = (store.has_past, store.instance_id)
    await store.close()

    assert before is False
    assert (mode, known, after) == ("disk", _TOKENS, (True, instance_id))


async def test_where_nothing_was_kept_nothing_is_unknown(tmp_path: Path) -> None:
    """A new daemon that can write nowhere knows that nobody has a token."""
    (tmp_path / "data").write_text("in the way")
    store = await Store.open(
        tmp_path / "data" / "db", clock=FakeClock(), retention=RetentionSettings()
    )

    mode, has_past, known = store.health().mode, store.has_past, await store.tokens()
    await store.close()

    assert (mode, has_past, known) == ("memory", True, [])
