"""Metric check: is a value that a probe measured within its limits?"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
import math
from typing import TYPE_CHECKING, Final

import voluptuous as vol

from opsmonitor.checks.base import CheckContext, CheckType, Probe
from opsmonitor.config import validators as cv
from opsmonitor.config.problems import did_you_mean
from opsmonitor.models.check import Assertion, Outcome, Status, Verdict
from opsmonitor.parts.metric_rule import (
    Condition,
    Held,
    NotANumberError,
    Sentence,
    Watch,
    held_text,
    hold_s,
    number,
    plain_value,
    sentence,
    shown,
)
from opsmonitor.parts.rules import Finding, Trouble, conclude
from opsmonitor.util.clock import iso_utc
from opsmonitor.util.duration import duration_text
from opsmonitor.util.lenient import mapping, text

if TYPE_CHECKING:
    from opsmonitor.models.reading import Measured, Scalar

_LOOK_AGAIN_S: Final = 0.1
_GAP_INTERVALS: Final = 3
"""So many intervals without a look, and nobody knows what was in between."""
_CODE: Final = "limit_exceeded"
_SINCE: Final = "holds_since"
_MOST_COMPARED: Final = 300
"""Comparing a name with this many others takes some milliseconds."""
_VERDICTS: Final = {Status.DOWN: Verdict.FAIL, Status.DEGRADED: Verdict.DEGRADED}


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricOptions:
    """Which value to look at, and what it must not be."""

    metric: Sentence
    gt: float | None = None
    gte: float | None = None
    lt: float | None = None
    lte: float | None = None
    equals: Scalar = None
    not_equals: Scalar = None
    warn: float | None = None
    crit: float | None = None
    direction: str = "above"
    for_: int = 0
    """In seconds: it must be so for that long before it counts."""

    def __post_init__(self) -> None:
        """Judge the keys together.

        Raises:
            ValueError: They do not make sense together.

        """
        if not self.conditions():
            raise ValueError(
                "a limit is missing: add one of gt, gte, lt, lte, equals, not_equals, warn and crit"
            )
        if self.metric.for_s and self.for_:
            raise ValueError("the sentence and `for` both say for how long: remove one")
        if self.warn is not None and self.crit is not None:
            is_ordered = self.warn <= self.crit if self._is_upper else self.warn >= self.crit
            if not is_ordered:
                raise ValueError(
                    "warn must come before crit: swap them, or "
                    f"write `direction: {'below' if self._is_upper else 'above'}`"
                )

    @property
    def _is_upper(self) -> bool:
        """Tell whether values above the limits are the bad ones."""
        return self.direction == "above"

    @property
    def hold_s(self) -> int:
        """Return for how long a condition must hold, in seconds."""
        return self.metric.for_s or self.for_

    def conditions(self) -> tuple[Condition, ...]:
        """Return what the value must not be, the worst first."""
        found = [] if self.metric.condition is None else [self.metric.condition]
        for name in ("gt", "gte", "lt", "lte", "equals", "not_equals"):
            limit = getattr(self, name)
            if limit is not None:
                found.append(Condition(operator=name, limit=limit))
        beyond = "gte" if self._is_upper else "lte"
        for limit, verdict in ((self.crit, Verdict.FAIL), (self.warn, Verdict.DEGRADED)):
            if limit is not None:
                found.append(Condition(operator=beyond, limit=limit, verdict=verdict))
        return tuple(found)


class _Judge:
    """Looks at one value after the other."""

    def __init__(self, options: MetricOptions, context: CheckContext) -> None:
        """Decide all that can be decided."""
        self._name = options.metric.name
        self._hold_s = options.hold_s
        self._conditions = options.conditions()
        self._context = context
        self._watch = Watch(
            self._conditions,
            for_s=options.hold_s,
            gap_s=_GAP_INTERVALS * context.interval_s + context.timeout_s,
        )
        self._is_first = True
        self._searched = -1
        self._found_hint = ""

    async def probe(self) -> Outcome:
        """Judge the latest value; wait a little for one that is about to come."""
        self._take_over()
        values = self._context.values
        measured = values.latest(self._name)
        waited_s = 0.0
        while (
            measured is None
            and values.is_awaited(self._name)
            and waited_s + _LOOK_AGAIN_S < self._context.timeout_s
        ):
            await asyncio.sleep(_LOOK_AGAIN_S)
            waited_s += _LOOK_AGAIN_S
            measured = values.latest(self._name)
        if measured is None or measured.value is None:
            self._watch.forget()
            return self._missing(measured)
        if measured.is_stale:
            self._watch.forget()
            return self._stale(measured)
        return self._judge(measured)

    def _judge(self, measured: Measured) -> Outcome:
        """Compare a value with every condition."""
        now_ms = self._context.clock.now_ms()
        try:
            held = {item.condition: item for item in self._watch.look(measured, now_ms)}
        except NotANumberError:
            message = f"{self._name} is {shown(measured.value)}, which is not a number"
            return self._conclude(
                measured, [self._finding(measured, message, "metric_not_a_number")]
            )
        return self._conclude(
            measured, [self._found(measured, item, held.get(item)) for item in self._conditions]
        )

    def _take_over(self) -> None:
        """At first, let stand what was judged before a restart or a change of configuration."""
        if not self._is_first:
            return
        self._is_first = False
        state = self._context.states(self._context.check_id)
        if state is None or state.outcome is None:
            return
        if state.outcome.error_code == _CODE:
            self._watch.assume(_VERDICTS.get(state.judged, Verdict.OK))
        if state.last_run_ms is not None and state.outcome.data.get("metric") == self._name:
            self._watch.resume(_moments(state.outcome.data.get(_SINCE)), state.last_run_ms)

    def _found(self, measured: Measured, condition: Condition, held: Held | None) -> Finding:
        """Return what one condition says of a value."""
        name = f"{self._name} {condition.opposite}"
        actual = shown(measured.value)
        if held is None:
            return Finding(Assertion(name=name, ok=True, actual=actual))
        lasted = held_text(held, self._context.clock.now_ms())
        if not held.is_confirmed:
            left = f", counts after {duration_text(self._hold_s)}"
            return Finding(Assertion(name=name, ok=True, actual=f"{actual}{lasted}{left}"))
        limit = "" if condition.operator == "equals" else f", {condition}"
        message = f"{self._name} is {actual}{limit}{lasted}"
        trouble = Trouble(condition.verdict, _CODE, message)
        return Finding(Assertion(name=name, ok=False, actual=f"{actual}{lasted}"), trouble)

    def _finding(self, measured: Measured, message: str, code: str) -> Finding:
        """Return what is wrong with a value whatever the limits are."""
        trouble = Trouble(Verdict.FAIL, code, message)
        return Finding(Assertion(name=self._name, ok=False, actual=shown(measured.value)), trouble)

    def _missing(self, measured: Measured | None) -> Outcome:
        """Say that there is nothing to be judged."""
        values = self._context.values
        if measured is not None:
            message = f"{self._name} is not known at the moment: its probe cannot tell"
            return self._conclude(measured, [self._finding(measured, message, "metric_unknown")])
        if values.is_awaited(self._name):
            error = f"{self._name} has not been measured yet"
            return Outcome(verdict=Verdict.UNKNOWN, error=error, error_code="metric_awaited")
        error = f"nothing measures {self._name}{self._hint()}"
        return Outcome(verdict=Verdict.FAIL, error=error, error_code="metric_unknown")

    def _hint(self) -> str:
        """Name what was most likely meant; searched for anew only when there are other names."""
        names = self._context.values.names()
        if self._searched != len(names):
            self._searched = len(names)
            thing = self._name.partition(".")[0]
            close = [name for name in names if name.partition(".")[0] == thing] or list(names)
            found = did_you_mean(self._name, close[:_MOST_COMPARED])
            self._found_hint = found or "; docs/probes.md has the names"
        return self._found_hint

    def _stale(self, measured: Measured) -> Outcome:
        """Say that the value is too old to be judged."""
        age = duration_text((self._context.clock.now_ms() - measured.at_ms) / 1000)
        message = f"{self._name} was last measured {age} ago: its probe fails"
        return self._conclude(measured, [self._finding(measured, message, "metric_stale")])

    def _conclude(self, measured: Measured, findings: list[Finding]) -> Outcome:
        """Return the outcome with the value."""
        data: dict[str, object] = {
            "metric": self._name,
            "value": _finite(measured.value),
            "measured_at": iso_utc(measured.at_ms),
        }
        starts = self._watch.starts() if self._hold_s else {}
        if starts:
            # Kept with the state, from which the next daemon goes on.
            data[_SINCE] = {name: iso_utc(at_ms) for name, at_ms in starts.items()}
        return conclude(findings, latency_ms=None, data=data)


def compile_metric(options: MetricOptions, context: CheckContext) -> Probe:
    """Make the conditions once; a run only looks the value up and compares."""
    return _Judge(options, context).probe


def _moments(told: object) -> dict[str, int]:
    """Return the moments that an outcome told, in epoch milliseconds; others are left out."""
    found: dict[str, int] = {}
    for name, words in mapping(told).items():
        with suppress(ValueError, OverflowError):
            found[name] = round(datetime.fromisoformat(text(words) or "").timestamp() * 1000)
    return found


def _finite(value: Scalar) -> Scalar:
    """Return a value as JSON knows it."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _target(options: MetricOptions) -> str:
    """Return what must not be, for people."""
    hold = f" for {duration_text(options.hold_s)}" if options.hold_s else ""
    limits = ", ".join(str(condition) for condition in options.conditions())
    return f"{options.metric.name} ({limits}{hold})"


CHECK: Final = CheckType(
    name="metric",
    options=MetricOptions,
    schema={
        vol.Required("metric"): sentence,
        vol.Optional("gt"): number,
        vol.Optional("gte"): number,
        vol.Optional("lt"): number,
        vol.Optional("lte"): number,
        vol.Optional("equals"): plain_value,
        vol.Optional("not_equals"): plain_value,
        vol.Optional("warn"): number,
        vol.Optional("crit"): number,
        vol.Optional("direction"): cv.one_of("above", "below"),
        vol.Optional("for"): hold_s,
    },
    compile=compile_metric,
    target=_target,
    host=lambda _options: "local",
    subject=lambda options: options.metric.name.rpartition(".")[0],
    example={"metric": "host.memory_percent", "gt": 90, "for": "5m"},
    is_settled=True,
    is_reachability=False,
)
