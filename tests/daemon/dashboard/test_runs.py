"""The bars and the latency line."""

from __future__ import annotations

import re

import pytest

from opsmonitor.dashboard.runs import Strip
from opsmonitor.dashboard.times import TimeText
from opsmonitor.models.check import Verdict
from opsmonitor.models.history import RawRun
from tests.daemon.dashboard.samples import run


def strip(*runs: RawRun, interval_s: float = 30) -> Strip:
    """Draw runs."""
    return Strip(runs, interval_s, TimeText())


def classes(drawn: Strip) -> str:
    """Return the bars' classes in order."""
    return "".join(re.findall(r'<i class="(\w)"', drawn.bars))


def titles(drawn: Strip) -> list[str]:
    """Return the bars' titles in order."""
    return re.findall(r'title="([^"]*)"', drawn.bars)


def test_each_kind_of_run_looks_different() -> None:
    """Good, good on a retry, degraded, failed and unknown runs have their own bars."""
    drawn = strip(
        run(0),
        run(30, attempts=2),
        run(60, verdict=Verdict.DEGRADED),
        run(90, verdict=Verdict.FAIL, latency_ms=None),
        run(120, verdict=Verdict.UNKNOWN, latency_ms=None),
    )

    assert classes(drawn) == "orsfu"


@pytest.mark.parametrize(
    ("one", "title"),
    [
        (run(), "2023-11-14 21:58:20 UTC, good, 10 ms"),
        (run(attempts=3), "2023-11-14 21:58:20 UTC, good on attempt 3, 10 ms"),
        (
            run(verdict=Verdict.FAIL, latency_ms=None, error="No answer within 3 s"),
            "2023-11-14 21:58:20 UTC, failed: No answer within 3 s",
        ),
        (
            run(verdict=Verdict.DEGRADED, latency_ms=1500, error="Slower than 1000 ms"),
            "2023-11-14 21:58:20 UTC, degraded, 1.50 s: Slower than 1000 ms",
        ),
        (
            run(verdict=Verdict.UNKNOWN, latency_ms=None, error="no ping has come yet"),
            "2023-11-14 21:58:20 UTC, unknown: no ping has come yet",
        ),
    ],
)
def test_bar_says_time_result_latency_and_error(one: RawRun, title: str) -> None:
    """A bar's title tells everything about its run."""
    assert titles(strip(one)) == [title]


def test_pause_between_runs_is_shown() -> None:
    """Time without runs takes a slot of its own, so that it does not look like good runs."""
    drawn = strip(run(0), run(600), interval_s=30)

    assert classes(drawn) == "ogo"
    assert titles(drawn)[1] == "no run for 10 min"


def test_only_the_last_thirty_slots_are_drawn() -> None:
    """More runs than slots drop the oldest."""
    drawn = strip(*(run(30 * place) for place in range(40)))

    assert len(titles(drawn)) == 30
    assert titles(drawn)[0].startswith("2023-11-14 22:03:20")


def test_summary_counts_the_kinds() -> None:
    """Who cannot see the bars hears what they add up to."""
    drawn = strip(run(0), run(30), run(60, verdict=Verdict.FAIL))

    assert drawn.label == "Last 3 runs: 2 good, 1 failed"


def test_no_runs() -> None:
    """A check without runs has no bars and no line."""
    drawn = strip()

    assert (drawn.bars, drawn.line, drawn.scale) == ("", "", "")
    assert drawn.label == "No runs yet"


def test_line_breaks_at_a_failed_run() -> None:
    """The latency line does not bridge a failed run, whose latency says nothing."""
    drawn = strip(
        run(0, latency_ms=5), run(30, verdict=Verdict.FAIL, latency_ms=90), run(60, latency_ms=10)
    )

    assert drawn.line == "M110 12.5h.01M118 2.0h.01"


def test_newest_run_is_at_the_right() -> None:
    """Few runs stand at the right end, where new ones will come."""
    drawn = strip(run(0, latency_ms=10), run(30, latency_ms=5))

    assert drawn.line == "M114 2.0L118 12.5"
    assert drawn.area == "M114 24L114 2.0L118 12.5L118 24Z"


def test_latency_of_zero_is_drawn() -> None:
    """A latency too small to measure does not divide by zero."""
    assert strip(run(latency_ms=0)).line == "M118 23.0h.01"


def test_scale_is_the_range() -> None:
    """The scale names the lowest and the highest latency, once if they are the same."""
    assert strip(run(0, latency_ms=5), run(30, latency_ms=20)).scale == "5.0 ms to 20 ms"
    assert strip(run(0, latency_ms=5), run(30, latency_ms=5)).scale == "5.0 ms"


def test_error_is_escaped() -> None:
    """An error text cannot leave its title."""
    drawn = strip(run(verdict=Verdict.FAIL, error='"><script>alert(1)</script>'))

    assert "<script" not in drawn.bars
    assert '"&gt;' not in drawn.bars


def test_script_gets_times_and_latencies() -> None:
    """The script goes on from the same times, as distances, and the same latencies."""
    drawn = strip(run(0, latency_ms=1.23456), run(30, latency_ms=None, verdict=Verdict.FAIL))

    assert drawn.latencies == "1.235 -"
    assert drawn.starts == "1699999100 30"
