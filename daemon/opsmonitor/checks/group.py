"""Group check: how are several checks, taken together?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import voluptuous as vol

from opsmonitor.checks.base import CheckContext, CheckType, Probe
from opsmonitor.config import validators as cv
from opsmonitor.config.kinds import Members
from opsmonitor.models.check import Assertion, Outcome, Status, Verdict
from opsmonitor.parts.group_rule import Census, Rule, best, named, percentage, worst
from opsmonitor.parts.limits import percent
from opsmonitor.parts.rules import Finding, conclude

if TYPE_CHECKING:
    from opsmonitor.models.check import CheckState


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupOptions:
    """Which checks belong together, and how many of them must work."""

    members: tuple[str, ...] = ()
    tag: str | None = None
    rule: str = "worst"
    min_up_percent: float | None = None

    def __post_init__(self) -> None:
        """Judge the keys together.

        Raises:
            ValueError: They do not make sense together.

        """
        if not self.members and self.tag is None:
            raise ValueError("a group needs `members` (a list of ids) or a `tag`: add one")
        if (self.rule == "percentage") != (self.min_up_percent is not None):
            raise ValueError("`rule: percentage` and `min_up_percent` belong together: write both")


class _Judge:
    """Looks at the members."""

    def __init__(self, options: GroupOptions, context: CheckContext) -> None:
        """Decide all that can be decided."""
        self._name = f"{options.rule} of {len(context.members)}"
        self._rule = _rule(options)
        self._context = context

    async def probe(self) -> Outcome:
        """Judge what is known of the members now."""
        states = [
            state
            for member_id in self._context.members
            if (state := self._context.states(member_id)) is not None
        ]
        waiting = [state.id for state in states if _is_new(state)]
        if waiting and not self._has_been_judged():
            # What the first of them says must raise no alarm about all of them.
            error = f"waiting for the first result of {named(waiting)}"
            return Outcome(verdict=Verdict.UNKNOWN, error=error, error_code="group_unknown")
        census = Census({state.id: state.status for state in states})
        if not census.judged:
            error = f"no member can be judged: {census}" if states else "there are no members"
            return Outcome(verdict=Verdict.UNKNOWN, error=error, error_code="group_unknown")
        return self._judge(census)

    def _judge(self, census: Census) -> Outcome:
        """Apply the rule."""
        trouble = self._rule(census)
        assertion = Assertion(name=self._name, ok=trouble is None, actual=str(census))
        data = {
            "members": {status: len(census.of(status)) for status in Status if census.of(status)},
            "up_percent": None if census.up_percent is None else round(census.up_percent, 2),
            "down": census.of(Status.DOWN),
        }
        return conclude([Finding(assertion, trouble)], latency_ms=None, data=data)

    def _has_been_judged(self) -> bool:
        """Tell whether there is a judgement that a new member must not upset."""
        own = self._context.states(self._context.check_id)
        return own is not None and own.ok is not None


def compile_group(options: GroupOptions, context: CheckContext) -> Probe:
    """Make the rule once; a run only looks at the members."""
    return _Judge(options, context).probe


def _is_new(state: CheckState) -> bool:
    """Tell whether a member is about to have its first run."""
    return state.status is Status.PENDING and state.last_run_ms is None


def _rule(options: GroupOptions) -> Rule:
    """Return what judges the members."""
    if options.min_up_percent is not None:
        return percentage(options.min_up_percent)
    return best if options.rule == "best" else worst


def _target(options: GroupOptions) -> str:
    """Return whom it judges, for people."""
    parts = [named(options.members)] if options.members else []
    if options.tag is not None:
        parts.append(f"tag {options.tag}")
    needed = "" if options.min_up_percent is None else f" {options.min_up_percent:g} %"
    return f"{options.rule}{needed} of {', '.join(parts)}"


CHECK: Final = CheckType(
    name="group",
    options=GroupOptions,
    schema={
        vol.Optional("members"): cv.list_of(cv.text),
        vol.Optional("tag"): cv.text,
        vol.Optional("rule"): cv.one_of("worst", "best", "percentage"),
        vol.Optional("min_up_percent"): percent,
    },
    compile=compile_group,
    target=_target,
    host=lambda _options: "local",
    example={"tag": "network", "rule": "worst"},
    members=lambda options: Members(ids=options.members, tag=options.tag),
    is_settled=True,
    is_reachability=False,
)
