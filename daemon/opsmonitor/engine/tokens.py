"""Give tokens to programs, know them again, and take them back."""

from __future__ import annotations

import asyncio
from dataclasses import replace
import hmac
import logging
import secrets
from typing import TYPE_CHECKING, Final, Protocol

from opsmonitor.exceptions import (
    StoreError,
    TokensUnreadError,
    TooManyTokensError,
    UnknownTokenError,
)
from opsmonitor.models.token import IssuedToken
from opsmonitor.util.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from opsmonitor.models.token import TokenWish
    from opsmonitor.util.clock import Clock

_LOGGER = logging.getLogger(__name__)

MOST: Final = 100
_PREFIX: Final = "opm_i_"
_BYTES: Final = 32
_ID_BYTES: Final = 4
_USED_STEP_MS: Final = 60_000
"""When a token was last seen is known to the minute."""
_KEEP_STEP_MS: Final = 3_600_000
"""And is written down so often at most."""
_SAVE_AGAIN_S: Final = 60.0
"""So long what could not be written waits for the next try."""
READ_AGAIN_S: Final = 5.0
"""And what could not be read: until then programs can only wait."""


class TokenStore(Protocol):
    """Where it is kept which tokens were given out."""

    async def tokens(self) -> list[IssuedToken]:
        """Return all of them.

        Raises:
            StoreError: They cannot be read now.

        """
        ...

    async def save_tokens(self, changed: Iterable[IssuedToken], gone: Collection[str]) -> None:
        """Keep these as they are now, and forget those of these ids; all or nothing.

        Raises:
            StoreError: It cannot be done now, or would not outlive the daemon.

        """
        ...


def is_issued(presented: str) -> bool:
    """Tell whether something has the shape of a token that was given out, be it good or not."""
    return presented.startswith(_PREFIX)


class Tokens:
    """Every token that was given out.

    What is kept and looked up is a keyed hash: neither the database nor the time of an answer tells
    anything of a token.
    """

    def __init__(self, *, store: TokenStore, clock: Clock, read_key: Callable[[], Secret]) -> None:
        """Take the parts; `read_key` gives the key of the stored hashes, or raises OSError."""
        self._store = store
        self._clock = clock
        self._read_key = read_key
        self._key: bytes | None = None
        """None: who has a token is not known yet."""
        self._by_digest: dict[str, IssuedToken] = {}
        self._changed: dict[str, IssuedToken] = {}
        """What is not written yet, by id."""
        self._revoked: dict[str, IssuedToken] = {}
        """What is worth nothing any more, which is not written yet, by id."""
        self._kept_ms = 0
        self._saving: set[asyncio.Task[None]] = set()
        self._again: asyncio.TimerHandle | None = None
        self._reading: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Read which tokens there are; what cannot be read now is tried again until it can.

        Until then no token is known to be wrong.
        """
        self._kept_ms = self._clock.now_ms()
        trouble = await self._read()
        if trouble is not None:
            _LOGGER.warning(
                "Who has a token cannot be read: %s. Programs have to wait until it can", trouble
            )
            self._reading = asyncio.create_task(self._keep_reading(), name="tokens-unread")

    async def _keep_reading(self) -> None:
        """Try again until it is known who has a token."""
        while self._key is None:
            await asyncio.sleep(READ_AGAIN_S)
            await self._read()
        _LOGGER.warning("Who has a token is known now")

    async def _read(self) -> str | None:
        """Read the key and the tokens; return why that cannot be done."""
        try:
            key = await asyncio.to_thread(self._read_key)
            kept = await self._store.tokens()
        except (OSError, RuntimeError, UnicodeError, StoreError) as err:
            # RuntimeError: no thread is left to read with.
            return str(err)
        self._by_digest = {token.digest: token for token in kept}
        self._key = key.reveal().encode()
        return None

    async def close(self) -> None:
        """Write what is not written yet."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait([self._reading])
        if self._again is not None:
            self._again.cancel()
        await asyncio.gather(*self._saving)
        if self._changed or self._revoked:
            await self._save_quietly()
        if self._again is not None:
            self._again.cancel()
        for token in self._revoked.values():
            _LOGGER.warning(
                "That %r has no token any more could not be written: its token %s holds again "
                "after the next start, so revoke it then",
                token.name,
                token.id,
            )

    @property
    def all(self) -> tuple[IssuedToken, ...]:
        """Return all tokens, the oldest first; those whose time is over, too.

        Raises:
            TokensUnreadError: They are not known yet.

        """
        self._known_key()
        return tuple(sorted(self._by_digest.values(), key=lambda token: token.created_ms))

    async def issue(self, wish: TokenWish) -> tuple[IssuedToken, Secret]:
        """Return a new token; nobody can learn later what it was.

        Raises:
            StoreError: It cannot be kept now.
            TooManyTokensError: There are too many.

        """
        self._known_key()
        if len(self._by_digest) >= MOST:
            raise TooManyTokensError(f"there are {MOST} tokens: revoke one that nobody uses")
        now_ms = self._clock.now_ms()
        secret = Secret(_PREFIX + secrets.token_urlsafe(_BYTES))
        token = IssuedToken(
            id=secrets.token_hex(_ID_BYTES),
            name=wish.name,
            scope=wish.scope,
            digest=self._digest(secret.reveal()),
            created_ms=now_ms,
            expires_ms=_end_ms(wish, now_ms),
        )
        self._by_digest[token.digest] = self._changed[token.id] = token
        try:
            await self._save()
        except BaseException:
            # It may be written for all that, by whoever saved at the same time.
            self._drop(token)
            raise
        return token, secret

    def find(self, presented: str) -> IssuedToken | None:
        """Return the token that somebody shows, as long as it is good; it counts as seen.

        Raises:
            TokensUnreadError: It may be good, which is not known yet.

        """
        if self._key is None and not is_issued(presented):
            return None
        token = self._by_digest.get(self._digest(presented))
        now_ms = self._clock.now_ms()
        if token is None or not token.holds(now_ms):
            return None
        if token.used_ms is None or now_ms - token.used_ms >= _USED_STEP_MS:
            token = replace(token, used_ms=now_ms)
            self._by_digest[token.digest] = self._changed[token.id] = token
            if now_ms - self._kept_ms >= _KEEP_STEP_MS:
                self._kept_ms = now_ms
                self._save_soon()
        return token

    def holds(self, token: IssuedToken) -> bool:
        """Tell whether a token is still good."""
        return token.digest in self._by_digest and token.holds(self._clock.now_ms())

    async def revoke(self, token_id: str) -> IssuedToken:
        """Take a token back: it is worth nothing from now on.

        Raises:
            StoreError: That cannot be kept now. It is worth nothing until the next start, and is
                tried again until it is kept: by itself, and whenever this is called again.
            UnknownTokenError: There is none of this id.

        """
        self._known_key()
        known = {token.id: token for token in self._by_digest.values()} | self._revoked
        token = known.get(token_id)
        if token is None:
            raise UnknownTokenError(token_id)
        self._drop(token)
        await self._save()
        return token

    def _drop(self, token: IssuedToken) -> None:
        """Let a token be worth nothing; that is still to be written."""
        self._by_digest.pop(token.digest, None)
        self._changed.pop(token.id, None)
        self._revoked[token.id] = token

    async def _save(self) -> None:
        """Write what is not written yet; what cannot be written now is tried again later.

        Raises:
            StoreError: It cannot be written now.

        """
        changed, revoked = dict(self._changed), tuple(self._revoked)
        try:
            await self._store.save_tokens(changed.values(), revoked)
        except BaseException:
            if self._again is None:
                loop = asyncio.get_running_loop()
                self._again = loop.call_later(_SAVE_AGAIN_S, self._save_soon)
            raise
        for token_id, token in changed.items():
            if self._changed.get(token_id) is token:
                del self._changed[token_id]
        for token_id in revoked:
            self._revoked.pop(token_id, None)

    def _save_soon(self) -> None:
        """Write what is not written yet, without anybody waiting for it."""
        if self._again is not None:
            self._again.cancel()
            self._again = None
        task = asyncio.create_task(self._save_quietly(), name="tokens")
        self._saving.add(task)
        task.add_done_callback(self._saving.discard)

    async def _save_quietly(self) -> None:
        """Write what is not written yet; whoever asked for it was told already if it failed."""
        try:
            await self._save()
        except StoreError as err:
            _LOGGER.debug("Tokens cannot be written now: %s", err)

    def _digest(self, token: str) -> str:
        """Return a keyed hash of a token."""
        data = token.encode("utf-8", "surrogatepass")
        return hmac.digest(self._known_key(), data, "sha256").hex()

    def _known_key(self) -> bytes:
        """Return the key of the hashes.

        Raises:
            TokensUnreadError: It is not known yet, or not which tokens there are.

        """
        if self._key is None:
            raise TokensUnreadError("who has a token cannot be read yet")
        return self._key


def _end_ms(wish: TokenWish, now_ms: int) -> int | None:
    """Return when a token ends that is made now; None: it does not."""
    if wish.lifetime_s is None:
        return wish.until_ms
    end_ms = now_ms + round(wish.lifetime_s * 1000)
    return end_ms if wish.until_ms is None else min(end_ms, wish.until_ms)
