"""Count the runs of every check by how they ended."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opsmonitor.engine.batch import Batch
    from opsmonitor.models.check import Verdict


class VerdictCounter:
    """The runs since the daemon started."""

    def __init__(self) -> None:
        """Start at nothing."""
        self._runs: Counter[tuple[str, Verdict]] = Counter()

    def add(self, batch: Batch) -> None:
        """Count the runs of a batch; checks that are gone are forgotten."""
        self._runs.update((result.check_id, result.outcome.verdict) for result in batch.results)
        if batch.removed:
            gone = set(batch.removed)
            for key in [key for key in self._runs if key[0] in gone]:
                del self._runs[key]

    def items(self) -> list[tuple[str, Verdict, int]]:
        """Return check id, verdict and number."""
        return [(check_id, verdict, runs) for (check_id, verdict), runs in self._runs.items()]
