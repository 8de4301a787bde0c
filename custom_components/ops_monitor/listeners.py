"""Tells those who asked for it, one by one."""

from collections.abc import Callable
import logging

from homeassistant.core import CALLBACK_TYPE, callback

_LOGGER = logging.getLogger(__name__)


class Listeners[T]:
    """Who wants to hear of one kind of news."""

    def __init__(self, name: str) -> None:
        """Remember of whom the news is, for the log."""
        self._name = name
        self._listeners: list[Callable[[T], None]] = []

    @callback
    def add(self, listener: Callable[[T], None]) -> CALLBACK_TYPE:
        """Tell a listener from now on; the answer ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @callback
    def tell(self, news: T) -> None:
        """Tell all of them; the failure of one must not keep the others from hearing."""
        for listener in list(self._listeners):
            try:
                listener(news)
            except Exception:
                _LOGGER.exception("News of %s could not be told", self._name)
