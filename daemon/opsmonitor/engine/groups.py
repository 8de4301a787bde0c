"""Let a group follow its members: as soon as one of them has changed, and not before it is told."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from opsmonitor.models.check import CheckState, Status

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opsmonitor.config.settings import CheckSettings
    from opsmonitor.engine.batch import Batch
    from opsmonitor.engine.host import Host


class Groups:
    """Knows which groups each check belongs to.

    It follows the batches, so that members that change together make one run of their group.
    """

    def __init__(self, host: Host) -> None:
        """Take who runs the checks."""
        self._host = host
        self._members: dict[str, tuple[str, ...]] = {}
        self._groups: dict[str, list[str]] = {}
        self._held: set[str] = set()
        """The groups that are down because of members that nobody is told of yet."""

    def apply(self, checks: Iterable[CheckSettings]) -> None:
        """Take over who belongs to whom."""
        self._members = {check.id: check.members for check in checks if check.members}
        self._groups = {}
        for group_id, members in self._members.items():
            for member_id in members:
                self._groups.setdefault(member_id, []).append(group_id)
        self._held &= self._members.keys()

    def take(self, batch: Batch) -> None:
        """Run the groups whose members a batch changed."""
        if not self._groups:
            return
        changed = [transition.check_id for transition in batch.transitions()]
        changed += [change.check_id for change in batch.changes]
        groups = dict.fromkeys(
            group_id for check_id in changed for group_id in self._groups.get(check_id, ())
        )
        for group_id in groups:
            self._host.run_soon(group_id)

    def hold(self, before: CheckState, after: CheckState) -> CheckState:
        """Return the state after a run, its failure held back as long as that of a member is.

        Its member may turn out to be unreachable, and then nothing is wrong with the group.
        """
        members = self._members.get(after.id)
        if members is None:
            return after
        if after.status is not Status.DOWN:
            self._held.discard(after.id)
            return after
        if before.status is Status.DOWN and after.id not in self._held:
            return after
        states = self._host.states
        if any(member in states and states[member].is_held for member in members):
            self._held.add(after.id)
            return replace(after, is_held=True)
        if after.id not in self._held:
            return after
        self._held.discard(after.id)
        return replace(after, is_held=False)
