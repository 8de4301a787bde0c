"""What the engine needs of whoever keeps its results, and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from opsmonitor.models.check import Change, RunResult


class Recorder(Protocol):
    """Where results are kept; never blocks."""

    def record(self, items: Sequence[RunResult | Change]) -> None:
        """Keep what happened in one tick, in order."""
        ...

    def mark_unmonitored(self, from_ms: int, to_ms: int) -> None:
        """Note that nobody looked between two times."""
        ...

    def remove_checks(self, ids: Collection[str], at_ms: int) -> None:
        """Note that checks are no longer configured."""
        ...
