"""Keep what is held back, and of what came and went meanwhile the end: pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeAlias

from opsmonitor.models.alert import AlertKind, Delivery, DeliveryState, NoticeKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from opsmonitor.models.alert import Notice

_Key: TypeAlias = tuple[str, str]
_Thread: TypeAlias = tuple[str, str]
_Topic: TypeAlias = tuple[str, AlertKind, str]
_BEGINNINGS: Final = frozenset({NoticeKind.FIRST_FAIL, NoticeKind.DEGRADED, NoticeKind.FLAPPING})
ENDS: Final = frozenset({NoticeKind.RECOVERED, NoticeKind.STEADY})
"""What tells that it is over."""
_WHY: Final = "what was held back after it says all"


class Held:
    """What waits until people may be told again, oldest first.

    It stays small however long it waits: an end takes the place of what was held back before it of
    the same alert. If nobody had heard of the beginning, the end itself makes room for whatever
    happens to the check next.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self._items: dict[_Key, Delivery] = {}
        self._threads: dict[_Thread, dict[_Key, None]] = {}
        self._unheard: dict[_Topic, _Key] = {}
        """By check, kind of alert and channel: the end of what nobody had heard of."""

    def __len__(self) -> int:
        """Return how many wait."""
        return len(self._items)

    def __iter__(self) -> Iterator[Delivery]:
        """Go through what waits, oldest first; it may be changed meanwhile."""
        return iter(tuple(self._items.values()))

    def holds(self, notice: Notice, channel: str) -> bool:
        """Tell whether something about the same alert waits for the same channel."""
        return (notice.alert_id, channel) in self._threads

    def add(self, item: Delivery, now_ms: int) -> list[Delivery]:
        """Hold a delivery back; return what became of it, and of those that it makes needless."""
        if item.state is not DeliveryState.HELD or not item.notice.is_held:
            told = replace(item.notice, is_held=True)
            item = replace(item, state=DeliveryState.HELD, notice=told)
        topic = (item.notice.subject, item.notice.alert_kind, item.channel)
        needless: list[Delivery] = []
        is_unheard = False
        if item.notice.kind in ENDS:
            needless += self._of_thread(item)
            is_unheard = any(_is_sure_beginning(other) for other in needless)
        if (is_unheard or _is_sure_beginning(item)) and topic in self._unheard:
            needless.append(self._items[self._unheard[topic]])
        if needless and item.notice.kind in ENDS:
            # It waits as what it stands for, whatever has become of the check's severity.
            severity = max(each.notice.severity for each in (item, *needless))
            item = replace(item, notice=replace(item.notice, severity=severity))
        for other in needless:
            self.remove(other)
        self._items[item.key] = item
        self._threads.setdefault(_thread(item), {})[item.key] = None
        if is_unheard:
            self._unheard[topic] = item.key
        return [*(dropped(other, _WHY, now_ms) for other in needless), item]

    def add_older(self, items: Iterable[Delivery], now_ms: int) -> list[Delivery]:
        """Hold back what was decided before all that waits; return what became of which."""
        threads: dict[_Thread, list[Delivery]] = {}
        for item in items:
            threads.setdefault(_thread(item), []).append(item)
        after: dict[_Key, Delivery] = {}
        for older in threads.values():
            newer = self._of_thread(older[0])
            for item in newer:
                self.remove(item)
            for item in (*older, *newer):
                after |= {each.key: each for each in self.add(item, now_ms)}
        return list(after.values())

    def remove(self, item: Delivery) -> None:
        """Hold a delivery back no more."""
        del self._items[item.key]
        thread = self._threads[_thread(item)]
        del thread[item.key]
        if not thread:
            del self._threads[_thread(item)]
        topic = (item.notice.subject, item.notice.alert_kind, item.channel)
        if self._unheard.get(topic) == item.key:
            del self._unheard[topic]

    def _of_thread(self, item: Delivery) -> list[Delivery]:
        """Return what waits about the same alert for the same channel."""
        return [self._items[key] for key in self._threads.get(_thread(item), ())]


def dropped(item: Delivery, why: str, now_ms: int) -> Delivery:
    """Return a delivery that nobody needs any more; why its channel failed is kept."""
    return replace(item, state=DeliveryState.DROPPED, error=item.error or why, done_ms=now_ms)


def _thread(item: Delivery) -> _Thread:
    """Return what all deliveries about one alert to one channel have in common."""
    return item.notice.alert_id, item.channel


def is_beginning(notice: Notice) -> bool:
    """Tell whether nobody hears anything of an alert before this notice."""
    if notice.kind is NoticeKind.DEADLINE_MISS:
        # It can also be told later, of what is down already: the id ends with the beginning.
        return notice.alert_id.endswith(f":{notice.at_ms}")
    return notice.kind in _BEGINNINGS


def _is_sure_beginning(item: Delivery) -> bool:
    """Tell whether its channel has certainly heard nothing of the alert but for this delivery."""
    # One that was tried may have arrived although the channel did not say so.
    return item.attempts == 0 and is_beginning(item.notice)
