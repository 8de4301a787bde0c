"""Keeps who wants to hear of what, and tells them."""

import logging

from homeassistant.core import CALLBACK_TYPE, callback

from .topics import Topic

_LOGGER = logging.getLogger(__name__)


class TopicListeners:
    """The listeners of one daemon, by what they want to hear of."""

    def __init__(self, name: str) -> None:
        """Remember whose listeners they are, for the log."""
        self._name = name
        self._by_topic: dict[object, list[CALLBACK_TYPE]] = {}

    def __bool__(self) -> bool:
        """Tell whether anybody listens."""
        return bool(self._by_topic)

    def __contains__(self, topic: object) -> bool:
        """Tell whether anybody listens for a topic."""
        return topic in self._by_topic

    @callback
    def add(self, topic: object, update_callback: CALLBACK_TYPE) -> None:
        """Tell a listener of a topic from now on."""
        self._by_topic.setdefault(topic, []).append(update_callback)

    @callback
    def remove(self, topic: object, update_callback: CALLBACK_TYPE) -> None:
        """Tell a listener no more."""
        listeners = self._by_topic[topic]
        listeners.remove(update_callback)
        if not listeners:
            del self._by_topic[topic]

    @callback
    def tell(self, topic: object) -> None:
        """Tell the listeners of a topic; the failure of one must not keep the others from it."""
        for update_callback in list(self._by_topic.get(topic, ())):
            try:
                update_callback()
            except Exception:
                _LOGGER.exception("An entity of %s could not be updated", self._name)

    @callback
    def tell_each(self, topics: set[object]) -> None:
        """Tell the listeners of some topics, of devices first of all: entities belong to them."""
        if Topic.DEVICES in topics:
            self.tell(Topic.DEVICES)
        for topic in topics - {Topic.DEVICES}:
            self.tell(topic)

    @callback
    def tell_all(self) -> None:
        """Tell every listener."""
        for topic in list(self._by_topic):
            self.tell(topic)
