"""Foresee when a drive is worn out, from how its wear has grown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from opsmonitor.models.drive import Drive
from opsmonitor.util.lenient import mapping, number, text

_DAY_H: Final = 24
_FULL: Final = 100.0
_MIN_DAYS: Final = 14
"""A shorter time says too little."""
_MAX_DAYS: Final = 36_500
"""Whatever lasts for more than a century does not wear out."""
_MAX_POINTS: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class WearPoint:
    """A day on which a drive's wear was first seen to be so high."""

    day: date
    wear_percent: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WearForecast:
    """When a drive will be worn out, if it goes on as it has."""

    days: int
    """From today on; 0: it is worn out."""
    on: date
    percent_per_year: float
    basis: str
    """history: from how the wear grew while it was watched; lifetime: from its hours of use."""


def add_point(points: Sequence[WearPoint], today: date, wear: float) -> tuple[WearPoint, ...]:
    """Return the history with today's wear; only changes are kept, so that years fit.

    A wear that falls is another drive, or one that was reset: its history begins anew.
    """
    if points and (wear < points[-1].wear_percent or today < points[-1].day):
        points = ()
    if points and wear == points[-1].wear_percent:
        return tuple(points)
    return (*points, WearPoint(day=today, wear_percent=wear))[-_MAX_POINTS:]


def forecast(points: Sequence[WearPoint], drive: Drive, today: date) -> WearForecast | None:
    """Return when a drive will be worn out, None if nothing can be said yet."""
    wear = drive.wear_percent
    if wear is None:
        return None
    if wear >= _FULL:
        return WearForecast(days=0, on=today, percent_per_year=0.0, basis="history")
    # When the wear of the first point began is not known: it counts from the first change on.
    changes = points[1:]
    if len(changes) > 1 and (changes[-1].day - changes[0].day).days >= _MIN_DAYS:
        grown = changes[-1].wear_percent - changes[0].wear_percent
        per_day = grown / (changes[-1].day - changes[0].day).days
        return _ends(changes[-1].day, wear, per_day, today, "history")
    hours = drive.power_on_h or 0
    if wear > 0 and hours >= _MIN_DAYS * _DAY_H:
        return _ends(today, wear, wear * _DAY_H / hours, today, "lifetime")
    return None


def _ends(since: date, wear: float, per_day: float, today: date, basis: str) -> WearForecast | None:
    """Return when the rest of the life is used up, None if that is in another century."""
    if per_day <= 0 or (left := (_FULL - wear) / per_day) > _MAX_DAYS:
        return None
    days = max(1, round(left) - (today - since).days)
    return WearForecast(
        days=days,
        on=today + timedelta(days=days),
        percent_per_year=round(per_day * 365, 2),
        basis=basis,
    )


def points_to_json(points: Iterable[WearPoint]) -> list[dict[str, object]]:
    """Return a history as the API shows it."""
    return [{"date": each.day.isoformat(), "wear_percent": each.wear_percent} for each in points]


def points_from_json(found: Any) -> tuple[WearPoint, ...]:
    """Return the history that an earlier reading holds; whatever is not one is left out."""
    points: list[WearPoint] = []
    for each in found if isinstance(found, list) else []:
        wear = number(mapping(each).get("wear_percent"), at_most=255)
        try:
            day = date.fromisoformat(text(mapping(each).get("date")) or "")
        except ValueError:
            continue
        if wear is not None and (not points or day >= points[-1].day):
            points.append(WearPoint(day=day, wear_percent=wear))
    return tuple(points[-_MAX_POINTS:])
