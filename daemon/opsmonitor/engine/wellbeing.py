"""How the daemon itself is doing: known in one place, told to whoever listens."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from opsmonitor.models.release import UpdateState
    from opsmonitor.models.space import Space

_LOGGER = logging.getLogger(__name__)


class Wellbeing:
    """What was last found out about the daemon and the room that it has."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._listeners: list[Callable[[], None]] = []
        self._space: Space | None = None
        self._update: UpdateState | None = None

    @property
    def space(self) -> Space | None:
        """How much room there is for the database; None while it cannot be found out."""
        return self._space

    @space.setter
    def space(self, space: Space | None) -> None:
        self._space = space
        self._tell()

    @property
    def update(self) -> UpdateState | None:
        """What is known of newer releases; None: nobody asks."""
        return self._update

    def put_update(self, update: UpdateState | None, *, is_news: bool) -> None:
        """Keep what is known of newer releases; listeners are told of news only."""
        self._update = update
        if is_news:
            self._tell()

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call the listener whenever something is otherwise; the answer ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _tell(self) -> None:
        """Call every listener; one that fails stops nobody."""
        for listener in tuple(self._listeners):
            try:
                listener()
            except Exception:
                _LOGGER.exception("A listener failed on how the daemon is doing")
