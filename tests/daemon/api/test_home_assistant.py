"""Home Assistant reports that it lives."""

from __future__ import annotations

from collections.abc import AsyncIterator
import json
from typing import Any

import pytest

from opsmonitor.config.settings import Push
from opsmonitor.models.heartbeat import PingKind
from opsmonitor.models.reading import ReadingState
from opsmonitor.util.secret import Secret
from tests.daemon.api.house import House, open_house
from tests.daemon.api.samples import check

_PATH = "/api/homeassistant/heartbeat"
_SIGNS: dict[str, Any] = {"version": "2026.11.0", "state": "RUNNING", "unavailable": 3}


@pytest.fixture
async def waiting() -> AsyncIterator[House]:
    """Return an API with checks that wait for a report."""
    push = Push(token=Secret("0123456789abcdef0123456789abcdef"))
    checks = (check("home-assistant", push=push), check("other", push=Push()), check("nas"))
    async with open_house(*checks) as house:
        yield house


async def test_it_counts(waiting: House) -> None:
    """A report is a ping of the check with the usual id, and its figures are kept."""
    reply = await waiting.post(_PATH, json=_SIGNS)

    assert reply.json == {"counted": True, "check_id": "home-assistant", "note": None}
    [ping] = waiting.store.heard
    assert (ping.check_id, ping.kind, ping.source) == (
        "home-assistant",
        PingKind.SUCCESS,
        "127.0.0.1",
    )
    assert json.loads(ping.body) == _SIGNS


async def test_another_check(waiting: House) -> None:
    """Of several installations each has its own check."""
    reply = await waiting.post(_PATH, json={"check_id": "other"})

    assert reply.json["check_id"] == "other"
    assert [ping.check_id for ping in waiting.store.heard] == ["other"]


@pytest.mark.parametrize("check_id", ["nas", "nobody"])
async def test_nobody_waits(waiting: House, check_id: str) -> None:
    """Where no check waits for it, the answer says what to do."""
    reply = await waiting.post(_PATH, json={"check_id": check_id})

    assert (reply.status, reply.json["counted"]) == (200, False)
    assert "type heartbeat" in reply.json["note"]
    assert waiting.store.heard == []


@pytest.mark.parametrize("body", [{"unavailable": -1}, {"state": ""}, {"mood": "fine"}])
async def test_what_makes_no_sense(waiting: House, body: dict[str, Any]) -> None:
    """A report that is none is refused."""
    assert (await waiting.post(_PATH, json=body)).status == 422


async def test_it_is_read(waiting: House) -> None:
    """Where the probe is configured, it gets the report, whether a check counts it or not."""
    waiting.readings.put(ReadingState(probe="homeassistant", interval_s=60.0))

    reply = await waiting.post(_PATH, json=_SIGNS | {"updates": 2})

    assert reply.json["counted"] is True
    beat = waiting.beats.latest()
    assert beat is not None
    assert (beat.at_ms, beat.version, beat.state) == (
        waiting.clock.now_ms(),
        "2026.11.0",
        "RUNNING",
    )
    assert (beat.unavailable, beat.updates, beat.repairs) == (3, 2, None)


async def test_only_one_is_read() -> None:
    """The probe knows one Home Assistant: what others report is not mixed with it."""
    async with open_house() as house:
        house.readings.put(ReadingState(probe="homeassistant", interval_s=60.0))

        other = await house.post(_PATH, json={"check_id": "other"})
        usual = await house.post(_PATH, json={})

    assert (other.json["counted"], usual.json["counted"]) == (False, True)
    assert "homeassistant: {}" in other.json["note"]


async def test_nothing_is_kept_where_nobody_reads() -> None:
    """Without the probe nothing of it is kept."""
    async with open_house() as house:
        await house.post(_PATH, json=_SIGNS)

        assert house.beats.latest() is None
