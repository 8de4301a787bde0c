"""The page's words."""

from __future__ import annotations

import pytest

from opsmonitor.dashboard import words
from opsmonitor.models.check import (
    Acknowledgement,
    CheckState,
    EventKind,
    Outcome,
    Pause,
    Status,
    Transition,
    Verdict,
)
from opsmonitor.models.reading import ReadingStatus
from tests.daemon.dashboard.samples import state

UP, DOWN, DEGRADED = Status.UP, Status.DOWN, Status.DEGRADED
PENDING, PAUSED, UNREACHABLE = Status.PENDING, Status.PAUSED, Status.UNREACHABLE


@pytest.mark.parametrize(
    ("statuses", "sentence"),
    [
        ([], "No checks are configured"),
        ([UP], "A is up"),
        ([DOWN], "A is down"),
        ([UP, UP, UP], "All 3 checks are up"),
        ([PENDING, PENDING], "Waiting for the first results of 2 checks"),
        ([UP, PENDING, PAUSED], "1 of 3 checks are up, 1 waiting for a first result, 1 paused"),
        ([UP, DOWN], "1 of 2 is down: B"),
        ([DOWN, UP, DOWN], "2 of 3 are down: A, C"),
        ([DOWN] * 6, "6 of 6 are down: A, B, C and 3 more"),
        ([DEGRADED, DOWN, UP], "1 of 3 is down: B; 1 is degraded: A"),
        ([UNREACHABLE, UNREACHABLE, UP], "2 of 3 are unreachable: A, B"),
    ],
)
def test_verdict_is_one_sentence(statuses: list[Status], sentence: str) -> None:
    """The verdict counts and names what is wrong, worst first."""
    named = list(zip("ABCDEF", statuses, strict=False))

    assert words.verdict(named) == sentence


@pytest.mark.parametrize(
    ("own", "proxmox", "is_critical", "status", "more"),
    [
        (UP, None, False, UP, ""),
        (UP, ReadingStatus.OK, False, UP, ""),
        (UP, ReadingStatus.UNKNOWN, False, UP, ""),
        (UP, ReadingStatus.WARN, False, DEGRADED, "; Proxmox is worrying"),
        (UP, ReadingStatus.CRIT, False, DEGRADED, "; Proxmox is critical"),
        (UP, ReadingStatus.CRIT, True, DOWN, "; Proxmox is critical"),
        (PENDING, ReadingStatus.CRIT, True, DOWN, "; Proxmox is critical"),
        (DOWN, ReadingStatus.WARN, True, DOWN, "; Proxmox is worrying"),
        (UNREACHABLE, ReadingStatus.CRIT, False, UNREACHABLE, "; Proxmox is critical"),
    ],
)
def test_proxmox_has_a_say(
    own: Status,
    proxmox: ReadingStatus | None,
    is_critical: bool,  # noqa: FBT001
    status: Status,
    more: str,
) -> None:
    """A page on which Proxmox is critical never looks as if all were well."""
    assert words.worn(own, proxmox, is_critical=is_critical) is status
    assert words.with_proxmox("All is up", proxmox) == f"All is up{more}"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, words.DASH),
        (100.0, "100 %"),
        (99.9999, "99.99 %"),
        (99.5, "99.50 %"),
        (0.0, "0.00 %"),
    ],
)
def test_uptime_never_flatters(value: float | None, text: str) -> None:
    """An uptime is rounded down, and unknown is a dash."""
    assert words.percent(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, words.DASH),
        (0.04, "0.0 ms"),
        (9.94, "9.9 ms"),
        (9.96, "10 ms"),
        (23.5, "24 ms"),
        (999.4, "999 ms"),
        (999.6, "1.00 s"),
        (12_340, "12.34 s"),
    ],
)
def test_latency_has_as_many_digits_as_it_needs(value: float | None, text: str) -> None:
    """A latency is written in the unit a person would use."""
    assert words.latency(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (5400, "1 h 30 min"),
        (86_400, "1 d"),
        (100_000, "1 d 3 h"),
    ],
)
def test_duration_in_two_units(seconds: float, text: str) -> None:
    """A duration is told by its two biggest units."""
    assert words.duration(seconds) == text


def test_just_now() -> None:
    """What happened within the second was just now."""
    assert words.ago(0.4) == "just now"


def test_failing_check_that_is_still_up_says_so() -> None:
    """Failing runs below the threshold are told, though the status does not show them yet."""
    assert words.hint(state(fail_streak=1), down_threshold=3) == "failing 1 of 3"


def test_down_check_has_no_hint() -> None:
    """Once down, the count of failures is no news."""
    assert words.hint(state(status=DOWN, fail_streak=7), down_threshold=3) == ""


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([UP, DEGRADED, DOWN], DOWN),
        ([UP, PAUSED], UP),
        ([PENDING, PAUSED], PENDING),
        ([], PENDING),
    ],
)
def test_page_wears_the_worst_status(statuses: list[Status], expected: Status) -> None:
    """The page's colour is that of the worst check."""
    assert words.worst(statuses) is expected


def test_note_names_the_root_cause_and_what_people_said() -> None:
    """A card says by name what is the cause, until when it is paused and who knows."""
    state = CheckState(
        id="nas",
        type="tcp",
        because="router",
        pause=Pause(since_ms=0, until_ms=60_000, reason="new disk"),
        acknowledged=Acknowledgement(at_ms=0, by="Ada", note="soon"),
    )

    told = words.note(state, {"router": "Router"}, lambda at_ms: f"minute {at_ms // 60_000}")

    assert told == (
        "Depends on Router, which is down. Paused until minute 1: new disk. "
        "Acknowledged by Ada: soon"
    )
    assert words.note(CheckState(id="nas", type="tcp"), {}, str) == ""


def test_note_has_the_latest_ping() -> None:
    """The card of a job tells when it last reported."""
    outcome = Outcome(verdict=Verdict.OK, data={"last_ping": "1970-01-01T00:02:00.000Z"})
    state = CheckState(id="backup", type="heartbeat", outcome=outcome)

    assert words.note(state, {}, lambda at_ms: f"minute {at_ms // 60_000}") == "Last ping minute 2"


@pytest.mark.parametrize(
    ("event", "status", "previous", "text"),
    [
        (EventKind.INIT, Status.UP, Status.PENDING, "Up, first result"),
        (EventKind.UNREACHABLE, Status.UNREACHABLE, Status.DOWN, "Unreachable, was down"),
        (EventKind.PAUSED, Status.PAUSED, Status.PAUSED, "Paused, again"),
        (EventKind.ACKNOWLEDGED, Status.DOWN, Status.DOWN, "Down, acknowledged"),
        (EventKind.UNACKNOWLEDGED, Status.DOWN, Status.DOWN, "Down, no longer acknowledged"),
        (EventKind.ACTION_STARTED, Status.DOWN, Status.DOWN, "Action begins"),
        (EventKind.ACTION_DONE, Status.DOWN, Status.DOWN, "Action done"),
        (EventKind.ACTION_FAILED, Status.DOWN, Status.DOWN, "Action failed"),
        (EventKind.ACTION_GIVEN_UP, Status.DOWN, Status.DOWN, "No further action"),
    ],
)
def test_changes_in_words(event: EventKind, status: Status, previous: Status, text: str) -> None:
    """The journal says what became of a check, and what it was before."""
    told = Transition(
        check_id="nas", at_ms=0, event=event, status=status, previous=previous, ok=None
    )

    assert words.change(told) == text
