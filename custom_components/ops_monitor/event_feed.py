"""Tells each event once, whether it is heard at once, again, or only after a gap."""

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
import logging
from typing import Final

from homeassistant.core import callback

from .client import OpsMonitorClient, OpsMonitorError, OpsMonitorResponseError, Transition
from .listeners import Listeners

_LOGGER = logging.getLogger(__name__)

FRESH: Final = timedelta(minutes=5)
"""What is older than this when the connection is back is told only to those who want it."""
_DATE_RESOLUTION: Final = timedelta(seconds=1)
"""The header by which the clocks are compared has whole seconds, cut off."""
_MOST_MISSED: Final = 500
_KEPT_KEYS: Final = 1000

type _Key = tuple[str, datetime | None, str]


class EventFeed:
    """The changes of status that one daemon tells of.

    All times are of the daemon's clock, by which it dates them.
    """

    def __init__(
        self,
        client: OpsMonitorClient,
        name: str,
        is_wanted: Callable[[Transition], bool] = lambda _transition: True,
        *,
        replays: bool = False,
    ) -> None:
        """Begin with nothing told; what is not wanted never is.

        Whoever replays wants even what is no longer fresh.
        """
        self.listeners = Listeners[Transition](name)
        self.recent: deque[Transition] = deque(maxlen=20)
        """The latest ones that were told, the last at the end."""
        self.is_behind = False
        """Whether there may be some that could not be asked for."""
        self._client = client
        self._is_wanted = is_wanted
        self._replays = replays
        self._told: dict[_Key, None] = {}
        self._since: datetime | None = None
        """What came before this is told, or was there before we were."""
        self._oldest: datetime | None = None
        """What came before this is old news."""

    @callback
    def begin(self) -> None:
        """Take what has happened so far as known from the state."""
        self._since = self._client.daemon_time() + _DATE_RESOLUTION

    @callback
    def connected(self) -> None:
        """Judge the age of what comes from now on by this moment.

        What is told live came after it, however far the clocks drift apart later; what was missed,
        and comes in as many pieces as the network likes, came before.
        """
        self._oldest = None if self._replays else self._client.daemon_time() - FRESH

    @callback
    def tell(self, transition: Transition) -> None:
        """Tell an event, unless it was told before or is old news."""
        if not self._note(transition) or not self._is_wanted(transition):
            return
        if self._oldest and transition.at and transition.at < self._oldest:
            return
        self.recent.append(transition)
        self.listeners.tell(transition)

    async def catch_up(self) -> None:
        """Ask for the events that the stream did not tell, and tell them.

        What was told is remembered, so that asking for too much does no harm.
        """
        if not self._since:
            return
        now = self._client.daemon_time()
        oldest = None if self._replays else now - FRESH
        since = max(self._since, oldest or self._since)
        self.is_behind = True
        try:
            answer = await self._client.get(
                "api/status/events", {"limit": str(_MOST_MISSED), "since": since.isoformat()}
            )
            missed = _readable(answer)
        except OpsMonitorError as err:
            _LOGGER.debug("What was missed cannot be had: %s", err)
            return
        self.is_behind = False
        self._oldest = oldest
        for transition in reversed(missed):
            if transition.at and transition.at >= since:
                self.tell(transition)
        # Some that happened just before may not have been written down yet.
        self._since = max(since, now - FRESH)

    def _note(self, transition: Transition) -> bool:
        """Remember an event as told; tell whether it was not."""
        key = (transition.check_id, transition.at, transition.event)
        if key in self._told:
            return False
        self._told[key] = None
        if len(self._told) > _KEPT_KEYS:
            del self._told[next(iter(self._told))]
        return True


def _readable(answer: object) -> list[Transition]:
    """Return the events of an answer; one that cannot be read must not take the others along.

    Raises:
        OpsMonitorResponseError: It is no list.

    """
    if not isinstance(answer, list):
        raise OpsMonitorResponseError("events: expected an array")
    events: list[Transition] = []
    for item in answer:
        try:
            events.append(Transition.from_api(item))
        except OpsMonitorResponseError as err:
            _LOGGER.debug("One of the events that were missed cannot be read: %s", err)
    return events
