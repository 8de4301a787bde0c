"""What the daemon knows in the text format of Prometheus: pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from opsmonitor.models.check import Status
from opsmonitor.models.reading import ReadingStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from opsmonitor.config.settings import CheckSettings
    from opsmonitor.models.check import CheckState
    from opsmonitor.models.reading import ReadingState


@dataclass(slots=True)
class MetricsText:
    """Collect metrics, family by family."""

    _lines: list[str] = field(default_factory=list)

    def family(
        self, name: str, kind: str, about: str, samples: Iterable[tuple[Mapping[str, str], float]]
    ) -> None:
        """Add a family with its samples; one without samples is left out."""
        lines = [f"{name}{_labels(labels)} {_number(value)}" for labels, value in samples]
        if lines:
            self._lines += [f"# HELP {name} {about}", f"# TYPE {name} {kind}", *lines]

    def single(self, name: str, kind: str, about: str, value: float | None) -> None:
        """Add a family of one sample without labels; nothing where the value is unknown."""
        self.family(name, kind, about, [] if value is None else [({}, value)])

    def text(self) -> str:
        """Return everything."""
        return "\n".join(self._lines) + "\n"


def add_checks(
    metrics: MetricsText, checks: Mapping[str, CheckSettings], states: Mapping[str, CheckState]
) -> None:
    """Add the state of every check."""
    known = [
        ({"id": check.id, "name": check.name, "type": check.type}, states[check.id])
        for check in checks.values()
    ]
    metrics.family(
        "opsmonitor_check_up",
        "gauge",
        "Whether the check was judged up (1) or down (0); absent while nobody can tell.",
        [(labels, float(state.shown_ok)) for labels, state in known if state.shown_ok is not None],
    )
    metrics.family(
        "opsmonitor_check_status",
        "gauge",
        "The status of the check: 1 for the one it has.",
        [
            ({**labels, "status": status.value}, float(state.status is status))
            for labels, state in known
            for status in Status
            if status is not Status.UNMONITORED
        ],
    )
    metrics.family(
        "opsmonitor_check_flapping",
        "gauge",
        "Whether the check changes too often (1) or not (0).",
        [(labels, float(state.flapping_since_ms is not None)) for labels, state in known],
    )
    metrics.family(
        "opsmonitor_check_latency_seconds",
        "gauge",
        "How long the latest run took.",
        [
            (labels, state.outcome.latency_ms / 1000)
            for labels, state in known
            if state.outcome is not None and state.outcome.latency_ms is not None
        ],
    )
    metrics.family(
        "opsmonitor_check_last_run_timestamp_seconds",
        "gauge",
        "When the latest run ended.",
        [
            (labels, state.last_run_ms / 1000)
            for labels, state in known
            if state.last_run_ms is not None
        ],
    )


def add_readings(metrics: MetricsText, readings: Mapping[str, ReadingState]) -> None:
    """Add what is polled in the background."""
    known = [({"probe": it.probe, "thing": it.thing}, it) for it in readings.values()]
    metrics.family(
        "opsmonitor_reading_status",
        "gauge",
        "How well the thing is that is polled: 1 for the status it has.",
        [
            ({**labels, "status": status.value}, float(state.reading.status is status))
            for labels, state in known
            if state.reading is not None
            for status in ReadingStatus
        ],
    )
    metrics.family(
        "opsmonitor_reading_value",
        "gauge",
        "The latest values that were read; true is 1 and false is 0.",
        [
            ({**labels, "value": name}, float(value))
            for labels, state in known
            if state.reading is not None
            for name, value in state.reading.values.items()
            if isinstance(value, int | float)
        ],
    )
    metrics.family(
        "opsmonitor_reading_failed",
        "gauge",
        "Whether the latest poll failed (1) or not (0).",
        [(labels, float(state.error is not None)) for labels, state in known],
    )
    metrics.family(
        "opsmonitor_reading_last_fetch_timestamp_seconds",
        "gauge",
        "When the thing was last read successfully.",
        [
            (labels, state.fetched_ms / 1000)
            for labels, state in known
            if state.fetched_ms is not None
        ],
    )


def _labels(labels: Mapping[str, str]) -> str:
    """Return labels in braces."""
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escape(value)}"' for name, value in labels.items()) + "}"


def _escape(value: str) -> str:
    """Return a value as it may stand between quotes."""
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _number(value: float) -> str:
    """Return a number without needless digits."""
    return str(int(value)) if value == int(value) else repr(value)
