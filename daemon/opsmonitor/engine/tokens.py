"""Give tokens to programs, know them again, and take them back."""

from __future__ import annotations

import asyncio
from dataclasses import replace
import hmac
import logging
import secrets
from typing import TYPE_CHECKING, Final, Protocol

from opsmonitor.exceptions import StoreError, TooManyTokensError, UnknownTokenError
from opsmonitor.models.token import IssuedToken
from opsmonitor.util.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterable

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


class TokenStore(Protocol):
    """Where it is kept which tokens were given out."""

    async def tokens(self) -> list[IssuedToken]:
        """Return all of them."""
        ...

    async def save_tokens(self, kept: Iterable[IssuedToken]) -> None:
        """Keep exactly these."""
        ...


class Tokens:
    """Every token that was given out.

    What is kept and looked up is a keyed hash: neither the database nor the time of an answer tells
    anything of a token.
    """

    def __init__(self, *, store: TokenStore, clock: Clock, key: Secret) -> None:
        """Take the parts; `key` belongs to the hashes in the store."""
        self._store = store
        self._clock = clock
        self._key = key.reveal().encode()
        self._by_digest: dict[str, IssuedToken] = {}
        self._kept_ms = 0
        self._is_used = False
        self._saving: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Read which tokens there are."""
        self._by_digest = {token.digest: token for token in await self._store.tokens()}
        self._kept_ms = self._clock.now_ms()

    async def close(self) -> None:
        """Write down when each was last seen."""
        await asyncio.gather(*self._saving)
        if self._is_used:
            await self._keep_use()

    @property
    def all(self) -> tuple[IssuedToken, ...]:
        """Return all tokens, the oldest first; those whose time is over, too."""
        return tuple(sorted(self._by_digest.values(), key=lambda token: token.created_ms))

    async def issue(self, wish: TokenWish) -> tuple[IssuedToken, Secret]:
        """Return a new token; nobody can learn later what it was.

        Raises:
            StoreError: It cannot be kept now.
            TooManyTokensError: There are too many.

        """
        if len(self._by_digest) >= MOST:
            raise TooManyTokensError(f"there are {MOST} tokens: revoke one that nobody uses")
        now_ms = self._clock.now_ms()
        secret = Secret(_PREFIX + secrets.token_urlsafe(_BYTES))
        lifetime_s = wish.lifetime_s
        token = IssuedToken(
            id=secrets.token_hex(_ID_BYTES),
            name=wish.name,
            scope=wish.scope,
            digest=self._digest(secret.reveal()),
            created_ms=now_ms,
            expires_ms=None if lifetime_s is None else now_ms + round(lifetime_s * 1000),
        )
        self._by_digest[token.digest] = token
        try:
            await self._save()
        except StoreError:
            del self._by_digest[token.digest]
            raise
        return token, secret

    def find(self, presented: str) -> IssuedToken | None:
        """Return the token that somebody shows, as long as it is good; it counts as seen."""
        token = self._by_digest.get(self._digest(presented))
        now_ms = self._clock.now_ms()
        if token is None or not token.holds(now_ms):
            return None
        if token.used_ms is None or now_ms - token.used_ms >= _USED_STEP_MS:
            token = replace(token, used_ms=now_ms)
            self._by_digest[token.digest] = token
            self._is_used = True
            if now_ms - self._kept_ms >= _KEEP_STEP_MS:
                self._kept_ms = now_ms
                task = asyncio.create_task(self._keep_use(), name="token-use")
                self._saving.add(task)
                task.add_done_callback(self._saving.discard)
        return token

    def holds(self, token: IssuedToken) -> bool:
        """Tell whether a token is still good."""
        return token.digest in self._by_digest and token.holds(self._clock.now_ms())

    async def revoke(self, token_id: str) -> IssuedToken:
        """Take a token back: it is worth nothing from now on.

        Raises:
            StoreError: That cannot be kept now; it is worth nothing until the next start.
            UnknownTokenError: There is none of this id.

        """
        found = [token for token in self._by_digest.values() if token.id == token_id]
        if not found:
            raise UnknownTokenError(token_id)
        del self._by_digest[found[0].digest]
        await self._save()
        return found[0]

    async def _save(self) -> None:
        """Keep all tokens as they are now."""
        self._is_used = False
        await self._store.save_tokens(self.all)

    async def _keep_use(self) -> None:
        """Keep when each was last seen; that it is not known is no harm."""
        try:
            await self._save()
        except StoreError as err:
            _LOGGER.debug("When tokens were last seen cannot be kept: %s", err)

    def _digest(self, token: str) -> str:
        """Return a keyed hash of a token."""
        data = token.encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, data, "sha256").hex()
