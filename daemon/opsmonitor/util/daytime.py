"""Times of day on certain days, as people read them from the clock on the wall."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
import re
from typing import Final

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN: Final = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")
_MIDNIGHT: Final = (24, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayWindow:
    """From one time of day to another, the end excluded; past midnight if the end comes first.

    It goes by the clock on the wall, so it is true on the days on which clocks are changed.
    """

    start: time = time()
    end: time = time()
    """The same as the start: the whole day."""
    days: frozenset[int] = frozenset(range(7))
    """The days on which it begins; 0 is Monday."""

    @property
    def is_endless(self) -> bool:
        """Tell whether every moment lies within."""
        return self.start == self.end and len(self.days) == len(DAYS)

    def holds(self, local: datetime) -> bool:
        """Tell whether a moment, in the zone that is meant, lies within."""
        now, today = local.time(), local.weekday()
        if self.start < self.end:
            return self.start <= now < self.end and today in self.days
        yesterday = (local.date() - timedelta(days=1)).weekday()
        return (now >= self.start and today in self.days) or (
            now < self.end and yesterday in self.days
        )


def parse_span(text: str) -> tuple[time, time]:
    """Read `22:00-07:00`.

    Raises:
        ValueError: It is written in another way.

    """
    match = _SPAN.fullmatch(text.strip())
    if match is None:
        raise ValueError(text)
    first, second, third, fourth = map(int, match.groups())
    end = (0, 0) if (third, fourth) == _MIDNIGHT else (third, fourth)
    return time(first, second), time(*end)


def parse_days(words: tuple[str, ...]) -> frozenset[int]:
    """Read `mon`, `monday` or `mon-fri`, whatever the case.

    Raises:
        ValueError: A word is no day.

    """
    found: set[int] = set()
    for word in words:
        first, dash, last = word.lower().partition("-")
        begin = _day(first)
        count = (_day(last) - begin) % 7 if dash else 0
        found |= {(begin + step) % 7 for step in range(count + 1)}
    return frozenset(found)


def _day(word: str) -> int:
    """Return the number of a day.

    Raises:
        ValueError: It is none.

    """
    word = word.strip()
    if len(word) < 3 or not any(  # noqa: PLR2004 - the shortest name
        name.startswith(word) for name in _FULL
    ):
        raise ValueError(word)
    return DAYS.index(word[:3])


_FULL: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
