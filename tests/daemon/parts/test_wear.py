"""When drives wear out, as far as their history tells."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given, strategies as st
import pytest

from opsmonitor.models.drive import Drive
from opsmonitor.parts.wear import (
    WearPoint,
    add_point,
    forecast,
    points_from_json,
    points_to_json,
)
from tests.daemon.odd import ODD

_TODAY = date(2026, 6, 1)


def drive(wear: float | None, *, hours: int | None = None) -> Drive:
    """Return a drive so worn."""
    return Drive(name="nvme0", device="/dev/nvme0", wear_percent=wear, power_on_h=hours)


def history(*wears: float, step_days: int = 30) -> tuple[WearPoint, ...]:
    """Return a history that ends today."""
    points: tuple[WearPoint, ...] = ()
    for n, wear in enumerate(wears):
        day = _TODAY - timedelta(days=step_days * (len(wears) - 1 - n))
        points = add_point(points, day, wear)
    return points


def test_only_changes_are_kept() -> None:
    """Years of daily looks become a point for each per cent."""
    points = history(*([3.0] * 50 + [4.0] * 50), step_days=1)

    assert [(each.day, each.wear_percent) for each in points] == [
        (_TODAY - timedelta(days=99), 3),
        (_TODAY - timedelta(days=49), 4),
    ]


def test_another_drive_begins_anew() -> None:
    """Wear does not heal; a clock that goes back makes no history either."""
    assert len(add_point(history(50, 51), _TODAY, 1)) == 1
    assert len(add_point(history(50, 51), _TODAY - timedelta(days=9), 52)) == 1


@pytest.mark.parametrize(
    ("points", "now", "days", "basis"),
    [
        (history(7, 8, 9, 10), drive(10), 2700, "history"),
        # The first point says since when it was watched, not when it became so worn.
        (history(7, 8), drive(8, hours=24 * 800), 9200, "lifetime"),
        (history(50, 51, 52, step_days=5), drive(52), None, None),
        ((), drive(50, hours=24 * 365), 365, "lifetime"),
        ((), drive(0, hours=24 * 365), None, None),
        ((), drive(1, hours=24 * 3), None, None),
        ((), drive(1, hours=24 * 3650), None, None),
        ((), drive(None), None, None),
        ((), drive(100), 0, "history"),
        ((), drive(250), 0, "history"),
    ],
)
def test_the_forecast(
    points: tuple[WearPoint, ...], now: Drive, days: int | None, basis: str | None
) -> None:
    """From history if it is long enough, else from the hours of use, else none."""
    found = forecast(points, now, _TODAY)

    assert (None if found is None else found.days) == days
    assert (None if found is None else found.basis) == basis
    assert found is None or found.on == _TODAY + timedelta(days=found.days)


def test_the_time_since_the_latest_change_counts() -> None:
    """A hundred days later the end is a hundred days nearer."""
    later = _TODAY + timedelta(days=100)

    found = forecast(history(7, 8, 9, 10), drive(10), later)

    assert found is not None
    assert found.days == 2600


def test_a_history_survives_as_json() -> None:
    """What the API shows is enough to go on from."""
    points = history(7, 8, 9)

    assert points_from_json(points_to_json(points)) == points


_DATES = st.one_of(st.dates().map(date.isoformat), ODD)


@given(st.one_of(ODD, st.lists(st.fixed_dictionaries({"date": _DATES, "wear_percent": ODD}))))
def test_no_stored_history_raises(found: object) -> None:
    """What another version wrote is taken as far as it makes sense, and in order."""
    points = points_from_json(found)

    assert [each.day for each in points] == sorted(each.day for each in points)


@given(
    st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), max_size=30),
    st.integers(0, 255),
    st.integers(0, 200_000),
)
def test_no_history_gives_a_senseless_forecast(
    looks: list[tuple[int, int]], wear: int, hours: int
) -> None:
    """Never in the past, never beyond a century."""
    points: tuple[WearPoint, ...] = ()
    for days_ago, seen in sorted(looks, reverse=True):
        points = add_point(points, _TODAY - timedelta(days=days_ago), seen)

    found = forecast(points, drive(wear, hours=hours), _TODAY)

    assert found is None or 0 <= found.days <= 36_500
