"""What the parts of the engine that decide ask of the one that runs the checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opsmonitor.engine.batch import Batch
    from opsmonitor.models.check import Change, CheckState


class Host(Protocol):
    """Who runs the checks and keeps their states."""

    @property
    def states(self) -> Mapping[str, CheckState]:
        """What is known of each check now."""
        ...

    def change(self, change: Change) -> None:
        """Put a change in force, record it and tell it."""
        ...

    def reconsider(self, check_id: str, now_ms: int) -> None:
        """Look again at what is shown of a check in place of what its runs say."""
        ...

    def distrust(self, check_id: str) -> None:
        """Let a run under way not count if it fails; it is then made again."""
        ...

    def halt(self, check_id: str) -> None:
        """End the run under way and start none."""
        ...

    def go_on(self, check_id: str) -> None:
        """Run a check again, at once and then at its interval."""
        ...

    def run_soon(self, check_id: str, *, afresh: bool = False) -> None:
        """Run a check without waiting for its time; `afresh`: a run under way does not count."""
        ...


class Publishing(Host, Protocol):
    """One that tells its listeners of other things, too."""

    def publish(self, batch: Batch) -> None:
        """Tell the listeners what did not come of a run."""
        ...
