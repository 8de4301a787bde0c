"""Limits of a measured value: from when on it is worrying, and from when on it is a failure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import voluptuous as vol

from opsmonitor.config import validators as cv
from opsmonitor.models.check import Assertion, Verdict
from opsmonitor.parts.fields import optional
from opsmonitor.parts.rules import Finding, Trouble
from opsmonitor.util.size import parse_size

_MAX_BYTES: Final = 1 << 60
LimitRule: TypeAlias = Callable[[float], Finding]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """A value at or beyond `warn` is degraded, at or beyond `crit` failed."""

    warn: float | None = None
    crit: float | None = None

    @property
    def are_set(self) -> bool:
        """Tell whether there is any."""
        return self.warn is not None or self.crit is not None


def size(value: Any) -> float:
    """Accept an amount of bytes, as a number or with its unit."""
    if isinstance(value, str):
        try:
            value = parse_size(value)
        except ValueError:
            raise vol.Invalid("expected a size such as 500 MB, 10 GB or 2 GiB") from None
    return cv.whole_number(at_least=0, at_most=_MAX_BYTES)(value)


def percent(value: Any) -> float:
    """Accept 0 to 100."""
    return cv.number(at_least=0, at_most=100)(value)


def upper_limits(item: Callable[[Any], float]) -> Callable[[Any], Limits]:
    """Accept `warn` and `crit`, or null for none; the value must stay below them."""
    return _limits(item, lambda warn, crit: warn <= crit, "warn must not be above crit")


def lower_limits(item: Callable[[Any], float]) -> Callable[[Any], Limits]:
    """Accept `warn` and `crit`, or null for none; the value must stay above them."""
    return _limits(item, lambda warn, crit: warn >= crit, "warn must not be below crit")


def upper_rule(
    limits: Limits, *, name: str, code: str, shown: Callable[[float], str]
) -> LimitRule | None:
    """Return the rule that a value stays below its limits; None without limits."""
    return _rule(limits, lambda value, limit: value >= limit, name, code, shown)


def lower_rule(
    limits: Limits, *, name: str, code: str, shown: Callable[[float], str]
) -> LimitRule | None:
    """Return the rule that a value stays above its limits; None without limits."""
    return _rule(limits, lambda value, limit: value <= limit, name, code, shown)


def _limits(
    item: Callable[[Any], float], is_ordered: Callable[[float, float], bool], complaint: str
) -> Callable[[Any], Limits]:
    """Return the validator of two limits in their order."""
    keys = vol.Schema({vol.Optional("warn"): optional(item), vol.Optional("crit"): optional(item)})

    def validate(value: Any) -> Limits:
        """Return the limits."""
        if value is None:
            return Limits()
        if not isinstance(value, dict):
            raise vol.Invalid("expected warn and crit, such as {warn: ..., crit: ...}")
        limits = Limits(**keys(value))
        if (
            limits.warn is not None
            and limits.crit is not None
            and not is_ordered(limits.warn, limits.crit)
        ):
            raise vol.Invalid(complaint, path=["warn"])
        return limits

    return validate


def _rule(
    limits: Limits,
    is_beyond: Callable[[float, float], bool],
    name: str,
    code: str,
    shown: Callable[[float], str],
) -> LimitRule | None:
    """Return the rule, None without limits."""
    if not limits.are_set:
        return None
    levels = ((Verdict.FAIL, limits.crit), (Verdict.DEGRADED, limits.warn))

    def rule(value: float) -> Finding:
        """Judge a value."""
        actual = shown(value)
        for verdict, limit in levels:
            if limit is not None and is_beyond(value, limit):
                message = f"{name}: {actual}, the limit is {shown(limit)}"
                trouble = Trouble(verdict, code, message)
                return Finding(Assertion(name=name, ok=False, actual=actual), trouble)
        return Finding(Assertion(name=name, ok=True, actual=actual))

    return rule
