"""What an operator is told of Proxmox, containers and whatever else is polled: pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Literal

from opsmonitor.api.schemas.ops import DependencyBody, DockerBody, ProxmoxBody
from opsmonitor.api.schemas.readings import issue_body
from opsmonitor.models.reading import ReadingStatus
from opsmonitor.util.clock import iso_utc

if TYPE_CHECKING:
    from opsmonitor.config.settings import ProbeSettings
    from opsmonitor.models.reading import ReadingState

Word = Literal["ok", "warn", "crit", "unknown", "unavailable"]

_WORDS: Final[Mapping[ReadingStatus, Word]] = {
    ReadingStatus.OK: "ok",
    ReadingStatus.WARN: "warn",
    ReadingStatus.CRIT: "crit",
    ReadingStatus.UNKNOWN: "unknown",
    ReadingStatus.UNSUPPORTED: "unavailable",
}
_NOT_CONFIGURED: Final = DependencyBody(status="unknown", note="not configured")


def proxmox_body(state: ReadingState | None) -> ProxmoxBody:
    """Tell the latest good payload, however old, and when it was last asked for."""
    if state is None:
        return ProxmoxBody()
    reading = state.reading
    return ProxmoxBody(
        status="unknown" if reading is None else _WORDS[reading.status],
        issues=() if reading is None else tuple(issue_body(issue) for issue in reading.issues),
        last_fetch_ts=_attempted(state),
        last_error=state.error,
    )


def proxmox_dependency(state: ReadingState | None, now_ms: int) -> DependencyBody:
    """Tell whether Proxmox answers, by the age of the latest attempt and how it ended."""
    if state is None:
        return _NOT_CONFIGURED
    attempted_ms = attempted(state)
    status: Word = "ok" if state.error is None else "unavailable"
    note = None
    if attempted_ms is None:
        status, note = "unknown", "proxmox-stats not polled yet"
    elif now_ms - attempted_ms > state.fresh_for_s * 1000:
        status, note = "unknown", "stale proxmox-stats poll data"
    return DependencyBody(
        status=status, last_fetch_ts=_attempted(state), last_error=state.error, note=note
    )


def docker_body(state: ReadingState | None) -> DockerBody:
    """Tell how the containers are."""
    if state is None:
        return DockerBody()
    reading = state.reading
    if reading is None:
        is_polled = state.error is not None
        return DockerBody(
            status="unavailable" if is_polled else "unknown",
            note=state.error or "not polled yet",
        )
    if reading.status is ReadingStatus.UNSUPPORTED:
        return DockerBody(status="unavailable", note=reading.note)
    values = reading.values
    counted = f"{values.get('running')} of {values.get('total')} containers running"
    if state.error is None:
        return DockerBody(status=_WORDS[reading.status], note=counted)
    return DockerBody(status="unavailable", note=f"{state.error}; last seen: {counted}")


def portainer_dependency(
    probe: ProbeSettings | None, state: ReadingState | None, now_ms: int
) -> DependencyBody:
    """Tell whether Portainer answers; it is polled together with the engines."""
    if probe is None or state is None or getattr(probe.options, "portainer", None) is None:
        return _NOT_CONFIGURED
    found = polled_dependency(state, now_ms)
    data: Mapping[str, Any] = {} if state.reading is None else state.reading.data
    behind = data.get("portainer")
    error = behind.get("error") if isinstance(behind, Mapping) else None
    if state.error is not None or not isinstance(error, str):
        return found
    return DependencyBody(status="unavailable", last_fetch_ts=found.last_fetch_ts, last_error=error)


def polled_dependency(state: ReadingState, now_ms: int) -> DependencyBody:
    """Tell whether something that is polled answers."""
    status: Word = "ok"
    if state.error is not None:
        status = "unavailable"
    elif state.reading is None or state.is_stale(now_ms):
        status = "unknown"
    elif state.reading.status is ReadingStatus.UNSUPPORTED:
        status = "unavailable"
    return DependencyBody(
        status=status,
        last_fetch_ts=_attempted(state),
        last_error=state.error,
        note="not polled yet" if attempted(state) is None else None,
    )


def attempted(state: ReadingState) -> int | None:
    """Return when the latest poll ended, well or not."""
    return max(
        (at_ms for at_ms in (state.fetched_ms, state.error_ms) if at_ms is not None), default=None
    )


def _attempted(state: ReadingState) -> str | None:
    """Return when the latest poll ended, as it is told."""
    at_ms = attempted(state)
    return None if at_ms is None else iso_utc(at_ms)
