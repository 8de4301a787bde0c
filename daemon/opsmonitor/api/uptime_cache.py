"""The uptime of all checks, for pages: asked of the store in bulk, and not often."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
import logging
from typing import TYPE_CHECKING, Final, TypeAlias

from opsmonitor.dashboard.uptime import recorded_s, worth_telling
from opsmonitor.engine.budget import Budget, budget

if TYPE_CHECKING:
    from opsmonitor.api.deps import MonitorView, StoreView
    from opsmonitor.engine.batch import Batch
    from opsmonitor.util.clock import Clock

_LOGGER = logging.getLogger(__name__)

Percentages: TypeAlias = dict[str, float | None]
"""Percent by window (`24h`, `7d`, `30d`, `90d`); None where nothing was judged,
and where the past does not reach beyond the next shorter window."""

WINDOWS: Final = {
    "24h": timedelta(days=1),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "90d": timedelta(days=90),
}
_AGREED: Final = "30d"
"""The window in which an agreed uptime is to be kept."""
_MEAN: Final = "24h"
"""The window of the mean latency."""
_FRESH_S: Final = 30.0
_FRESH_WHILE_CHANGING_S: Final = 5.0
"""With a check that has no figure yet, or after a change of state, it is worth asking sooner."""
_USABLE_S: Final = 60.0
"""An answer from before that is no longer given: who asks once an hour gets the truth of now."""
_MEANS_FRESH_S: Final = 60.0
"""Mean latencies of a day change slowly, and cost more than the rest."""
_DECIMALS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What is known of one check's past."""

    percent: Percentages
    latency_avg_ms: float | None = None
    """Of the last 24 hours."""
    budget: Budget | None = None
    """Of the last 30 days; None where no uptime was agreed."""


class UptimeCache:
    """What was last asked; an old answer is given at once while a new one is fetched."""

    def __init__(self, monitor: MonitorView, store: StoreView, clock: Clock) -> None:
        """Take whom to ask."""
        self._monitor = monitor
        self._store = store
        self._clock = clock
        self._known: dict[str, Past] | None = None
        self._means: dict[str, float] = {}
        self._means_s = float("-inf")
        self._fetched_s = float("-inf")
        self._is_changing = False
        self._is_awaited = False
        """Whether what is known is too old, or known to be wrong, to be given meanwhile."""
        self._task: asyncio.Task[dict[str, Past]] | None = None

    async def get(self) -> dict[str, Past]:
        """Return the past by check id.

        Who asks first, after a long pause or after a change waits for the store; others do not.
        """
        age_s = self._clock.monotonic() - self._fetched_s
        fresh_s = _FRESH_WHILE_CHANGING_S if self._is_changing else _FRESH_S
        if self._task is None and age_s >= fresh_s:
            self._is_awaited = self._is_changing or age_s >= _USABLE_S
            self._is_changing = False
            self._task = asyncio.create_task(self._fetch(), name="uptime-cache")
            self._task.add_done_callback(self._take)
        if self._task is not None:
            # One caller that goes away must not take the answer from the others.
            if self._known is None:
                return await asyncio.shield(self._task)
            if self._is_awaited:
                await asyncio.wait([self._task])
        return self._known or {}

    def note(self, batch: Batch) -> None:
        """Ask again soon after a change of state: 100 % beside a failure would be a lie."""
        if any(result.transition is not None for result in batch.news()):
            self._is_changing = True

    async def close(self) -> None:
        """Stop a fetch under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _fetch(self) -> dict[str, Past]:
        """Ask the store, window by window."""
        check_ids = list(self._monitor.checks)
        now_ms = self._clock.now_ms()
        found: dict[str, Percentages] = {check_id: dict.fromkeys(WINDOWS) for check_id in check_ids}
        known_s: dict[str, float] = {}
        budgets: dict[str, Budget] = {}
        for window, length in WINDOWS.items():
            from_ms = now_ms - int(length.total_seconds() * 1000)
            uptimes = await self._store.uptime(check_ids, from_ms, now_ms)
            for check_id, uptime in uptimes.items():
                check = self._monitor.checks.get(check_id)
                if check is not None and not check.exclude_when_parent_down:
                    uptime = uptime.without_excuse()  # noqa: PLW2901 - the same, judged otherwise
                percent = uptime.percent
                found[check_id][window] = None if percent is None else round(percent, _DECIMALS)
                known_s[check_id] = recorded_s(uptime)
                if window == _AGREED and check is not None and check.sla is not None:
                    budgets[check_id] = budget(uptime, length.total_seconds(), check.sla)
        means = await self._mean_latencies(now_ms)
        return {
            key: Past(
                # The last window is the longest one: what is known of it is all that counts.
                percent=worth_telling(found[key], known_s.get(key, 0.0)),
                latency_avg_ms=means.get(key),
                budget=budgets.get(key),
            )
            for key in found
        }

    async def _mean_latencies(self, now_ms: int) -> dict[str, float]:
        """Return the mean latencies by check id, not asked for every time once all are known.

        What runs without one, such as a group, never has a mean.
        """
        is_fresh = self._clock.monotonic() - self._means_s < _MEANS_FRESH_S
        states = self._monitor.states.items()
        timed = {
            check_id
            for check_id, state in states
            if state.outcome is not None and state.outcome.latency_ms is not None
        }
        if not is_fresh or timed - self._means.keys():
            from_ms = now_ms - int(WINDOWS[_MEAN].total_seconds() * 1000)
            self._means = await self._store.mean_latencies(from_ms, now_ms + 1)
            self._means_s = self._clock.monotonic()
        return self._means

    def _take(self, task: asyncio.Task[dict[str, Past]]) -> None:
        """Keep what was fetched; after a failure the next caller tries again."""
        self._task = None
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            _LOGGER.warning("Uptime could not be read: %s", error)
            self._is_changing = True
            return
        self._known = task.result()
        self._fetched_s = self._clock.monotonic()
        if any(found.percent["24h"] is None for found in self._known.values()):
            self._is_changing = True
