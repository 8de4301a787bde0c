"""What the state of containers means, and how they are shown: pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from opsmonitor.models.reading import Issue, ReadingEvent, ReadingStatus
from opsmonitor.parts.container_list import Container

_RESTARTED: Final = frozenset({"always", "unless-stopped"})
_TERMINATED: Final = 143
"""128 + SIGTERM: the polite end that `docker stop` asks for."""
_MAX_EVENTS: Final = 50
_STATES: Final = {
    "paused": (ReadingStatus.WARN, "container_paused", "is paused"),
    "restarting": (ReadingStatus.WARN, "container_restarting", "is being restarted"),
    "dead": (ReadingStatus.CRIT, "container_dead", "is dead: the engine could not remove it"),
}


def judge(environment: str, container: Container) -> Iterator[Issue]:
    """Yield what is wrong with a container."""
    found = _trouble(container)
    if found is None:
        return
    status, kind, words = found
    listed = container.listed
    yield Issue(
        kind=kind,
        status=status,
        message=f"the container {listed.name} {words}",
        data={"environment": environment, "container": listed.name, "state": listed.state},
    )


def shown(container: Container) -> dict[str, object]:
    """Return a container as the API shows it."""
    listed, inspected = container.listed, container.inspected
    return {
        "name": listed.name,
        "id": listed.id[:12],
        "image": listed.image,
        "state": listed.state,
        "status": listed.status,
        "health": listed.health,
        "exit_code": listed.exit_code,
        "restarts": None if inspected is None else inspected.restarts,
        "restart_policy": None if inspected is None else inspected.policy,
        "started_at": None if inspected is None else inspected.started_at,
        "project": listed.project,
        "service": listed.service,
    }


def changes(
    environment: str, before: Mapping[str, Container], after: Mapping[str, Container]
) -> list[ReadingEvent]:
    """Return what happened to containers between two looks; they are the same by their names."""
    found: list[tuple[str, str, str]] = []
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if new is None:
            found.append(("container_removed", name, "was removed"))
        elif old is None:
            found.append(("container_added", name, f"is new and {new.listed.state}"))
        else:
            found += [(kind, name, words) for kind, words in _change(old, new)]
    return [
        ReadingEvent(
            kind=kind,
            message=f"the container {name} {words}",
            data={"environment": environment, "container": name},
        )
        for kind, name, words in found[:_MAX_EVENTS]
    ]


def _change(old: Container, new: Container) -> Iterator[tuple[str, str]]:
    """Yield what happened to one container."""
    if old.listed.id != new.listed.id:
        yield "container_recreated", f"was made anew and is {new.listed.state}"
        return
    if old.listed.state != new.listed.state:
        yield "container_state", f"was {old.listed.state} and is {new.listed.state}"
    if old.listed.health != new.listed.health and new.listed.health is not None:
        yield "container_health", f"is {new.listed.health}"
    before = None if old.inspected is None else old.inspected.restarts
    after = None if new.inspected is None else new.inspected.restarts
    if before is not None and after is not None and after > before:
        yield "container_restarted", f"was restarted ({after} times by now)"


def _trouble(container: Container) -> tuple[ReadingStatus, str, str] | None:
    """Return how bad it is, its kind, and the words for it; None if nothing is wrong."""
    listed = container.listed
    if listed.state == "running":
        if listed.health != "unhealthy":
            return None
        return ReadingStatus.WARN, "container_unhealthy", "runs, but its health check fails"
    if listed.state in ("exited", "stopped"):
        return _ended(container)
    return _STATES.get(listed.state)


def _ended(container: Container) -> tuple[ReadingStatus, str, str] | None:
    """Tell containers that failed from finished jobs, and from what somebody has stopped."""
    code, inspected = container.listed.exit_code, container.inspected
    if inspected is not None and inspected.is_out_of_memory:
        words = f"ended with exit code {code}: it ran out of memory"
        return ReadingStatus.WARN, "container_exited", words
    # The engine starts these again whenever they end by themselves: somebody has stopped this one.
    was_stopped = inspected is None or inspected.policy in _RESTARTED
    if was_stopped or code in (None, 0, _TERMINATED):
        return None
    return ReadingStatus.WARN, "container_exited", f"ended with exit code {code}"
