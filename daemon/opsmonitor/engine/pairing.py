"""Short codes by which a program gets a token of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
import hmac
import secrets
from typing import TYPE_CHECKING, Final

from opsmonitor.util.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from opsmonitor.models.token import TokenWish
    from opsmonitor.util.clock import Clock

LIFETIME_S: Final = 600.0
_DIGITS: Final = 6
_MOST_WRONG: Final = 5
"""So often anybody may guess: the chance to be right is 1 in 200,000 then."""


@dataclass(slots=True, kw_only=True)
class Offer:
    """What a code is good for."""

    digest: bytes = field(repr=False)
    wish: TokenWish
    until_s: float
    is_backed: Callable[[], bool] = field(repr=False)
    """Whether whoever had it made may still do so."""
    wrong: int = 0


class Pairing:
    """The one code that may be open; kept in memory only, and there as a keyed hash."""

    def __init__(self, clock: Clock) -> None:
        """Take the clock; there is no code yet."""
        self._clock = clock
        self._salt = secrets.token_bytes(32)
        self._offer: Offer | None = None

    def open(
        self, wish: TokenWish, is_backed: Callable[[], bool] = lambda: True
    ) -> tuple[Secret, int]:
        """Return a new code in place of an older one, and when it ends in epoch milliseconds.

        It is worth nothing as soon as `is_backed` tells that whoever had it made was shut out.
        """
        code = f"{secrets.randbelow(10**_DIGITS):0{_DIGITS}d}"
        until_s = self._clock.monotonic() + LIFETIME_S
        self._offer = Offer(
            digest=self._digest(code), wish=wish, until_s=until_s, is_backed=is_backed
        )
        return Secret(code), self._clock.now_ms() + round(LIFETIME_S * 1000)

    def redeem(self, presented: str) -> Offer | None:
        """Return what the code is good for, once; None if it is not the one that is open.

        The fifth wrong guess, whoever makes it, ends the code.
        """
        offer = self._offer
        if offer is None or not self._holds(offer):
            self._offer = None
            return None
        digits = "".join(filter(str.isdecimal, presented))
        if hmac.compare_digest(self._digest(digits), offer.digest):
            self._offer = None
            return offer
        offer.wrong += 1
        if offer.wrong >= _MOST_WRONG:
            self._offer = None
        return None

    def give_back(self, offer: Offer) -> None:
        """Let a code be good again, as nothing came of it; a newer one goes before it."""
        if self._offer is None:
            self._offer = offer

    @property
    def is_open(self) -> bool:
        """Tell whether there is a code that somebody could still use."""
        return self._offer is not None and self._holds(self._offer)

    def _holds(self, offer: Offer) -> bool:
        """Tell whether a code may still be used."""
        return self._clock.monotonic() < offer.until_s and offer.is_backed()

    def _digest(self, code: str) -> bytes:
        """Return a keyed hash of a code."""
        return hmac.digest(self._salt, code.encode("utf-8", "surrogatepass"), "sha256")
