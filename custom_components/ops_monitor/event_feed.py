"""Tells each event once, whether it is heard at once, again, or only after a gap."""

from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
import logging
from typing import Final

from homeassistant.core import callback

from .client import EventFrame, Frame, OpsMonitorClient, OpsMonitorError, Transition
from .listeners import Listeners

_LOGGER = logging.getLogger(__name__)

FRESH: Final = timedelta(minutes=5)
"""What is older than this when the connection is back is told only to those who want it."""
_MOST_MISSED: Final = 500
_KEPT_KEYS: Final = 1000

type _Key = tuple[str, datetime | None, str]


class EventFeed:
    """The changes of status that one daemon tells of."""

    def __init__(
        self,
        client: OpsMonitorClient,
        name: str,
        is_wanted: Callable[[Transition], bool] = lambda _transition: True,
    ) -> None:
        """Begin with nothing told; what is not wanted never is."""
        self.listeners = Listeners[Transition](name)
        self.recent: deque[Transition] = deque(maxlen=20)
        """The latest ones that were told, the last at the end."""
        self._client = client
        self._is_wanted = is_wanted
        self._told: dict[_Key, None] = {}

    @callback
    def tell(self, transition: Transition) -> None:
        """Tell an event, unless it was told before."""
        if self._note(transition) and self._is_wanted(transition):
            self.recent.append(transition)
            self.listeners.tell(transition)

    @callback
    def pass_over(self, frames: Iterable[Frame], now: datetime) -> None:
        """Take what happened long ago for told."""
        oldest = now - FRESH
        for frame in frames:
            if isinstance(frame, EventFrame) and (at := frame.transition.at) and at < oldest:
                self._note(frame.transition)

    async def catch_up(self) -> None:
        """Ask for the events that the stream did not tell, and tell them."""
        if not self.recent or not (last := self.recent[-1].at):
            return
        try:
            answer = await self._client.get(
                "api/status/events", {"limit": str(_MOST_MISSED), "since": last.isoformat()}
            )
            missed = [Transition.from_api(item) for item in answer]
        except (OpsMonitorError, TypeError) as err:
            _LOGGER.debug("What was missed cannot be had: %s", err)
            return
        for transition in reversed(missed):
            self.tell(transition)

    def _note(self, transition: Transition) -> bool:
        """Remember an event as told; tell whether it was not."""
        key = (transition.check_id, transition.at, transition.event)
        if key in self._told:
            return False
        self._told[key] = None
        if len(self._told) > _KEPT_KEYS:
            del self._told[next(iter(self._told))]
        return True
