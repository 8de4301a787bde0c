"""Tokens of programs: given out, known again, taken back."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable
import logging

import pytest

from opsmonitor.engine.tokens import MOST, Tokens
from opsmonitor.exceptions import (
    StoreError,
    TokensUnreadError,
    TooManyTokensError,
    UnknownTokenError,
)
from opsmonitor.models.token import IssuedToken, TokenScope, TokenWish
from opsmonitor.util.clock import FakeClock
from opsmonitor.util.secret import Secret

WISH = TokenWish(name="Home Assistant", scope=TokenScope.ADMIN)
DAY_S = 86400.0


class Shelf:
    """Keeps tokens, or fails."""

    def __init__(self) -> None:
        """Start empty."""
        self.kept: list[IssuedToken] = []
        self.saves = 0
        self.failure: StoreError | None = None
        self.late_failure: StoreError | None = None
        self.unread: StoreError | None = None
        self.saved_again = asyncio.Event()

    async def tokens(self) -> list[IssuedToken]:
        """Return what was kept."""
        if self.unread is not None:
            raise self.unread
        return self.kept

    async def save_tokens(self, changed: Iterable[IssuedToken], gone: Collection[str]) -> None:
        """Keep what changed, and forget what is gone."""
        if self.failure is not None:
            raise self.failure
        self.saves += 1
        by_id = {token.id: token for token in (*self.kept, *changed)}
        self.kept = [token for token in by_id.values() if token.id not in gone]
        if self.saves > 1:
            self.saved_again.set()
        if self.late_failure is not None:
            raise self.late_failure


async def make(shelf: Shelf, clock: FakeClock, key: str = "key") -> Tokens:
    """Return what a daemon with that store has."""
    tokens = Tokens(store=shelf, clock=clock, read_key=lambda: Secret(key))
    await tokens.open()
    return tokens


async def test_a_token_is_known_again_after_a_restart() -> None:
    """The next daemon knows the token, though it is not in the store."""
    shelf, clock = Shelf(), FakeClock()
    token, secret = await (await make(shelf, clock)).issue(WISH)

    later = await make(shelf, clock)
    found = later.find(secret.reveal())

    assert found is not None
    assert (found.id, found.name, found.scope) == (token.id, "Home Assistant", TokenScope.ADMIN)
    assert secret.reveal() not in f"{shelf.kept} {token.digest}"


async def test_a_token_is_worth_nothing_elsewhere() -> None:
    """With another key, as on another machine, the same database lets nobody in."""
    shelf, clock = Shelf(), FakeClock()
    _, secret = await (await make(shelf, clock)).issue(WISH)

    other = await make(shelf, clock, "another key")

    assert other.find(secret.reveal()) is None


@pytest.mark.parametrize("presented", ["", "opm_i_", "wrong", "\ud800", "t\u00f6ken"])
async def test_what_is_no_token(presented: str) -> None:
    """Nothing else is taken for a token, whatever it is."""
    tokens = await make(Shelf(), FakeClock())
    await tokens.issue(WISH)

    assert tokens.find(presented) is None


async def test_a_token_ends_with_its_time() -> None:
    """A token with a lifetime holds exactly so long, and stays in the list."""
    clock = FakeClock()
    tokens = await make(Shelf(), clock)
    token, secret = await tokens.issue(
        TokenWish(name="Script", scope=TokenScope.READ, lifetime_s=DAY_S)
    )
    assert token.expires_ms == clock.now_ms() + DAY_S * 1000

    clock.advance(DAY_S - 1)
    assert tokens.find(secret.reveal())
    clock.advance(1)

    assert tokens.find(secret.reveal()) is None
    assert not tokens.holds(token)
    assert [it.id for it in tokens.all] == [token.id]


@pytest.mark.parametrize(
    ("lifetime_s", "until_s", "end_s"),
    [(None, 60.0, 60.0), (DAY_S, 60.0, 60.0), (30.0, 60.0, 30.0), (DAY_S, None, DAY_S)],
)
async def test_a_token_ends_with_what_ends_first(
    lifetime_s: float | None, until_s: float | None, end_s: float
) -> None:
    """Its lifetime counts from now on; what was said of its end at the latest goes before."""
    clock = FakeClock()
    until_ms = None if until_s is None else clock.now_ms() + round(until_s * 1000)
    wish = TokenWish(name="x", scope=TokenScope.READ, lifetime_s=lifetime_s, until_ms=until_ms)

    token, _ = await (await make(Shelf(), clock)).issue(wish)

    assert token.expires_ms == clock.now_ms() + end_s * 1000


async def test_a_revoked_token_is_worth_nothing() -> None:
    """Revoking one leaves the others alone, and holds after a restart."""
    shelf, clock = Shelf(), FakeClock()
    tokens = await make(shelf, clock)
    first, first_secret = await tokens.issue(WISH)
    second, second_secret = await tokens.issue(WISH)

    gone = await tokens.revoke(first.id)
    later = await make(shelf, clock)

    assert gone.id == first.id
    assert not tokens.holds(first)
    assert tokens.holds(second)
    for daemon in (tokens, later):
        assert daemon.find(first_secret.reveal()) is None
        assert daemon.find(second_secret.reveal())


async def test_revoking_nothing() -> None:
    """An id that no token has is said to be unknown."""
    with pytest.raises(UnknownTokenError, match="nosuch"):
        await (await make(Shelf(), FakeClock())).revoke("nosuch")


async def test_a_revocation_that_cannot_be_written_is_not_forgotten() -> None:
    """Whoever tries again is not told that it is done before it is written."""
    shelf, clock = Shelf(), FakeClock()
    tokens = await make(shelf, clock)
    token, secret = await tokens.issue(WISH)
    shelf.failure = StoreError("the disk is full")
    for _ in range(2):
        with pytest.raises(StoreError):
            await tokens.revoke(token.id)
    assert tokens.find(secret.reveal()) is None
    assert tokens.all == ()

    shelf.failure = None
    assert (await tokens.revoke(token.id)).id == token.id

    assert shelf.kept == []
    with pytest.raises(UnknownTokenError):
        await tokens.revoke(token.id)


async def test_a_revocation_is_written_at_the_end() -> None:
    """What could not be written at first is written by whoever closes, at the latest."""
    shelf, clock = Shelf(), FakeClock()
    tokens = await make(shelf, clock)
    token, _ = await tokens.issue(WISH)
    shelf.failure = StoreError("the disk is full")
    with pytest.raises(StoreError):
        await tokens.revoke(token.id)

    shelf.failure = None
    await tokens.close()

    assert shelf.kept == []


async def test_a_revocation_is_tried_again_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """It reaches the disk, without anybody asking for it, once that can be written again."""
    monkeypatch.setattr("opsmonitor.engine.tokens._SAVE_AGAIN_S", 0.0)
    shelf, clock = Shelf(), FakeClock()
    tokens = await make(shelf, clock)
    token, _ = await tokens.issue(WISH)
    shelf.failure = StoreError("the disk is full")
    with pytest.raises(StoreError):
        await tokens.revoke(token.id)

    shelf.failure = None
    async with asyncio.timeout(20):
        await shelf.saved_again.wait()
    await tokens.close()

    assert shelf.kept == []


async def test_a_revocation_that_is_lost_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """If it can never be written, the log names the token that holds again after a restart."""
    shelf, clock = Shelf(), FakeClock()
    tokens = await make(shelf, clock)
    token, _ = await tokens.issue(WISH)
    shelf.failure = StoreError("the disk is full")
    with pytest.raises(StoreError):
        await tokens.revoke(token.id)

    with caplog.at_level(logging.WARNING):
        await tokens.close()

    assert f"token {token.id} holds again" in caplog.text


async def test_a_token_that_was_not_given_out_is_nobodys() -> None:
    """One that was written though its owner was told of a failure is deleted again."""
    shelf, clock = Shelf(), FakeClock()
    tokens = await make(shelf, clock)
    shelf.late_failure = StoreError("the disk is full")
    with pytest.raises(StoreError):
        await tokens.issue(WISH)
    assert len(shelf.kept) == 1

    shelf.late_failure = None
    await tokens.close()

    assert shelf.kept == []


async def test_no_token_without_a_store() -> None:
    """A token that cannot be kept is not given out."""
    shelf = Shelf()
    shelf.failure = StoreError("the disk is full")
    tokens = await make(shelf, FakeClock())

    with pytest.raises(StoreError):
        await tokens.issue(WISH)

    assert tokens.all == ()


async def test_there_are_not_too_many() -> None:
    """The list cannot grow without end."""
    tokens = await make(Shelf(), FakeClock())
    for _ in range(MOST):
        await tokens.issue(WISH)

    with pytest.raises(TooManyTokensError, match="revoke"):
        await tokens.issue(WISH)


async def test_last_use_is_known_to_the_minute() -> None:
    """When a token was last seen is kept at the end, without a write at every request."""
    shelf, clock = Shelf(), FakeClock()
    tokens = await make(shelf, clock)
    _, secret = await tokens.issue(WISH)
    began_ms = clock.now_ms()
    for _ in range(59):
        tokens.find(secret.reveal())
        clock.advance(1)
    assert shelf.saves == 1
    assert tokens.all[0].used_ms == began_ms

    clock.advance(1)
    tokens.find(secret.reveal())
    await tokens.close()

    assert shelf.kept[0].used_ms == began_ms + 60_000


async def test_last_use_is_kept_every_hour() -> None:
    """A daemon that is killed loses an hour of it at most; a store that fails breaks nothing."""
    shelf, clock = Shelf(), FakeClock()
    tokens = await make(shelf, clock)
    _, secret = await tokens.issue(WISH)
    clock.advance(3600)

    tokens.find(secret.reveal())
    await tokens.close()
    assert shelf.kept[0].used_ms == clock.now_ms()

    shelf.failure = StoreError("the disk is full")
    clock.advance(3600)
    assert tokens.find(secret.reveal())
    await tokens.close()


async def test_tokens_that_cannot_be_read_are_not_wrong(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Until the database can be read nothing is said of a token; then it is known by itself."""
    monkeypatch.setattr("opsmonitor.engine.tokens.READ_AGAIN_S", 0.0)
    shelf, clock = Shelf(), FakeClock()
    token, secret = await (await make(shelf, clock)).issue(WISH)
    shelf.unread = StoreError("the database is locked")

    tokens = await make(shelf, clock)
    with pytest.raises(TokensUnreadError):
        tokens.find(secret.reveal())
    with pytest.raises(TokensUnreadError):
        assert tokens.all
    with pytest.raises(TokensUnreadError):
        await tokens.issue(WISH)
    with pytest.raises(TokensUnreadError):
        await tokens.revoke(token.id)
    assert tokens.find("what no code ever gave") is None

    shelf.unread = None
    await until_read(tokens)
    found = tokens.find(secret.reveal())
    assert found is not None
    assert found.id == token.id
    assert caplog.text.count("cannot be read") == 1
    assert "is known now" in caplog.text
    await tokens.close()


async def until_read(tokens: Tokens) -> None:
    """Wait until it is known who has a token."""
    async with asyncio.timeout(60):
        while not is_read(tokens):  # noqa: ASYNC110 - nobody is told
            await asyncio.sleep(0.005)


def is_read(tokens: Tokens) -> bool:
    """Tell whether it is known who has a token."""
    try:
        return tokens.all is not None
    except TokensUnreadError:
        return False


async def test_a_key_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """With another key every token would be a wrong one: so none is made up."""
    monkeypatch.setattr("opsmonitor.engine.tokens.READ_AGAIN_S", 0.0)
    shelf, clock = Shelf(), FakeClock()
    _, secret = await (await make(shelf, clock)).issue(WISH)
    answers: list[Secret | OSError] = [OSError("no such device"), OSError("no such device")]

    def read_key() -> Secret:
        """Fail twice."""
        answer = answers.pop() if answers else Secret("key")
        if isinstance(answer, OSError):
            raise answer
        return answer

    tokens = Tokens(store=shelf, clock=clock, read_key=read_key)
    await tokens.open()
    await until_read(tokens)

    assert tokens.find(secret.reveal())
    await tokens.close()


async def test_a_daemon_may_end_before_it_knows() -> None:
    """What was not read at all is not written, either."""
    shelf = Shelf()
    shelf.unread = StoreError("the database is locked")
    tokens = await make(shelf, FakeClock())

    await tokens.close()

    assert shelf.saves == 0
