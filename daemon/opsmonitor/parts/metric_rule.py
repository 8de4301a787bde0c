"""What a measured value must not be, and for how long it may be so all the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
import math
import operator
import re
from typing import Any, Final, NamedTuple

import voluptuous as vol

from opsmonitor.config import validators as cv
from opsmonitor.models.check import Verdict
from opsmonitor.models.reading import Measured, Scalar
from opsmonitor.parts.json_predicate import LARGEST, same
from opsmonitor.util.duration import duration_text

_LONGEST_NAME: Final = 200
_NAME: Final = re.compile(rf"[^\s\x00-\x1f]{{1,{_LONGEST_NAME}}}")
_SENTENCE: Final = re.compile(
    r"(?P<name>\S+)(?:\s+(?!for\s)(?P<operator>\w+)\s+(?P<limit>.+?))?(?:\s+for\s+(?P<duration>\S+))?"
)
_COMPARISONS: Final[dict[str, Callable[[float, float], bool]]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}
_BAD_AND_GOOD: Final = {
    "gt": ("above {}", "at most {}"),
    "gte": ("{} or above", "below {}"),
    "lt": ("below {}", "at least {}"),
    "lte": ("{} or below", "above {}"),
    "equals": ("{}", "not {}"),
    "not_equals": ("not {}", "{}"),
}
"""How it is said that a condition holds, and that it does not."""
_WORDS: Final = {"true": True, "false": False}

number: Final = cv.number(at_least=-LARGEST, at_most=LARGEST)
hold_s: Final = cv.duration_s(at_least=1)


class NotANumberError(ValueError):
    """A value that is no number is compared with one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One thing that a value must not be."""

    operator: str
    """`gt`, `gte`, `lt`, `lte`, `equals` or `not_equals`."""
    limit: Scalar
    verdict: Verdict = Verdict.FAIL
    """What it means when the condition holds for long enough."""

    def holds(self, value: Scalar) -> bool:
        """Tell whether a value is what it must not be.

        Raises:
            NotANumberError: It cannot be compared; true and text that looks like a number are none.

        """
        if self.operator == "equals":
            return same(value, self.limit)
        if self.operator == "not_equals":
            return not same(value, self.limit)
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not math.isfinite(value)
        ):
            raise NotANumberError
        assert isinstance(self.limit, int | float)  # noqa: S101 - the validators see to it
        return _COMPARISONS[self.operator](value, self.limit)

    def __str__(self) -> str:
        """Return what it means that the condition holds: `above 90`, `not "running"`."""
        return _BAD_AND_GOOD[self.operator][0].format(shown(self.limit))

    @property
    def opposite(self) -> str:
        """Return what it means that the condition does not hold: `at most 90`."""
        return _BAD_AND_GOOD[self.operator][1].format(shown(self.limit))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """A metric, with a condition if it was written in one line: `host.load_1m gt 4 for 5m`."""

    name: str
    condition: Condition | None = None
    for_s: int | None = None


class Held(NamedTuple):
    """A condition that holds."""

    condition: Condition
    since_ms: int
    is_confirmed: bool
    """It has held for as long as it takes."""


class Watch:
    """Remembers since when the conditions hold, as values come in."""

    def __init__(self, conditions: Sequence[Condition], *, for_s: float, gap_s: float) -> None:
        """Take how long a condition must hold, and how long nobody may have looked meanwhile."""
        self._conditions = conditions
        self._for_ms = round(for_s * 1000)
        self._gap_ms = round(gap_s * 1000)
        self._since: dict[Condition, int] = {}
        self._confirmed: set[Condition] = set()
        self._looked_ms: int | None = None

    def assume(self, verdict: Verdict) -> None:
        """Take over what was judged before a restart: it need not hold for long all over again."""
        wanted = {
            Verdict.FAIL: {Verdict.FAIL, Verdict.DEGRADED},
            Verdict.DEGRADED: {Verdict.DEGRADED},
        }
        levels = wanted.get(verdict, set())
        self._confirmed = {item for item in self._conditions if item.verdict in levels}

    def resume(self, since: Mapping[str, int], looked_ms: int) -> None:
        """Go on counting where another watch stopped: it told `starts`, and looked last then."""
        named = {str(condition): condition for condition in self._conditions}
        self._since = {named[name]: at_ms for name, at_ms in since.items() if name in named}
        self._looked_ms = looked_ms

    def starts(self) -> dict[str, int]:
        """Return since when each condition that holds has held, by its words."""
        return {str(condition): at_ms for condition, at_ms in self._since.items()}

    def forget(self) -> None:
        """Begin to count anew: nothing is known of the time in between."""
        self._since.clear()

    def look(self, measured: Measured, now_ms: int) -> list[Held]:
        """Take in a value, and return the conditions that hold, in their order.

        Raises:
            NotANumberError: It cannot be compared.

        """
        if self._looked_ms is None or not 0 <= now_ms - self._looked_ms <= self._gap_ms:
            self.forget()
        self._looked_ms = now_ms
        return [
            held
            for condition in self._conditions
            if (held := self._judge(condition, measured)) is not None
        ]

    def _judge(self, condition: Condition, measured: Measured) -> Held | None:
        """Return how long a condition has held; None: it does not."""
        if not condition.holds(measured.value):
            self._since.pop(condition, None)
            self._confirmed.discard(condition)
            return None
        since_ms = min(self._since.setdefault(condition, measured.at_ms), measured.at_ms)
        if measured.at_ms - since_ms >= self._for_ms:
            self._confirmed.add(condition)
        return Held(condition, since_ms, condition in self._confirmed)


def shown(value: Scalar) -> str:
    """Return a value for people."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"{value:.6g}"
    return "unknown" if value is None else f'"{value[:80]}"'


def held_text(held: Held, now_ms: int) -> str:
    """Say for how long a condition has held, if that is worth a word."""
    lasted_s = max(0, now_ms - held.since_ms) / 1000
    return f" for {duration_text(lasted_s)}" if lasted_s >= 1 else ""


def plain_value(value: Any) -> Scalar:
    """Accept a number, true, false or text."""
    if isinstance(value, bool | str):
        return value
    if isinstance(value, int | float):
        return number(value)
    raise vol.Invalid("expected a number, true, false or text")


def sentence(value: Any) -> Sentence:
    """Accept the name of a value, or a whole sentence such as `host.load_1m gt 4 for 5m`."""
    match = _SENTENCE.fullmatch(cv.text(value).strip())
    if match is None or not _NAME.fullmatch(match["name"]):
        raise vol.Invalid(
            "expected the name of a value, such as host.memory_percent, "
            'or a sentence such as "host.memory_percent gt 90 for 5m"'
        )
    condition = None
    if match["operator"] is not None:
        condition = _condition(match["operator"], match["limit"])
    for_s = None if match["duration"] is None else hold_s(match["duration"])
    return Sentence(name=match["name"], condition=condition, for_s=for_s)


def _condition(name: str, limit: str) -> Condition:
    """Return the condition of a sentence."""
    if name not in _BAD_AND_GOOD:
        known = ", ".join(_BAD_AND_GOOD)
        raise vol.Invalid(f"expected one of {known} behind the name, got {name}")
    if name not in _COMPARISONS:
        return Condition(operator=name, limit=_literal(limit))
    try:
        return Condition(operator=name, limit=number(float(limit)))
    except ValueError:
        raise vol.Invalid(f"expected a number behind {name}, got {limit}") from None


def _literal(text: str) -> Scalar:
    """Return what a word of a sentence stands for."""
    if text in _WORDS:
        return _WORDS[text]
    try:
        return number(float(text))
    except (ValueError, vol.Invalid):
        return text.strip("\"'")
