"""The last runs of a check as bars and as a latency line."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from markupsafe import Markup, escape

from opsmonitor.dashboard import words
from opsmonitor.models.check import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from opsmonitor.dashboard.times import TimeText
    from opsmonitor.models.history import RawRun

SLOTS: Final = 30
"""Bars of one check."""
_WIDTH: Final = 4
"""Of one slot, in units of the SVG's view box."""
_TOP: Final = 2
_FLOOR: Final = 23
"""Where the line runs at its highest, and at no latency."""
_GAP_RUNS: Final = 3
"""So many intervals without a run are shown as a gap."""

_KINDS: Final = {
    "o": "good",
    "r": "good only after a retry",
    "s": "degraded",
    "f": "failed",
    "u": "unknown",
    "g": "not monitored",
}
"""The bars' CSS classes: one letter, because a page can hold 30,000."""
_LETTERS: Final = {Verdict.DEGRADED: "s", Verdict.FAIL: "f", Verdict.UNKNOWN: "u"}


def kind(run: RawRun) -> str:
    """Return the class of a run's bar."""
    if run.verdict is not Verdict.OK:
        return _LETTERS[run.verdict]
    return "r" if run.attempts > 1 else "o"


def label(run: RawRun) -> str:
    """Say in a word or two how a run ended."""
    if run.verdict is not Verdict.OK:
        return _KINDS[_LETTERS[run.verdict]]
    return f"good on attempt {run.attempts}" if run.attempts > 1 else "good"


class Strip:
    """What is drawn of one check's last runs."""

    __slots__ = ("area", "bars", "label", "latencies", "line", "scale", "starts")

    def __init__(self, runs: Sequence[RawRun], interval_s: float, times: TimeText) -> None:
        """Draw the runs, oldest first; a pause between two of them takes a slot too."""
        slots = list(_slots(runs, interval_s))[-SLOTS:]
        known = [_latency(run) for _, _, run in slots]
        kinds = "".join(kind(run) if run else "g" for _, _, run in slots)
        bars = [
            f'<i class="{letter}" role="img" title="{_title(gap_ms, run, times)}"></i>'
            for letter, (_, gap_ms, run) in zip(kinds, slots, strict=True)
        ]
        # By hand, as most of a page's bytes are made here; a title escapes its own texts.
        self.bars = Markup("".join(bars))  # noqa: S704
        self.label = _summary(kinds)
        self.line, self.area = line(known)
        self.scale = scale([value for value in known if value is not None])
        self.latencies = " ".join("-" if value is None else f"{value:.4g}" for value in known)
        """What the script goes on drawing from."""
        seconds = [at_ms // 1000 for at_ms, _, _ in slots]
        self.starts = " ".join([str(at - before) for before, at in pairwise([0, *seconds])])
        """When each bar begins, as the distance from the one before."""


def _slots(runs: Sequence[RawRun], interval_s: float) -> Iterator[tuple[int, int, RawRun | None]]:
    """Yield when each bar begins, and either a run or the length of a pause in milliseconds."""
    longest_ms = interval_s * 1000 * _GAP_RUNS
    before_ms: int | None = None
    for run in runs:
        if before_ms is not None and run.at_ms - before_ms > longest_ms:
            yield before_ms, run.at_ms - before_ms, None
        yield run.at_ms, 0, run
        before_ms = run.at_ms


def _latency(run: RawRun | None) -> float | None:
    """Return what the line shows: how fast a target refuses says nothing of its speed."""
    return None if run is None or run.verdict is Verdict.FAIL else run.latency_ms


def _title(gap_ms: int, run: RawRun | None, times: TimeText) -> str:
    """Return what a bar means, escaped."""
    if run is None:
        return f"no run for {words.duration(gap_ms / 1000)}"
    text = f"{times.stamp(run.at_ms)}, {label(run)}"
    if run.latency_ms is not None:
        text += f", {words.latency(run.latency_ms)}"
    return f"{text}: {_escaped(run.error)}" if run.error else text


@lru_cache(maxsize=512)
def _escaped(text: str) -> str:
    """Return a text for an attribute; a check that fails says the same thirty times."""
    return str(escape(text))


def _summary(kinds: str) -> str:
    """Sum the bars up for those who do not see them."""
    if not kinds:
        return "No runs yet"
    counts = [f"{kinds.count(letter)} {word}" for letter, word in _KINDS.items() if letter in kinds]
    return f"Last {len(kinds)} runs: {', '.join(counts)}"


def scale(known: Sequence[float]) -> str:
    """Return the range of the latencies."""
    if not known:
        return ""
    low, high = words.latency(min(known)), words.latency(max(known))
    return low if low == high else f"{low} to {high}"


def line(known: Sequence[float | None]) -> tuple[str, str]:
    """Return the latency line and the area under it as SVG paths, broken where none is known."""
    top = max((value for value in known if value is not None), default=0) or 1
    factor = (_FLOOR - _TOP) / top
    drawn: list[str] = []
    filled: list[str] = []
    points: list[str] = []
    left = x = (SLOTS - len(known)) * _WIDTH + _WIDTH // 2
    for value in (*known, None):
        if value is not None:
            left = left if points else x
            points.append(f"{x} {_FLOOR - value * factor:.1f}")
        elif points:
            path = "L".join(points)
            drawn.append(f"M{path}" if len(points) > 1 else f"M{path}h.01")
            filled.append(f"M{left} 24L{path}L{x - _WIDTH} 24Z")
            points = []
        x += _WIDTH
    return "".join(drawn), "".join(filled)
