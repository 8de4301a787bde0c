"""What waits to be written is bounded."""

from __future__ import annotations

from opsmonitor.models.check import RunResult, Status
from opsmonitor.store.pending import Item, Pending, is_change
from tests.daemon.store.scripted import ScriptedCheck


def plain(count: int, start: int = 1) -> list[Item]:
    """Return runs without a change."""
    check = ScriptedCheck(status=Status.UP, has_interval=True)
    return [check.run(at_ms) for at_ms in range(start, start + count)]


def changes(count: int) -> list[Item]:
    """Return runs that each change something."""
    check = ScriptedCheck()
    statuses = (Status.UP, Status.DOWN)
    return [check.run(at_ms, statuses[at_ms % 2]) for at_ms in range(count)]


def times(items: list[Item]) -> list[int]:
    """Return when the runs among items started."""
    return [item.started_ms for item in items if isinstance(item, RunResult)]


def test_items_come_out_as_they_went_in() -> None:
    """Order is kept, also of what is put back."""
    pending = Pending()
    items = [*changes(2), *plain(3, start=10)]
    pending.extend(items[:3])
    taken = pending.take()
    pending.extend(items[3:])

    pending.put_back(taken)

    assert len(pending) == 5
    assert pending.take() == items
    assert len(pending) == 0


def test_changes_are_urgent() -> None:
    """Whether a change is among the items is told; plain runs may wait."""
    pending = Pending()

    assert not pending.extend(plain(3))
    assert pending.extend([*plain(1), *changes(1)])


def test_oldest_plain_runs_are_given_up_first() -> None:
    """Beyond the bound the oldest plain runs go, several at once, and are counted."""
    pending = Pending(most_plain=8, most_changes=8)
    pending.extend(changes(4))
    pending.extend(plain(9, start=100))

    kept = pending.take()

    assert [item for item in kept if is_change(item)] == changes(4)
    assert times(kept)[4:] == list(range(103, 109))
    assert pending.dropped == 3


def test_changes_are_bounded_too() -> None:
    """Even changes do not grow without end."""
    pending = Pending(most_plain=8, most_changes=8)
    for item in changes(1000):
        pending.extend([item])

    assert len(pending) <= 8
    assert times(pending.take())[-1] == 999
