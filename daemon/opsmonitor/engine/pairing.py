"""Short codes by which a program gets a token of its own."""

from __future__ import annotations

from dataclasses import dataclass
import hmac
import secrets
from typing import TYPE_CHECKING, Final

from opsmonitor.util.secret import Secret

if TYPE_CHECKING:
    from opsmonitor.models.token import TokenWish
    from opsmonitor.util.clock import Clock

LIFETIME_S: Final = 600.0
_DIGITS: Final = 6
_MOST_WRONG: Final = 5
"""So often anybody may guess: the chance to be right is 1 in 200,000 then."""


@dataclass(slots=True, kw_only=True)
class _Offer:
    """What a code is good for."""

    digest: bytes
    wish: TokenWish
    until_s: float
    wrong: int = 0


class Pairing:
    """The one code that may be open; kept in memory only, and there as a keyed hash."""

    def __init__(self, clock: Clock) -> None:
        """Take the clock; there is no code yet."""
        self._clock = clock
        self._salt = secrets.token_bytes(32)
        self._offer: _Offer | None = None

    def open(self, wish: TokenWish) -> tuple[Secret, int]:
        """Return a new code in place of an older one, and when it ends in epoch milliseconds."""
        code = f"{secrets.randbelow(10**_DIGITS):0{_DIGITS}d}"
        until_s = self._clock.monotonic() + LIFETIME_S
        self._offer = _Offer(digest=self._digest(code), wish=wish, until_s=until_s)
        return Secret(code), self._clock.now_ms() + round(LIFETIME_S * 1000)

    def redeem(self, presented: str) -> TokenWish | None:
        """Return what the code was made for, once; None if it is not the one that is open.

        The fifth wrong guess, whoever makes it, ends the code.
        """
        offer = self._offer
        if offer is None:
            return None
        if self._clock.monotonic() >= offer.until_s:
            self._offer = None
            return None
        digits = "".join(filter(str.isdecimal, presented))
        if hmac.compare_digest(self._digest(digits), offer.digest):
            self._offer = None
            return offer.wish
        offer.wrong += 1
        if offer.wrong >= _MOST_WRONG:
            self._offer = None
        return None

    @property
    def is_open(self) -> bool:
        """Tell whether there is a code that somebody could still use."""
        return self._offer is not None and self._clock.monotonic() < self._offer.until_s

    def _digest(self, code: str) -> bytes:
        """Return a keyed hash of a code."""
        return hmac.digest(self._salt, code.encode("utf-8", "surrogatepass"), "sha256")
