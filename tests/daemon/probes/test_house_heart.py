"""What Home Assistant reports by itself: a reading without a token, and a dead man's switch."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from opsmonitor.engine.house_beats import HouseBeats
from opsmonitor.exceptions import ProbeError
from opsmonitor.models.house_beat import HouseBeat
from opsmonitor.models.reading import Reading, ReadingStatus
from opsmonitor.probes.base import Poll, ProbeContext
from opsmonitor.probes.homeassistant import PROBE, HomeAssistantOptions
from opsmonitor.util.clock import FakeClock
from opsmonitor.util.secret import Secret
from tests.daemon.probes.box_double import Box, status


@pytest.fixture
def beats() -> HouseBeats:
    """Return what was reported."""
    return HouseBeats()


@pytest.fixture
def heard(context: ProbeContext, beats: HouseBeats) -> ProbeContext:
    """Return a context with the reports."""
    return replace(context, beat=beats.latest)


def poll_of(context: ProbeContext, known: Reading | None = None, **options: Any) -> Poll:
    """Return the poll of a Home Assistant."""
    known_by_thing = {} if known is None else {"": known}
    return PROBE.compile(HomeAssistantOptions(**options), replace(context, known=known_by_thing))[
        ""
    ]


def beat(clock: FakeClock, **changes: Any) -> HouseBeat:
    """Return a report of this moment."""
    signs = {
        "version": "2026.11.2",
        "state": "RUNNING",
        "entities": 812,
        "unavailable": 4,
        "updates": 2,
        "repairs": 1,
    }
    return HouseBeat(at_ms=clock.now_ms(), mono_s=clock.monotonic(), **{**signs, **changes})


def kinds(reading: Reading) -> list[tuple[str, str]]:
    """Return what is wrong, and how bad."""
    return [(issue.kind, issue.status.value) for issue in reading.issues]


async def test_a_reading_without_a_token(
    heard: ProbeContext, beats: HouseBeats, clock: FakeClock
) -> None:
    """What it reports is read as if it had been asked; what it does not say is unknown."""
    poll = poll_of(heard)
    beats.take(beat(clock))

    reading = await poll()

    assert (reading.status, reading.issues) == (ReadingStatus.OK, ())
    assert reading.data["heartbeat_ts"] == "2023-11-14T22:13:20.000Z"
    assert reading.data["recorder"] is None
    assert dict(reading.values) == {
        "running": True,
        "version": "2026.11.2",
        "latency_ms": None,
        "entities": 812,
        "entities_unknown": None,
        "entities_unavailable": 4,
        "updates_pending": 2,
        "repairs_open": 1,
        "recorder_backlog": None,
        "reporting": True,
        "recording": None,
    }


async def test_its_state_is_judged(
    heard: ProbeContext, beats: HouseBeats, clock: FakeClock
) -> None:
    """One that stops says so."""
    beats.take(beat(clock, state="STOPPING"))

    assert kinds(await poll_of(heard)()) == [("not_running", "warn")]


async def test_a_token_without_an_address(
    heard: ProbeContext, beats: HouseBeats, clock: FakeClock
) -> None:
    """A key that does nothing is not passed over in silence."""
    beats.take(beat(clock))

    assert (await poll_of(heard, token=Secret("x"))()).note == (
        "the `token` is of no use without a `url`"
    )


async def test_before_the_first_report(heard: ProbeContext, clock: FakeClock) -> None:
    """Where it never reported, a person is told what to turn on, however long it takes."""
    poll = poll_of(heard)
    clock.advance(3600)

    with pytest.raises(ProbeError, match="turn on Heartbeat") as caught:
        await poll()

    assert caught.value.code == "no_heartbeat"


@pytest.mark.parametrize(
    ("after_s", "expected"), [(180, []), (181, [("heartbeat_missing", "crit")])]
)
async def test_silence(
    heard: ProbeContext,
    beats: HouseBeats,
    clock: FakeClock,
    after_s: float,
    expected: list[tuple[str, str]],
) -> None:
    """After three missing reports nothing is known of it but that; a new one mends it."""
    poll = poll_of(heard)
    beats.take(beat(clock))
    clock.advance(after_s)

    reading = await poll()

    assert kinds(reading) == expected
    assert reading.values["reporting"] is not bool(expected)
    assert reading.values["running"] is (None if expected else True)
    assert reading.data["heartbeat_ts"] == "2023-11-14T22:13:20.000Z"
    beats.take(beat(clock))
    assert kinds(await poll()) == []


async def test_a_restart_of_the_daemon(
    heard: ProbeContext, beats: HouseBeats, clock: FakeClock
) -> None:
    """While it was away itself, nobody is blamed; that somebody used to report is remembered."""
    beats.take(beat(clock))
    known = await poll_of(heard)()
    clock.advance(600)
    restarted = poll_of(replace(heard, beat=lambda: None), known)

    clock.advance(170)
    with pytest.raises(ProbeError):
        await restarted()
    clock.advance(11)
    silent = await restarted()

    assert kinds(silent) == [("heartbeat_missing", "crit")]
    assert silent.data["heartbeat_ts"] == known.data["heartbeat_ts"]
    again = poll_of(replace(heard, beat=lambda: None), silent)
    clock.advance(181)
    assert kinds(await again()) == [("heartbeat_missing", "crit")]


async def test_both_ways(heard: ProbeContext, beats: HouseBeats, clock: FakeClock) -> None:
    """It answers and reports; where one of both fails, the other one counts."""
    house = Box({"/manifest.json": {"name": "Home Assistant", "short_name": "Home Assistant"}}, {})
    async with house.serving():
        poll = poll_of(heard, url=Secret(f"http://127.0.0.1:{house.port}"))
        beats.take(beat(clock))
        both = await poll()
        clock.advance(181)
        silent = await poll()
        house.misbehave["/manifest.json"] = status(500)
        with pytest.raises(ProbeError):
            await poll()
        beats.take(beat(clock))
        deaf = await poll()

    assert (both.values["latency_ms"], both.values["entities"], both.note) == (0.0, 812, None)
    assert kinds(silent) == [("heartbeat_missing", "warn")]
    assert deaf.values["entities"] == 812
    assert deaf.note is not None
    assert "cannot be asked" in deaf.note
