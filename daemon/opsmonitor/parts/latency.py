"""Limits of the time that an answer may take."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import voluptuous as vol

from opsmonitor.models.check import Assertion, Verdict
from opsmonitor.parts.fields import milliseconds, optional
from opsmonitor.parts.rules import Finding, Trouble

LatencyRule: TypeAlias = Callable[[float], Finding]


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyThresholds:
    """From when on an answer is slow, and from when on it is too slow to be of use."""

    warn_ms: float | None = None
    crit_ms: float | None = None


def _thresholds(value: Mapping[str, float | None]) -> LatencyThresholds:
    """Return the thresholds.

    Raises:
        Invalid: They are the wrong way round.

    """
    thresholds = LatencyThresholds(**value)
    warn_ms, crit_ms = thresholds.warn_ms, thresholds.crit_ms
    if warn_ms is not None and crit_ms is not None and warn_ms > crit_ms:
        raise vol.Invalid("warn_ms must not be above crit_ms", path=["warn_ms"])
    return thresholds


THRESHOLDS = vol.All(
    {
        vol.Optional("warn_ms"): optional(milliseconds),
        vol.Optional("crit_ms"): optional(milliseconds),
    },
    _thresholds,
)


def latency_rule(thresholds: LatencyThresholds) -> LatencyRule | None:
    """Return the rule, None without limits."""
    warn_ms, crit_ms = thresholds.warn_ms, thresholds.crit_ms
    if warn_ms is None and crit_ms is None:
        return None

    def rule(latency_ms: float) -> Finding:
        """Judge a latency in milliseconds."""
        if crit_ms is not None and latency_ms > crit_ms:
            return _slow(latency_ms, crit_ms, Verdict.FAIL)
        if warn_ms is not None and latency_ms > warn_ms:
            return _slow(latency_ms, warn_ms, Verdict.DEGRADED)
        return Finding(_assertion(latency_ms, ok=True))

    return rule


def _slow(latency_ms: float, limit_ms: float, verdict: Verdict) -> Finding:
    """Say by how much an answer was too slow."""
    message = f"slow: the answer took {latency_ms:.0f} ms, the limit is {limit_ms:g} ms"
    return Finding(_assertion(latency_ms, ok=False), Trouble(verdict, "slow", message))


def _assertion(latency_ms: float, *, ok: bool) -> Assertion:
    """Return the expectation with the value seen."""
    return Assertion(name="latency", ok=ok, actual=f"{latency_ms:.0f} ms")
