"""Maintenance windows, as the API tells and takes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Self

import voluptuous as vol

from opsmonitor.api.encode import KEY
from opsmonitor.api.schemas.notes import Doc, Timestamp
from opsmonitor.api.schemas.validation import RequestSchema
from opsmonitor.config import maintenance as keys, validators as cv
from opsmonitor.engine.occurrences import Occurrence
from opsmonitor.models.maintenance import Window
from opsmonitor.util.clock import iso_utc
from opsmonitor.util.daytime import DAYS
from opsmonitor.util.duration import duration_text


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintenanceBody:
    """A maintenance window."""

    id: str
    source: Annotated[str, Doc("`file` (checks.yml, changed only there) or `api`")]
    reason: str | None
    checks: tuple[str, ...]
    tags: tuple[str, ...]
    sites: tuple[str, ...]
    everything: Annotated[bool, Doc("Whether it holds for every check")] = field(
        metadata={KEY: "all"}
    )
    schedule: Annotated[str, Doc("When it is open, for people")]
    is_open: bool
    start: Annotated[Timestamp | None, Doc("When it was opened, or will be; null: never again")]
    end: Timestamp | None

    @classmethod
    def of(
        cls, window: Window, when: Occurrence | None, now_ms: int, *, is_configured: bool
    ) -> Self:
        """Tell of a window."""
        return cls(
            id=window.id,
            source="file" if is_configured else "api",
            reason=window.reason,
            checks=window.checks,
            tags=window.tags,
            sites=window.sites,
            everything=window.everything,
            schedule=schedule_text(window),
            is_open=when is not None and when.start_ms <= now_ms,
            start=None if when is None else iso_utc(when.start_ms),
            end=None if when is None else iso_utc(when.end_ms),
        )


def schedule_text(window: Window) -> str:
    """Return when a window is open, in words."""
    if window.cron is not None:
        return f"cron {window.cron}, for {duration_text(window.duration_s or 0)}"
    if window.start is None or window.end is None:
        return "once"
    days = ", ".join(DAYS[day] for day in window.weekdays)
    dates = ", ".join("last" if day < 0 else str(day) for day in window.days)
    if days and dates:
        days = f"{days} that are day {dates} of the month"
    elif dates:
        days = f"day {dates} of the month"
    return f"{days or 'daily'} {_time(window.start)}-{_time(window.end)}"


def _time(minutes: int) -> str:
    """Return a time of day."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


class _Described:
    """A validator that says what it takes."""

    def __init__(self, validator: Callable[[Any], Any], openapi: dict[str, Any]) -> None:
        """Take both."""
        self._validator = validator
        self.openapi = openapi

    def __call__(self, value: object) -> Any:
        """Return the validated value.

        Raises:
            vol.Invalid: It is none.

        """
        return self._validator(value)


_WORDS: Final = _Described(cv.list_of(cv.text), {"type": "array", "items": {"type": "string"}})


def _text(validator: Callable[[Any], Any], example: str) -> _Described:
    """Return a validator of text."""
    return _Described(validator, {"type": "string", "examples": [example]})


_OF_WHAT: Final[dict[Any, Any]] = {
    vol.Optional("reason", description="Why, for people"): vol.All(str, vol.Length(min=1, max=200)),
    vol.Optional("checks", description="The ids of the checks that it holds for"): _WORDS,
    vol.Optional("tags", description="And those with any of these tags"): _WORDS,
    vol.Optional("sites", description="And those of any of these sites"): _WORDS,
    vol.Optional("all", description="And every check"): _Described(cv.boolean, {"type": "boolean"}),
}
_ONCE: Final[dict[Any, Any]] = {
    vol.Optional("from", description="Once: from this time on"): _text(
        keys.moment, "2026-12-27T10:00:00Z"
    ),
    vol.Optional("to", description="Up to this time"): _text(keys.moment, "2026-12-27T14:00:00Z"),
}
MAINTENANCE: Final = RequestSchema(
    keys={
        vol.Optional("id", description="Unique; made up if it is left out"): _text(
            cv.check_id, "new-disks"
        ),
        **_OF_WHAT,
        **_ONCE,
        vol.Optional("between", description="Every day between two times"): _text(
            keys.span, "22:30-04:00"
        ),
        vol.Optional("days", description="With `between`: on these days of the week"): _Described(
            keys.weekdays, {"type": "array", "items": {"type": "string", "examples": ["sat"]}}
        ),
        vol.Optional("month_days", description="With `between`: on these days"): _Described(
            keys.month_days, {"type": "array", "items": {"type": ["integer", "string"]}}
        ),
        vol.Optional("cron", description="Whenever cron says"): _text(keys.cron, "0 3 * * sun"),
        vol.Optional(
            "duration", description="How long: with `cron`, or with `from` in place of `to`"
        ): _text(keys.lasting, "2h"),
    },
    make=dict[str, Any],
)
MAINTENANCE_CHANGE: Final = RequestSchema(
    keys={
        **_OF_WHAT,
        **_ONCE,
        vol.Optional("duration", description="How long, in place of `to`"): _text(
            keys.lasting, "2h"
        ),
    },
    make=dict[str, Any],
)
