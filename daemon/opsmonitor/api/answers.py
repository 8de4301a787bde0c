"""The states of all checks as JSON, encoded once for each change, for all who ask."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from opsmonitor.api.cached import CachedBody
from opsmonitor.api.encode import to_json
from opsmonitor.api.schemas.check import CheckBody, check_values
from opsmonitor.api.schemas.status import SummaryBody
from opsmonitor.engine.belonging import belonging
from opsmonitor.engine.summary import Overall, Summary, proxmox_weight, summarise

if TYPE_CHECKING:
    from collections.abc import Callable

    from opsmonitor.api.deps import MonitorView, ReadingsView
    from opsmonitor.config.settings import CheckSettings
    from opsmonitor.engine.batch import Batch

WEIGHTY: Final = "proxmox"
"""The probe that has a say in how the whole is."""


class StateCache:
    """Fragments of JSON by check, and the answers that are made of them.

    A batch only marks what it changed; the encoding is done when somebody asks.
    """

    def __init__(
        self,
        monitor: MonitorView,
        readings: ReadingsView | None = None,
        own_names: Callable[[], frozenset[str]] = frozenset,
    ) -> None:
        """Take the engine whose states are told, what is polled beside it, and who this machine is.

        `own_names` tells its names and addresses.
        """
        self._monitor = monitor
        self._readings = readings
        self._own_names = own_names
        self._placed_by: frozenset[str] | None = None
        self._places: dict[str, str | None] = {}
        self._fragments: dict[str, bytes] = {}
        self._checks: CachedBody | None = None
        self._summary: CachedBody | None = None
        self._core_ids: frozenset[str] | None = None
        # Tags of another process must not name bytes of this one.
        self._epoch = secrets.token_hex(6)
        self._version = 0

    def invalidate(self, batch: Batch) -> None:
        """Forget what a batch made stale."""
        if batch.config_changed or batch.added or batch.removed:
            self._fragments.clear()
            self._core_ids = self._placed_by = None
        if self._fragments:
            for result in batch.results:
                self._fragments.pop(result.check_id, None)
        for change in batch.changes:
            self._fragments.pop(change.check_id, None)
        self._checks = self._summary = None
        self._version += 1

    def invalidate_whole(self) -> None:
        """Forget what something beside the checks made stale."""
        self._summary = None
        self._version += 1

    def fragment(self, check_id: str) -> bytes:
        """Return the state of one check.

        Raises:
            KeyError: There is no such check.

        """
        fragment = self._fragments.get(check_id)
        if fragment is None:
            monitor = self._monitor
            check = monitor.checks[check_id]
            values = check_values(check, monitor.states[check_id], self.place(check))
            fragment = to_json(values)
            self._fragments[check_id] = fragment
        return fragment

    def place(self, check: CheckSettings) -> str | None:
        """Return which of the things that are polled a check's target is part of."""
        own = self._own_names()
        if own is not self._placed_by:
            self._placed_by = own
            self._places.clear()
        if check.id not in self._places:
            probes = self._readings.probes.values() if self._readings else ()
            self._places[check.id] = belonging(check, probes, own)
        return self._places[check.id]

    def checks(self) -> CachedBody:
        """Return the states of all checks by id, in the order of the file."""
        if self._checks is None:
            parts = (
                to_json(check_id) + b":" + self.fragment(check_id)
                for check_id in self._monitor.checks
            )
            self._checks = CachedBody(b"{" + b",".join(parts) + b"}", self._tag("c"))
        return self._checks

    def summary(self) -> CachedBody:
        """Return the summary of all checks."""
        if self._summary is None:
            monitor = self._monitor
            summary = self.counts()
            down = tuple(
                CheckBody.of(
                    monitor.checks[check_id],
                    monitor.states[check_id],
                    self.place(monitor.checks[check_id]),
                )
                for check_id in summary.down_ids
            )
            self._summary = CachedBody(to_json(SummaryBody.of(summary, down)), self._tag("s"))
        return self._summary

    def counts(self) -> Summary:
        """Count the states."""
        if self._core_ids is None:
            checks = self._monitor.checks.values()
            self._core_ids = frozenset(check.id for check in checks if check.core)
        return summarise(self._monitor.states.values(), self._core_ids, beside=self._beside())

    def _beside(self) -> Overall:
        """Return what Proxmox makes of the whole, by its latest good reading."""
        if self._readings is None:
            return Overall.OK
        state, probe = self._readings.states.get(WEIGHTY), self._readings.probes.get(WEIGHTY)
        if state is None or state.reading is None or probe is None:
            return Overall.OK
        is_core = getattr(probe.options, "core", False) is True
        return proxmox_weight(state.reading.status, is_core=is_core)

    def _tag(self, kind: str) -> str:
        """Return the tag of what is told now."""
        return f"{kind}{self._epoch}-{self._version}"
