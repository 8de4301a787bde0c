"""Know whether all alerts are to wait because somebody wants it so."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Protocol

from opsmonitor.exceptions import StoreError
from opsmonitor.models.alert import Mute

if TYPE_CHECKING:
    from opsmonitor.util.clock import Clock

_LOGGER = logging.getLogger(__name__)


class MuteStore(Protocol):
    """Where the wish is kept over a restart."""

    async def save_mute(self, mute: Mute | None) -> None:
        """Keep it, or forget the one before."""
        ...

    async def mute(self) -> Mute | None:
        """Return what was kept."""
        ...


class Muting:
    """The wish of a person that nobody is told anything for a while, or until it is taken back."""

    def __init__(self, store: MuteStore, clock: Clock) -> None:
        """Take where it is kept; `open` reads it."""
        self._store = store
        self._clock = clock
        self._mute: Mute | None = None
        self.is_kept_too_long = False
        """It is over, but the store does not know that yet: there is something to forget."""
        self._is_saving = asyncio.Lock()

    async def open(self) -> None:
        """Read what was wished before a restart."""
        self._mute = await self._store.mute()

    @property
    def now(self) -> Mute | None:
        """Return the wish, unless its time is over; once it is, no clock set back revives it."""
        mute = self._mute
        if mute is None or mute.until_ms is None or mute.until_ms > self._clock.now_ms():
            return mute
        self._mute, self.is_kept_too_long = None, True
        return None

    async def begin(self, *, duration_s: float | None, reason: str | None, by: str | None) -> None:
        """Let everything wait from now on, in place of any wish before.

        Raises:
            StoreError: It cannot be kept, and nothing was changed.

        """
        now_ms = self._clock.now_ms()
        until_ms = None if duration_s is None else now_ms + round(duration_s * 1000)
        await self._change(Mute(since_ms=now_ms, until_ms=until_ms, reason=reason, by=by))

    async def end(self) -> None:
        """Let nothing wait any more.

        Raises:
            StoreError: That cannot be kept, and nothing was changed.

        """
        await self._change(None)

    async def forget_the_past(self) -> bool:
        """Take a wish whose time is over out of the store; tell whether none is left there."""
        async with self._is_saving:
            if not self.is_kept_too_long:
                return True
            try:
                await self._store.save_mute(None)
            except StoreError as err:
                _LOGGER.warning("%s. Alerts are no longer muted all the same", err)
                return False
            self.is_kept_too_long = False
            return True

    async def _change(self, mute: Mute | None) -> None:
        """Keep a wish, or that there is none."""
        async with self._is_saving:
            await self._store.save_mute(mute)
            self._mute, self.is_kept_too_long = mute, False
