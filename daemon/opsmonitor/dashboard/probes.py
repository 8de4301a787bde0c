"""How the page shows what is polled; static/js/probes.js says the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
import re
from typing import TYPE_CHECKING, Final

from opsmonitor.dashboard import words
from opsmonitor.models.reading import ReadingStatus
from opsmonitor.util.clock import iso_utc

if TYPE_CHECKING:
    from opsmonitor.models.reading import ReadingState, Scalar

MOST_VALUES: Final = 6
"""A probe's first values are those that matter most."""
_MOST_ISSUES: Final = 5
_WORDS: Final = {
    ReadingStatus.OK: ("up", "Fine"),
    ReadingStatus.WARN: ("degraded", "Worrying"),
    ReadingStatus.CRIT: ("down", "Critical"),
    ReadingStatus.UNKNOWN: ("pending", "Not known"),
    ReadingStatus.UNSUPPORTED: ("pending", "Not available"),
}
"""The icon, which is that of a check's status, and the word."""
_TITLES: Final = {
    "docker": "Containers",
    "fritz": "FRITZ!Box",
    "homeassistant": "Home Assistant",
    "host": "This machine",
    "nvme": "Drives",
    "ports": "Ports",
    "proxmox": "Proxmox",
}
_UNITS: Final = re.compile(r"_(percent|bytes_per_s|bytes|c|s|ms)$")
_STEP: Final = 1000
_DIGITS: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeCard:
    """One thing that is polled."""

    name: str
    title: str
    status: str
    label: str
    values: Sequence[tuple[str, str]]
    issues: Sequence[str]
    note: str
    error: str
    fetched_iso: str
    fetched_ago: str


def probe_card(state: ReadingState, now_ms: int) -> ProbeCard:
    """Say all about one thing that is polled."""
    reading, fetched_ms = state.reading, state.fetched_ms
    icon, label = _WORDS[ReadingStatus.UNKNOWN if reading is None else reading.status]
    messages = [] if reading is None else [issue.message for issue in reading.issues]
    return ProbeCard(
        name=state.name,
        title=title(state.probe, state.thing),
        status=icon,
        label=label,
        values=shown_values({} if reading is None else reading.values),
        issues=_few(messages),
        note=(reading and reading.note) or "",
        error=state.error or "",
        fetched_iso="" if fetched_ms is None else iso_utc(fetched_ms),
        fetched_ago="never" if fetched_ms is None else words.ago((now_ms - fetched_ms) / 1000),
    )


def title(probe: str, thing: str) -> str:
    """Return how people call a thing."""
    name = _TITLES.get(probe, probe)
    return f"{name} {thing}" if thing else name


def shown_values(values: Mapping[str, Scalar]) -> list[tuple[str, str]]:
    """Return names and values in words."""
    known = [(name, value) for name, value in values.items() if value is not None]
    return [(value_label(name), value_text(name, value)) for name, value in known[:MOST_VALUES]]


def value_label(name: str) -> str:
    """Return a value's name without its unit."""
    return re.sub(r"[._]+", " ", _UNITS.sub("", name)).strip() or name


def value_text(name: str, value: Scalar) -> str:
    """Return a value with its unit."""
    if value is None:
        return words.DASH
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    unit = _UNITS.search(name)
    return _SHOWN[unit[1]](value) if unit else _number(value)


def _bytes(value: float) -> str:
    """Return an amount of bytes."""
    for unit in ("B", "kB", "MB", "GB"):
        if abs(value) < _STEP:
            return f"{_number(value)} {unit}"
        value /= _STEP
    return f"{_number(value)} TB"


def _number(value: float) -> str:
    """Return a number with no more digits than people read."""
    text = f"{value:.0f}" if abs(value) >= _DIGITS else f"{value:.1f}"
    return text.removesuffix(".0")


_SHOWN: Final[Mapping[str, Callable[[float], str]]] = {
    "percent": lambda value: f"{_number(value)} %",
    "bytes": _bytes,
    "bytes_per_s": lambda value: f"{_bytes(value)}/s",
    "c": lambda value: f"{_number(value)} \N{DEGREE SIGN}C",
    "s": words.duration,
    "ms": lambda value: f"{_number(value)} ms",
}


def _few(messages: Sequence[str]) -> list[str]:
    """Return the first messages, and how many more there are."""
    more = len(messages) - _MOST_ISSUES
    return [*messages[:_MOST_ISSUES], *([f"and {more} more"] if more > 0 else [])]
