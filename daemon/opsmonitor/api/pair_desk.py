"""Exchange codes for tokens, and make guessing slow."""

from __future__ import annotations

from dataclasses import replace
import logging
from typing import TYPE_CHECKING, Final

from aiohttp import hdrs

from opsmonitor.api.errors import ApiError
from opsmonitor.api.ratelimit import LoginBackoff

if TYPE_CHECKING:
    from opsmonitor.api.client import Client
    from opsmonitor.api.scope import Grant
    from opsmonitor.engine.pairing import Pairing
    from opsmonitor.engine.tokens import Tokens
    from opsmonitor.models.token import IssuedToken, TokenWish
    from opsmonitor.util.clock import Clock
    from opsmonitor.util.secret import Secret

_LOGGER = logging.getLogger(__name__)

_NAMELESS: Final = "A program"


class PairDesk:
    """Gives a program its token.

    A code ends with the fifth wrong guess, whoever makes them; an address that guessed five times
    wrong waits before each further guess, twice as long each time.
    """

    def __init__(self, pairing: Pairing, tokens: Tokens, clock: Clock) -> None:
        """Take who knows the codes, who makes the tokens, and the clock."""
        self._pairing = pairing
        self._tokens = tokens
        self._backoff = LoginBackoff(clock)

    def open_code(self, wish: TokenWish, grant: Grant) -> tuple[Secret, int]:
        """Return a new code, and when it ends in epoch milliseconds.

        It ends with the grant of whoever has it made, and so does what a token makes with its time:
        nobody who was let in for a while lets himself in for longer.
        """
        if grant.token is not None:
            wish = replace(wish, until_ms=grant.token.expires_ms)
        return self._pairing.open(wish, grant.is_valid)

    async def exchange(
        self, code: str, client_name: str | None, client: Client
    ) -> tuple[IssuedToken, Secret]:
        """Return a token in exchange for a code.

        Raises:
            ApiError: 404, it is not the code that is open; 429, there were too many guesses.
            StoreError: The token cannot be kept now; the code is still good.
            TooManyTokensError: There are too many of them; the code is still good.

        """
        wait_s = self._backoff.wait_s(client.key)
        if wait_s:
            raise ApiError(
                429,
                "too_many_requests",
                f"too many wrong codes; try again in {wait_s} s",
                headers={hdrs.RETRY_AFTER: str(wait_s)},
            )
        was_open = self._pairing.is_open
        offer = self._pairing.redeem(code)
        if offer is None:
            self._backoff.failed(client.key)
            if was_open:
                _LOGGER.warning("Wrong pairing code from %s", client.address)
            raise ApiError(
                404,
                "unknown_code",
                "this is not the code, or its ten minutes are over: make a new one with "
                "`opsmonitor pair`",
            )
        self._backoff.succeeded(client.key)
        name = offer.wish.name or client_name or _NAMELESS
        try:
            token, secret = await self._tokens.issue(replace(offer.wish, name=name))
        except BaseException:
            self._pairing.give_back(offer)
            raise
        _LOGGER.info(
            "%r at %s was paired and has the token %s (%s)",
            token.name,
            client.address,
            token.id,
            token.scope.value,
        )
        return token, secret
