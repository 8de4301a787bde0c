"""Read maintenance windows, from the section `maintenance` or from a request."""

from __future__ import annotations

from collections.abc import Collection, Mapping as AnyMapping
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

from cronsim import CronSim, CronSimError
import voluptuous as vol

from opsmonitor.config import validators as cv
from opsmonitor.config.nodes import Mapping, Node, Scalar, Sequence, texts
from opsmonitor.config.problems import Problems, did_you_mean
from opsmonitor.config.validation import Validator, describe
from opsmonitor.models.maintenance import Window
from opsmonitor.util.daytime import parse_days, parse_span

SECTION: Final = "maintenance"
_WEEK_S: Final = 7 * 86400
_LAST: Final = "last"
_LONGEST_MONTH: Final = 31
_TARGETS: Final = ("checks", "tags", "sites", "all")


def moment(value: Any) -> datetime:
    """Accept a date with a time, in the configured zone unless it says another."""
    try:
        return datetime.fromisoformat(cv.text(value))
    except ValueError as err:
        raise vol.Invalid("expected a date and a time, such as 2026-12-24 18:00") from err


def span(value: Any) -> tuple[int, int]:
    """Accept two times of day, as minutes after midnight."""
    try:
        start, end = parse_span(cv.text(value))
    except ValueError as err:
        raise vol.Invalid('expected two times of day, such as "22:00-04:00"') from err
    return start.hour * 60 + start.minute, end.hour * 60 + end.minute


def weekdays(value: Any) -> tuple[int, ...]:
    """Accept days of the week."""
    words = cv.list_of(cv.text)(value if isinstance(value, list | tuple) else [value])
    try:
        return tuple(sorted(parse_days(words)))
    except ValueError as err:
        raise vol.Invalid("expected days such as mon, or [sat, sun], or mon-fri") from err


def month_days(value: Any) -> tuple[int, ...]:
    """Accept days of the month."""
    found = []
    for item in value if isinstance(value, list | tuple) else [value]:
        if item == _LAST:
            found.append(-1)
        elif isinstance(item, int) and not isinstance(item, bool) and 1 <= item <= _LONGEST_MONTH:
            found.append(item)
        else:
            raise vol.Invalid("expected days of the month from 1 to 31, or last")
    return tuple(found)


def cron(value: Any) -> str:
    """Accept a cron expression of five fields."""
    text = cv.text(value)
    try:
        next(CronSim(text, datetime(2026, 1, 1, tzinfo=UTC)))
    except (CronSimError, StopIteration) as err:
        raise vol.Invalid('expected a cron expression such as "0 3 * * sun"') from err
    return text


def lasting(value: Any) -> int:
    """Accept how long a window lasts: a minute to a week."""
    seconds = cv.duration_s(at_least=1)(value)
    if not 60 <= seconds <= _WEEK_S:  # noqa: PLR2004 - seconds in a minute
        raise vol.Invalid("expected a duration from 1m to 7d, such as 90m")
    return seconds


WINDOW: Final = vol.Schema(
    {
        vol.Optional("id"): cv.check_id,
        vol.Optional("reason"): cv.text,
        vol.Optional("checks"): cv.list_of(cv.text),
        vol.Optional("tags"): cv.list_of(cv.text),
        vol.Optional("sites"): cv.list_of(cv.text),
        vol.Optional("all"): cv.boolean,
        vol.Optional("from"): moment,
        vol.Optional("to"): moment,
        vol.Optional("between"): span,
        vol.Optional("days"): weekdays,
        vol.Optional("month_days"): month_days,
        vol.Optional("cron"): cron,
        vol.Optional("duration"): lasting,
    }
)


def make_window(values: AnyMapping[str, Any], window_id: str, zone: tzinfo) -> Window:
    """Return the window that validated keys describe.

    Raises:
        vol.Invalid: They do not say of what, or not when, or that twice.

    """
    if not (values.get("all") or any(values.get(key) for key in ("checks", "tags", "sites"))):
        raise vol.Invalid("say for what: `checks`, `tags`, `sites` or `all: true`")
    ways = [key for key in ("from", "between", "cron") if key in values]
    if len(ways) != 1:
        raise vol.Invalid("say when, in one way: `from` and `to`, `between`, or `cron`")
    _judge_partners(values, ways[0])
    start, end = values.get("between", (None, None))
    from_ms, to_ms = _epoch_ms(values.get("from"), zone), _epoch_ms(values.get("to"), zone)
    if from_ms is not None and to_ms is None:
        to_ms = from_ms + values["duration"] * 1000
    if from_ms is not None and to_ms is not None and to_ms <= from_ms:
        raise vol.Invalid("`to` must be later than `from`", ["to"])
    return Window(
        id=window_id,
        reason=values.get("reason"),
        checks=values.get("checks", ()),
        tags=values.get("tags", ()),
        sites=values.get("sites", ()),
        everything=values.get("all", False),
        from_ms=from_ms,
        to_ms=to_ms,
        start=start,
        end=end,
        weekdays=values.get("days", ()),
        days=values.get("month_days", ()),
        cron=values.get("cron"),
        duration_s=values.get("duration") if ways[0] == "cron" else None,
    )


def change_window(window: Window, values: AnyMapping[str, Any], zone: tzinfo) -> Window:
    """Return a window that is open once, with some of its keys otherwise.

    What it holds for is one thing: whoever names a check leaves out what was named before.

    Raises:
        vol.Invalid: The keys make no sense, alone or with those that stay.

    """
    kept: dict[str, Any] = {"from": _moment(window.from_ms)}
    if "duration" not in values:
        kept["to"] = _moment(window.to_ms)
    if window.reason is not None:
        kept["reason"] = window.reason
    if not any(key in values for key in _TARGETS):
        of = (window.checks, window.tags, window.sites, window.everything)
        kept |= dict(zip(_TARGETS, of, strict=True))
    return make_window({**kept, **values}, window.id, zone)


def _moment(at_ms: int | None) -> datetime:
    """Return a time of a window that is open once."""
    return datetime.fromtimestamp((at_ms or 0) / 1000, UTC)


def _judge_partners(values: AnyMapping[str, Any], way: str) -> None:
    """Tell which keys are missing beside one, or have no meaning there.

    Raises:
        vol.Invalid: There are such keys.

    """
    partners = {"from": {"to", "duration"}, "between": {"days", "month_days"}, "cron": {"duration"}}
    every = {"to", "duration", "days", "month_days"}
    for key in sorted(every - partners[way]):
        if key in values:
            raise vol.Invalid(f"`{key}` has no meaning beside `{way}`: remove it", [key])
    if way == "from" and ("to" in values) == ("duration" in values):
        raise vol.Invalid("`from` needs either `to` or `duration`")
    if way == "cron" and "duration" not in values:
        raise vol.Invalid("`cron` needs a `duration`, such as 2h")


def _epoch_ms(value: datetime | None, zone: tzinfo) -> int | None:
    """Return a time in epoch milliseconds; without a zone of its own it is in the given one."""
    if value is None:
        return None
    aware = value if value.tzinfo is not None else value.replace(tzinfo=zone)
    return round(aware.timestamp() * 1000)


class MaintenanceReader:
    """Read the windows of one configuration."""

    def __init__(self, validator: Validator, problems: Problems) -> None:
        """Take who judges, and where mistakes are noted."""
        self._validator = validator
        self._problems = problems

    def read(self, node: Node | None, zone: tzinfo, known: Collection[str]) -> tuple[Window, ...]:
        """Return the windows; `known` are the ids of the checks."""
        if node is None or (isinstance(node, Scalar) and node.value is None):
            return ()
        if not isinstance(node, Sequence):
            message = f"expected a list of windows, each beginning with `-`, got {describe(node)}"
            self._problems.add(node.mark, message, SECTION)
            return ()
        windows: list[Window] = []
        taken: set[str] = set()
        for position, item in enumerate(node.items):
            if not isinstance(item, Mapping):
                message = f"expected a window with keys such as `between`, got {describe(item)}"
                self._problems.add(item.mark, message, item.path)
                continue
            otherwise = f"window-{position + 1}"
            self._judge_id(item, otherwise, taken)
            self._judge_checks(item, known)
            window = self._window(item, otherwise, zone)
            if window is not None:
                windows.append(window)
        return tuple(windows)

    def _judge_id(self, node: Mapping, otherwise: str, taken: set[str]) -> None:
        """Note an id that two windows have, be they valid or not."""
        window_id = next(iter(texts(node, "id")), otherwise)
        if window_id in taken:
            message = f"the id `{window_id}` is already used: choose another"
            self._problems.add(node.mark, message, node.path)
        taken.add(window_id)

    def _judge_checks(self, node: Mapping, known: Collection[str]) -> None:
        """Note checks that do not exist."""
        for check_id in texts(node, "checks"):
            if check_id not in known:
                hint = did_you_mean(check_id, known)
                place = node.entries["checks"]
                self._problems.add(place.mark, f"there is no check `{check_id}`{hint}", place.path)

    def _window(self, node: Mapping, otherwise: str, zone: tzinfo) -> Window | None:
        """Return one window, or note what is wrong with it."""
        values = self._validator.validate(WINDOW, node)
        if values is None:
            return None
        try:
            return make_window(values, values.get("id", otherwise), zone)
        except vol.Invalid as err:
            blamed = node.entries.get(str(err.path[0])) if err.path else None
            place = blamed or node
            self._problems.add(place.mark, err.error_message, place.path)
            return None
