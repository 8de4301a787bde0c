"""What a container engine says of a container, and what that means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import re
from typing import Any, Final

import voluptuous as vol

from opsmonitor.config import validators as cv
from opsmonitor.exceptions import TransportError
from opsmonitor.models.check import Assertion, Verdict
from opsmonitor.parts.rules import Finding, Trouble

CONTAINER_NAME: Final = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}", re.ASCII)
_ID_SHOWN: Final = 12
_KILLED: Final = 137
_FLAGS: Final = (
    ("Restarting", "restarting"),
    ("Paused", "paused"),
    ("Dead", "dead"),
    ("Running", "running"),
)
_NO_HEALTH: Final = ("", "none")
_STATES: Final = {
    "paused": (Verdict.FAIL, "container_paused", "is paused"),
    "dead": (Verdict.FAIL, "container_dead", "is dead: the engine could not remove it"),
    "restarting": (Verdict.DEGRADED, "container_restarting", "is being restarted"),
}
_HEALTH: Final = {
    "starting": (Verdict.DEGRADED, "container_starting", "runs, but is not ready yet"),
    "unhealthy": (Verdict.FAIL, "container_unhealthy", "runs, but its health check fails"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """One container."""

    id: str
    name: str
    state: str
    """Such as running or exited."""
    health: str | None
    """None without a health check."""
    exit_code: int
    is_out_of_memory: bool
    restarts: int
    started_at: str | None
    image: str | None


def container_name(value: Any) -> str:
    """Accept a name or an id of a container."""
    name = cv.text(value).strip().removeprefix("/")
    if not CONTAINER_NAME.fullmatch(name):
        raise vol.Invalid("expected a container's name or id, such as home-assistant")
    return name


def read_container(answer: Any) -> Container:
    """Return the container that an engine describes; Docker and Podman differ a little.

    Raises:
        TransportError: It describes none.

    """
    state = answer.get("State") if isinstance(answer, dict) else None
    if not isinstance(state, dict):
        raise TransportError("invalid_response", "the engine's answer describes no container")
    number = _text(answer.get("Id"))[:_ID_SHOWN]
    config = answer.get("Config")
    return Container(
        id=number,
        name=_text(answer.get("Name")).lstrip("/") or number,
        state=_state(state),
        health=_health(state),
        exit_code=_whole(state.get("ExitCode")),
        is_out_of_memory=state.get("OOMKilled") is True,
        restarts=_whole(answer.get("RestartCount")),
        started_at=_text(state.get("StartedAt")) or None,
        image=_text(config.get("Image")) or None if isinstance(config, dict) else None,
    )


def judge_container(container: Container, *, may_finish: bool) -> Finding:
    """Return what the state and the health of a container mean."""
    found = _finding(container, may_finish=may_finish)
    shown = (
        container.state if container.health is None else f"{container.state}, {container.health}"
    )
    assertion = Assertion(name=f"state of {container.name}", ok=found is None, actual=shown)
    if found is None:
        return Finding(assertion)
    verdict, code, words = found
    return Finding(assertion, Trouble(verdict, code, f"the container {container.name} {words}"))


def container_data(container: Container) -> Mapping[str, object]:
    """Return the container as the API shows it."""
    return {
        "id": container.id,
        "name": container.name,
        "state": container.state,
        "health": container.health,
        "restarts": container.restarts,
        "exit_code": container.exit_code,
        "started_at": container.started_at,
        "image": container.image,
    }


def _finding(container: Container, *, may_finish: bool) -> tuple[Verdict, str, str] | None:
    """Return what is wrong: how bad, its code and the words for it; None if nothing is."""
    if container.state == "running":
        return _HEALTH.get(container.health or "")
    if container.state in _STATES:
        return _STATES[container.state]
    if container.state in ("exited", "stopped"):
        if may_finish and container.exit_code == 0:
            return None
        return Verdict.FAIL, "container_exited", _ended(container)
    return Verdict.FAIL, "container_not_running", f"is not running: it is {container.state}"


def _ended(container: Container) -> str:
    """Say how a container has ended."""
    if container.is_out_of_memory:
        return f"ended with exit code {container.exit_code}: it ran out of memory"
    if container.exit_code == _KILLED:
        return f"ended with exit code {_KILLED}: it was killed"
    return f"ended with exit code {container.exit_code}"


def _state(state: Mapping[str, Any]) -> str:
    """Return the state's name; old engines have flags only."""
    name = _text(state.get("Status")).lower()
    if name:
        return name
    return next((name for flag, name in _FLAGS if state.get(flag) is True), "exited")


def _health(state: Mapping[str, Any]) -> str | None:
    """Return the health's name, None if nobody checks it."""
    health = state.get("Health") or state.get("Healthcheck")
    name = _text(health.get("Status")).lower() if isinstance(health, dict) else ""
    return None if name in _NO_HEALTH else name


def _text(value: Any) -> str:
    """Return a text, empty if it is none."""
    return value if isinstance(value, str) else ""


def _whole(value: Any) -> int:
    """Return a whole number, 0 if it is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
