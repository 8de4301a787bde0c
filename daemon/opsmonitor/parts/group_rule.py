"""What the states of several checks say of all of them together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from opsmonitor.models.check import Status, Verdict
from opsmonitor.parts.rules import Trouble

_MOST_NAMED: Final = 5
_JUDGED: Final = (Status.UP, Status.DEGRADED, Status.DOWN)
"""Only these say something of a member; whatever else is known of it, it is left out."""


@dataclass(frozen=True, slots=True)
class Census:
    """How the members are."""

    members: Mapping[str, Status]
    """By id; those that are not known are left out already."""

    def of(self, status: Status) -> list[str]:
        """Return the ids of the members with a status."""
        return [name for name, found in self.members.items() if found is status]

    @property
    def judged(self) -> int:
        """Return how many members can be judged."""
        return sum(status in _JUDGED for status in self.members.values())

    @property
    def up_percent(self) -> float | None:
        """Return the share of those that can be judged which work, be it badly; None: no such."""
        judged = self.judged
        return 100 * (judged - len(self.of(Status.DOWN))) / judged if judged else None

    def __str__(self) -> str:
        """Return how many members have which status: `3 up, 1 down, 2 paused`."""
        found = Counter(self.members.values())
        return ", ".join(f"{found[status]} {status}" for status in Status if found[status])


Rule = Callable[[Census], Trouble | None]
"""Judges the members when there is at least one to be judged."""


def worst(census: Census) -> Trouble | None:
    """Say what is wrong when a single member is not up."""
    for status, verdict in ((Status.DOWN, Verdict.FAIL), (Status.DEGRADED, Verdict.DEGRADED)):
        names = census.of(status)
        if names:
            message = f"{len(names)} of {census.judged} {status}: {named(names)}"
            return Trouble(verdict, f"group_{status}", message)
    return None


def best(census: Census) -> Trouble | None:
    """Say what is wrong when no member at all is up."""
    if census.of(Status.UP):
        return None
    names = census.of(Status.DEGRADED)
    if names:
        message = f"none of {census.judged} is more than degraded: {named(names)}"
        return Trouble(Verdict.DEGRADED, "group_degraded", message)
    message = f"all {census.judged} down: {named(census.of(Status.DOWN))}"
    return Trouble(Verdict.FAIL, "group_down", message)


def percentage(min_up_percent: float) -> Rule:
    """Return the rule that so many members work."""

    def rule(census: Census) -> Trouble | None:
        """Say what is wrong when too few work."""
        share = census.up_percent
        if share is None or share >= min_up_percent:
            return None
        down = census.of(Status.DOWN)
        message = (
            f"{share:.4g} % of {census.judged} up, {min_up_percent:g} % are needed; "
            f"down: {named(down)}"
        )
        return Trouble(Verdict.FAIL, "group_down", message)

    return rule


def named(names: Sequence[str]) -> str:
    """Return the first few names, and how many more there are."""
    more = len(names) - _MOST_NAMED
    text = ", ".join(names[:_MOST_NAMED])
    return f"{text} and {more} more" if more > 0 else text
