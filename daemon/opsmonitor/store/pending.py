"""What waits to be written, in order, without ever growing beyond bounds."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from opsmonitor.models.check import Change, RunResult
from opsmonitor.models.reading import ReadingChange

if TYPE_CHECKING:
    from collections.abc import Iterable

_MOST_PLAIN: Final = 20_000
_MOST_CHANGES: Final = 20_000


@dataclass(frozen=True, slots=True)
class Unwatched:
    """A stretch of time in which nobody looked."""

    from_ms: int
    to_ms: int


@dataclass(frozen=True, slots=True)
class Removed:
    """Checks that left the configuration."""

    check_ids: tuple[str, ...]
    at_ms: int


@dataclass(frozen=True, slots=True)
class Unpolled:
    """Things that are polled no more."""

    names: tuple[str, ...]
    at_ms: int


Item: TypeAlias = RunResult | Change | Unwatched | Removed | ReadingChange | Unpolled


def is_change(item: Item) -> bool:
    """Tell whether an item must be written at once, and is the last to be given up."""
    if isinstance(item, RunResult):
        return not item.is_plain and (item.transition is not None or item.interval is not None)
    if isinstance(item, ReadingChange):
        return bool(item.events)
    return True


class Pending:
    """A queue that gives up its oldest plain results when there are too many, changes last."""

    def __init__(self, most_plain: int = _MOST_PLAIN, most_changes: int = _MOST_CHANGES) -> None:
        """Start empty."""
        self._items: deque[Item] = deque()
        self._most = {False: most_plain, True: most_changes}
        self._counts = {False: 0, True: 0}
        self.dropped = 0
        """How many items were given up."""

    def __len__(self) -> int:
        """Return how many items wait."""
        return len(self._items)

    def extend(self, items: Iterable[Item]) -> bool:
        """Add items; tell whether any of them is a change."""
        fresh = list(items)
        self._items += fresh
        changes = 0
        for item in fresh:
            if not isinstance(item, RunResult) or not item.is_plain:
                changes += is_change(item)
        self._counts[True] += changes
        self._counts[False] += len(fresh) - changes
        self._bound()
        return changes > 0

    def take(self) -> list[Item]:
        """Remove all items and return them, oldest first."""
        items = list(self._items)
        self._items.clear()
        self._counts = {False: 0, True: 0}
        return items

    def put_back(self, items: list[Item]) -> None:
        """Put items before all others: they could not be written."""
        self._items.extendleft(reversed(items))
        for item in items:
            self._counts[is_change(item)] += 1
        self._bound()

    def _bound(self) -> None:
        """Give up the oldest items of a kind beyond its bound, many at once so that it is rare."""
        for kind, most in self._most.items():
            surplus = self._counts[kind] - most
            if surplus > 0:
                self._give_up(kind, surplus + most // 4)

    def _give_up(self, kind: bool, surplus: int) -> None:  # noqa: FBT001 - the key of a count
        """Give up this many of the oldest items of a kind."""
        kept: deque[Item] = deque()
        left = surplus
        for item in self._items:
            if left and is_change(item) is kind:
                left -= 1
            else:
                kept.append(item)
        self._items = kept
        self._counts[kind] -= surplus - left
        self.dropped += surplus - left
