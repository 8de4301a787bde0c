"""What container engines say of their containers: pure.

Sources: `GET /containers/json` and `GET /containers/{id}/json` of the Docker Engine API. The list
has the health and the exit code in its `Status` text only, such as `Up 2 hours (unhealthy)` or
`Exited (137) 3 hours ago`; Podman's answers differ in details.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import re
from typing import Any, Final

from opsmonitor.util.lenient import flag, items, label, mapping, mappings, text, whole

_HEALTH: Final = re.compile(r"\((?:health: )?(healthy|unhealthy|starting)\)")
_EXIT: Final = re.compile(r"^Exited \((-?\d{1,5})\)")
_STATES: Final = (
    ("up", "running"),
    ("exited", "exited"),
    ("created", "created"),
    ("restarting", "restarting"),
    ("dead", "dead"),
)
_NO_HEALTH: Final = frozenset({"none"})
_ID: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.-]{0,127}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One container as the list shows it."""

    id: str
    name: str
    image: str | None
    image_id: str | None
    state: str
    """Such as running or exited."""
    status: str
    """The engine's words for it, which change whenever something happened."""
    health: str | None
    """None without a health check."""
    exit_code: int | None
    project: str | None
    """Of Compose."""
    service: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """What only a look at a single container shows."""

    restarts: int | None = None
    """How often the engine has restarted it since it was made."""
    policy: str | None = None
    """When the engine restarts it, such as always; None: never."""
    is_out_of_memory: bool = False
    started_at: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """Everything that is known of a container."""

    listed: Listed
    inspected: Inspected | None = None


def read_list(data: Any) -> tuple[Listed, ...]:
    """Return the containers, by name; what has no id is none."""
    found: list[Listed] = []
    for entry in mappings(data):
        number = text(entry.get("Id")) or text(entry.get("ID"))
        if number is None or not _ID.fullmatch(number):
            continue
        status = text(entry.get("Status")) or ""
        labels = mapping(entry.get("Labels"))
        found.append(
            Listed(
                id=number,
                name=_name(entry) or number[:12],
                image=text(entry.get("Image")),
                image_id=text(entry.get("ImageID")),
                state=_state(text(entry.get("State")), status),
                status=status,
                health=_health(status),
                exit_code=_exit_code(entry, status),
                project=text(labels.get("com.docker.compose.project")),
                service=text(labels.get("com.docker.compose.service")),
            )
        )
    return tuple(sorted(found, key=lambda each: (each.name, each.id)))


def read_inspected(data: Any) -> Inspected:
    """Return what a look at one container shows."""
    answer = mapping(data)
    state = mapping(answer.get("State"))
    policy = mapping(mapping(answer.get("HostConfig")).get("RestartPolicy"))
    name = text(policy.get("Name"))
    return Inspected(
        restarts=whole(answer.get("RestartCount")),
        policy=None if name in (None, "no") else name,
        is_out_of_memory=flag(state.get("OOMKilled")) is True,
        started_at=text(state.get("StartedAt")),
    )


def _name(entry: Mapping[str, Any]) -> str | None:
    """Return the container's own name; others stand behind those of containers that link to it."""
    names = [shown.lstrip("/") for each in items(entry.get("Names")) if (shown := text(each))]
    own = [name for name in names if name and "/" not in name]
    return next(iter(own or names), None) or label(entry.get("Name"))


def _state(state: str | None, status: str) -> str:
    """Return the state's name; old engines have the status alone."""
    if state is not None:
        return state.lower()
    words = status.lower()
    if "(paused)" in words:
        return "paused"
    return next((name for start, name in _STATES if words.startswith(start)), "unknown")


def _health(status: str) -> str | None:
    """Return the health's name, None if nobody checks it."""
    found = _HEALTH.search(status)
    return None if found is None or found[1] in _NO_HEALTH else found[1]


def _exit_code(entry: Mapping[str, Any], status: str) -> int | None:
    """Return how a container has ended; None if it has not."""
    found = _EXIT.match(status)
    if found is not None:
        return int(found[1])
    # Podman's own list has the code beside a status without one.
    is_over = (text(entry.get("State")) or "").lower() in ("exited", "stopped")
    return whole(entry.get("ExitCode"), at_least=-99_999) if is_over else None
