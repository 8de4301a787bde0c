"""The state of the whole."""

from __future__ import annotations

import pytest

from opsmonitor.engine.summary import Overall, proxmox_weight, summarise
from opsmonitor.models.check import CheckState, Status
from opsmonitor.models.reading import ReadingStatus


def states(**statuses: Status) -> list[CheckState]:
    """Return states by id."""
    good = {Status.UP: True, Status.DEGRADED: True, Status.DOWN: False}
    return [
        CheckState(id=check_id, type="tcp", status=status, ok=good.get(status))
        for check_id, status in statuses.items()
    ]


@pytest.mark.parametrize(
    ("world", "core", "overall"),
    [
        ({}, set(), Overall.OK),
        ({"a": Status.UP, "b": Status.PENDING}, {"a"}, Overall.OK),
        ({"a": Status.UP, "b": Status.DEGRADED}, {"b"}, Overall.WARN),
        ({"a": Status.UP, "b": Status.DOWN}, {"a"}, Overall.WARN),
        ({"a": Status.DOWN, "b": Status.UP}, {"a"}, Overall.CRIT),
    ],
)
def test_overall(world: dict[str, Status], core: set[str], overall: Overall) -> None:
    """A core check down is crit; any other trouble is warn."""
    assert summarise(states(**world), core).overall is overall


def test_unreachable_and_paused_are_not_down() -> None:
    """Only what fails by itself is down; a core check that nobody can reach is still crit."""
    behind = CheckState(
        id="nas", type="tcp", status=Status.UNREACHABLE, covered=Status.DOWN, ok=False
    )
    paused = CheckState(id="job", type="tcp", status=Status.PAUSED, covered=Status.DOWN, ok=False)

    summary = summarise([behind, paused, *states(router=Status.DOWN)], {"nas"})

    assert (summary.total, summary.down_ids, summary.unreachable) == (3, ("router",), 1)
    assert (summary.paused, summary.up, summary.unknown) == (1, 0, 0)
    assert summary.overall is Overall.CRIT
    assert summarise([paused], {"job"}).overall is Overall.OK


def test_counts() -> None:
    """Degraded counts as up, pending as unknown; every check is counted once."""
    summary = summarise(
        states(a=Status.UP, b=Status.DEGRADED, c=Status.DOWN, d=Status.PENDING), {"c"}
    )

    assert (summary.total, summary.up, summary.down, summary.unknown) == (4, 2, 1, 1)
    assert (summary.degraded, summary.down_ids, summary.core_down_ids) == (1, ("c",), ("c",))


@pytest.mark.parametrize(
    ("check", "proxmox", "is_core", "overall"),
    [
        (Status.UP, ReadingStatus.OK, True, Overall.OK),
        (Status.UP, ReadingStatus.UNKNOWN, True, Overall.OK),
        (Status.UP, None, True, Overall.OK),
        (Status.UP, ReadingStatus.WARN, True, Overall.WARN),
        (Status.UP, ReadingStatus.CRIT, False, Overall.WARN),
        (Status.UP, ReadingStatus.CRIT, True, Overall.CRIT),
        (Status.DEGRADED, ReadingStatus.OK, True, Overall.WARN),
        (Status.DOWN, ReadingStatus.OK, False, Overall.CRIT),
    ],
)
def test_proxmox_has_a_say(
    check: Status,
    proxmox: ReadingStatus | None,
    is_core: bool,  # noqa: FBT001
    overall: Overall,
) -> None:
    """Trouble there is at least `warn`; it never hides that of a check."""
    beside = proxmox_weight(proxmox, is_core=is_core)

    assert summarise(states(a=check), {"a"}, beside=beside).overall is overall
