"""Put the containers of several engines together: pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
import re
from typing import Final

from opsmonitor.models.check import Verdict
from opsmonitor.models.reading import Issue, Reading, ReadingStatus, Scalar
from opsmonitor.parts.container_environment import EnvironmentState
from opsmonitor.parts.container_judge import judge, shown
from opsmonitor.parts.container_list import Container
from opsmonitor.parts.issues import wanted, worst
from opsmonitor.util.clock import iso_utc

_SUBJECTS: Final = ("container", "environment", "stack")
_ODD: Final = re.compile(r"[^A-Za-z0-9_-]+")
_LEVELS: Final = {Verdict.DEGRADED: ReadingStatus.WARN, Verdict.FAIL: ReadingStatus.CRIT}
_STATES: Final = ("running", "paused", "restarting", "exited")


def containers_reading(
    environments: Sequence[EnvironmentState], more: Iterable[Issue], ignored: frozenset[str]
) -> Reading:
    """Return the reading of all engines together; `more` are issues of who was asked."""
    reached = [each for each in environments if each.error is None]
    issues = [*more, *(issue for each in environments for issue in _issues(each))]
    kept = wanted(issues, ignored, _SUBJECTS)
    totals = _totals(_once(reached))
    updates = _updates(reached)
    unreachable = len(environments) - len(reached)
    values: dict[str, Scalar] = {**totals, "environments_unreachable": unreachable}
    if updates is not None:
        values["updates_available"] = updates
    for each in environments:
        values |= _values(each)
    return Reading(
        data={
            **totals,
            "updates_available": updates,
            "environments_unreachable": unreachable,
            "environments": {each.name: _shown(each) for each in environments},
        },
        values=values,
        status=worst(kept),
        issues=kept,
        note=next((each.note for each in environments if each.note), None),
        events=tuple(event for each in environments for event in each.events),
    )


def _issues(environment: EnvironmentState) -> Iterator[Issue]:
    """Yield what is wrong with an engine and its containers."""
    if environment.error is not None:
        yield Issue(
            kind="environment_unreachable",
            status=ReadingStatus.CRIT,
            message=f"{environment.name} cannot be asked: {environment.error}",
            data={"environment": environment.name},
        )
        return
    for container in environment.containers.values():
        yield from judge(environment.name, container)
    for name, trouble in environment.loops.items():
        yield Issue(
            kind="container_restarts",
            status=_LEVELS[trouble.verdict],
            message=f"the container {trouble.message}",
            data={"environment": environment.name, "container": name},
        )
    running = {
        each.listed.project.lower()
        for each in environment.containers.values()
        if each.listed.state == "running" and each.listed.project is not None
    }
    for stack, is_active in environment.stacks.items():
        if is_active and stack.lower() not in running:
            yield Issue(
                kind="stack_down",
                status=ReadingStatus.WARN,
                message=f"the stack {stack} is active, but none of its containers runs",
                data={"environment": environment.name, "stack": stack},
            )


def _once(environments: Iterable[EnvironmentState]) -> list[Container]:
    """Return every container once, even if two ways lead to its engine."""
    found = {
        each.listed.id: each
        for environment in environments
        for each in environment.containers.values()
    }
    return list(found.values())


def _totals(containers: Iterable[Container]) -> dict[str, int]:
    """Count containers."""
    listed = [each.listed for each in containers]
    states = Counter("exited" if each.state == "stopped" else each.state for each in listed)
    return {
        "total": len(listed),
        **{state: states[state] for state in _STATES},
        "unhealthy": sum(each.health == "unhealthy" for each in listed),
    }


def _updates(environments: Iterable[EnvironmentState]) -> int | None:
    """Return how many containers have a newer image; None if nobody looks for them."""
    found = [has for each in environments for has in each.updates.values()]
    return sum(has is True for has in found) if found else None


def _values(environment: EnvironmentState) -> dict[str, Scalar]:
    """Return the values of an engine by their dotted names; unknown while it is unreachable."""
    prefix = slug(environment.name)
    is_reached = environment.error is None
    values: dict[str, Scalar] = {f"{prefix}.reachable": is_reached}
    totals = _totals(environment.containers.values())
    values |= {f"{prefix}.{key}": count if is_reached else None for key, count in totals.items()}
    for name, container in environment.containers.items():
        listed, inspected = container.listed, container.inspected
        start = f"{prefix}.{slug(name)}"
        found: dict[str, Scalar] = {
            f"{start}.running": listed.state == "running",
            f"{start}.healthy": None if listed.health is None else listed.health == "healthy",
            f"{start}.restarts": None if inspected is None else inspected.restarts,
        }
        values |= found if is_reached else dict.fromkeys(found)
    return values


def slug(name: str) -> str:
    """Return a name as a part of a dotted one."""
    return _ODD.sub("_", name).strip("_") or "_"


def _shown(environment: EnvironmentState) -> dict[str, object]:
    """Return an engine as the API shows it."""
    updates = environment.updates
    return {
        "type": environment.kind,
        "reachable": environment.error is None,
        "error": environment.error,
        "containers_ts": None if environment.at_ms is None else iso_utc(environment.at_ms),
        "note": environment.note,
        **_totals(environment.containers.values()),
        "stacks": [
            {"name": name, "active": is_active} for name, is_active in environment.stacks.items()
        ],
        "containers": [
            {**shown(each), "update_available": updates.get(name)}
            for name, each in environment.containers.items()
        ],
    }
