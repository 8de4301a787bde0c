"""What the engine tells the rest of the daemon, once for each tick."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import logging
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from opsmonitor.models.check import Change, CheckState, RunResult, Transition
    from opsmonitor.models.remediation import ActionRequest

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Everything that happened within one tick."""

    results: tuple[RunResult, ...] = ()
    changes: tuple[Change, ...] = ()
    """What happened without a run."""
    requests: tuple[ActionRequest, ...] = ()
    """What clients of the stream are asked to do."""
    added: tuple[str, ...] = ()
    """Ids of checks that are new or were changed."""
    removed: tuple[str, ...] = ()
    config_changed: bool = False
    """A new configuration is in force, or a file turned bad or good."""
    outage: tuple[int, int] | None = None
    """From when to when this machine had no network, in epoch milliseconds."""
    standstill: tuple[int, int] | None = None
    """From when to when nobody looked or listened, in epoch milliseconds."""

    def news(self) -> list[RunResult]:
        """Return the runs after which something may be another way than before: mostly none."""
        return [item for item in self.results if not item.is_plain]

    def transitions(self) -> list[Transition]:
        """Return what is to be told, oldest first."""
        told = [item.transition for item in self.news() if item.transition is not None]
        if self.changes:
            told += [item.transition for item in self.changes if item.transition is not None]
            told.sort(key=lambda transition: transition.at_ms)
        return told

    def states(self) -> list[CheckState]:
        """Return the state in which each check is left."""
        if not self.changes:
            return list({item.check_id: item.state for item in self.results}.values())
        moments = [(item.finished_ms, item.state) for item in self.results]
        moments += [(item.at_ms, item.state) for item in self.changes]
        moments.sort(key=lambda moment: moment[0])
        return list({state.id: state for _, state in moments}.values())


Listener: TypeAlias = Callable[[Batch], None]


class Publisher:
    """Hand batches to whoever subscribed; one bad listener never stops the others."""

    def __init__(self) -> None:
        """Start without listeners."""
        self._listeners: list[Listener] = []

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Add a listener; the returned function removes it, and may be called twice."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    def publish(self, batch: Batch) -> None:
        """Call every listener."""
        for listener in tuple(self._listeners):
            try:
                listener(batch)
            except Exception:
                _LOGGER.exception("A listener failed on a batch of %d results", len(batch.results))
