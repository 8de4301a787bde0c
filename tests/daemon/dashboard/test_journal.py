"""The table of the last 24 hours."""

from __future__ import annotations

from datetime import timedelta, timezone

from opsmonitor.dashboard import words
from opsmonitor.dashboard.journal import RowMaker, newest
from opsmonitor.dashboard.times import TimeText
from opsmonitor.models.check import EventKind, Status, Transition, Verdict
from opsmonitor.models.reading import ReadingMoment
from tests.daemon.dashboard.samples import NOW_MS, check, run

ROWS = RowMaker({"nas": check()}, TimeText())


def change(at_ms: int = NOW_MS, event: EventKind = EventKind.DOWN) -> Transition:
    """Return a check going down."""
    return Transition(
        check_id="nas",
        at_ms=at_ms,
        event=event,
        status=Status.DOWN,
        previous=Status.UP,
        ok=False,
        error="No answer within 3 s",
    )


def test_change_tells_what_was_before() -> None:
    """A change names the new status and the one before."""
    row = ROWS.event(change())

    assert (row.name, row.text, row.detail) == ("NAS", "Down, was up", "No answer within 3 s")


def test_first_result_is_called_so() -> None:
    """The first judgement is no change from anything."""
    assert ROWS.event(change(event=EventKind.INIT)).text == "Down, first result"


def test_what_happened_between_readings() -> None:
    """A thing that is polled goes by its title, and has no latency."""
    moment = ReadingMoment(at_ms=NOW_MS, name="fritz.home", kind="reconnect", message="reconnected")

    row = ROWS.happening(moment)

    assert (row.name, row.text, row.latency) == ("FRITZ!Box home", "reconnected", words.DASH)


def test_run_tells_its_outcome() -> None:
    """A run's row says how it ended, with the icon of that outcome."""
    row = ROWS.run(run(verdict=Verdict.FAIL, latency_ms=None, error="refused"))

    assert (row.status, row.text, row.latency, row.detail) == (
        "down",
        "failed",
        words.DASH,
        "refused",
    )


def test_removed_check_goes_by_its_id() -> None:
    """What is known of a check that is gone stays readable."""
    assert RowMaker({}, TimeText()).run(run()).name == "nas"


def test_newest_first_and_change_above_its_run() -> None:
    """Rows are sorted by time, a change above the run of the same moment, and cut."""
    run_row = ROWS.run(run())
    rows = [run_row, ROWS.event(change(run_row.at_ms)), ROWS.event(change(NOW_MS))]

    ordered = newest(rows, 2)

    assert [(row.at_ms, row.is_event) for row in ordered] == [
        (NOW_MS, True),
        (run_row.at_ms, True),
    ]


def test_times_in_the_configured_zone() -> None:
    """A configured zone is used and named."""
    zone = timezone(timedelta(hours=1), "CET")

    assert RowMaker({}, TimeText(zone)).event(change()).stamp == "2023-11-14 23:13:20 CET"
