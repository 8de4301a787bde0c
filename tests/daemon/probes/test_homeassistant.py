"""The Home Assistant probe against its REST and WebSocket API, well-behaved and otherwise."""

from __future__ import annotations

from collections.abc import AsyncIterator
import json
import threading
from typing import Any, cast

from aiohttp import web
from hypothesis import given, strategies as st
import pytest
import voluptuous as vol

from opsmonitor.exceptions import ProbeError
from opsmonitor.models.reading import Reading, ReadingStatus
from opsmonitor.parts.home_assistant import (
    HomeAssistantLimits,
    House,
    count_states,
    house_reading,
    read_core,
    read_counts,
    read_recorder,
    read_repairs,
)
from opsmonitor.probes.base import Poll
from opsmonitor.probes.homeassistant import PROBE
from opsmonitor.util.json_parts import parse_in_parts
from opsmonitor.util.redact import redact_text
from tests.daemon.odd import ODD, odd_documents
from tests.daemon.probes.box_double import Misbehave, hang, raw, reset, status
from tests.daemon.probes.conftest import MakePolls
from tests.daemon.probes.house_double import (
    CONFIG,
    COUNTS,
    LOGIN,
    RECORDER,
    REPAIRS,
    STATES,
    HouseDouble,
)


@pytest.fixture
async def house() -> AsyncIterator[HouseDouble]:
    """Return a Home Assistant that listens."""
    double = HouseDouble()
    async with double.serving():
        yield double


def section(house: HouseDouble, **more: Any) -> dict[str, Any]:
    """Return the section for this Home Assistant."""
    return {"url": f"http://127.0.0.1:{house.port}", "token": LOGIN, **more}


@pytest.fixture
def poll(make_polls: MakePolls, house: HouseDouble) -> Poll:
    """Return the poll of it."""
    return make_polls(PROBE, **section(house))[""]


def told(reading: Reading) -> list[tuple[str, str]]:
    """Return what is wrong, and how bad."""
    return [(issue.kind, issue.status.value) for issue in reading.issues]


async def test_a_house_that_is_well(poll: Poll) -> None:
    """What helps is shown, and nothing of where people live."""
    reading = await poll()

    assert (reading.status, reading.issues, reading.note) == (ReadingStatus.OK, (), None)
    assert dict(reading.data) == {
        "version": "2026.11.2",
        "state": "RUNNING",
        "recovery_mode": False,
        "safe_mode": False,
        "latency_ms": 0.0,
        "entities": 812,
        "entities_unknown": 7,
        "entities_unavailable": 2,
        "unavailable": ["light.attic", "sensor.old"],
        "updates_pending": 1,
        "updates": [
            {
                "entity_id": "update.core",
                "name": "Home Assistant Core",
                "installed_version": "2026.11.2",
                "latest_version": "2026.11.3",
            }
        ],
        "repairs_open": 1,
        "heartbeat_ts": None,
        "recorder": {
            "recording": True,
            "thread_running": True,
            "backlog": 3,
            "max_backlog": 65000,
            "migrating": False,
        },
    }
    assert reading.values["updates_pending"] == 1
    assert reading.values["running"] is True
    assert reading.values["recorder_backlog"] == 3


async def test_a_poll_makes_three_requests(poll: Poll, house: HouseDouble) -> None:
    """The states of the whole house are not sent around."""
    await poll()

    assert house.asked == ["GET /api/config", "POST /api/template", "GET /api/websocket"]


async def test_users_that_are_no_administrators(poll: Poll, house: HouseDouble) -> None:
    """Counting is refused to them, once: a refusal is a failed login, which may get us banned."""
    house.misbehave["/api/template"] = status(401)

    await poll()
    reading = await poll()

    assert reading.note is None
    assert reading.values["entities"] == 4
    assert reading.values["entities_unavailable"] == 1
    assert reading.values["updates_pending"] == 1
    assert len([path for path in house.asked if "template" in path]) == 1


async def test_a_large_house_does_not_hold_up_the_others(
    poll: Poll, house: HouseDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The states of all its entities are read in a thread."""
    threads: list[threading.Thread] = []

    def parse(body: bytes) -> Any:
        """Note who reads."""
        threads.append(threading.current_thread())
        return parse_in_parts(body)

    monkeypatch.setattr("opsmonitor.clients.json_api.parse_in_parts", parse)
    house.misbehave["/api/template"] = status(401)
    entity = {"state": "unavailable", "attributes": {"icon": "x" * 100}}
    states = [{**entity, "entity_id": f"light.n{number}"} for number in range(3000)]
    house.answers["/api/states"] = states

    reading = await poll()

    assert reading.values["entities_unavailable"] == 3000
    assert [thread is threading.main_thread() for thread in threads] == [False]


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"state": "STARTING"}, [("not_running", "warn")]),
        ({"state": "NOT_RUNNING"}, [("not_running", "warn")]),
        ({"recovery_mode": True, "safe_mode": True}, [("recovery_mode", "crit")]),
        ({"safe_mode": True}, [("safe_mode", "warn")]),
    ],
)
async def test_the_state_of_the_core(
    poll: Poll, house: HouseDouble, config: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    """Whatever is not running as it should is told."""
    house.answers["/api/config"] = {**CONFIG, **config}

    assert told(await poll()) == expected


@pytest.mark.parametrize(
    ("recorder", "expected"),
    [
        ({"backlog": 5000}, [("recorder_backlog", "warn")]),
        ({"backlog": 60000}, [("recorder_backlog", "crit")]),
        ({"recording": False}, [("recorder_stopped", "crit")]),
        ({"thread_running": False}, [("recorder_stopped", "crit")]),
    ],
)
async def test_the_recorder(
    poll: Poll, house: HouseDouble, recorder: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    """A recorder that lags or stands still loses history."""
    house.results["recorder/info"] = {**RECORDER, **recorder}

    assert told(await poll()) == expected


async def test_limits(make_polls: MakePolls, house: HouseDouble) -> None:
    """Numbers are judged by limits of one's own, and known trouble can be ignored."""
    limits = {"unavailable": {"warn": 2}, "updates": {"crit": 1}, "repairs": {"warn": 1}}
    reading = await make_polls(PROBE, **section(house, **limits))[""]()
    ignoring = make_polls(PROBE, **section(house, **limits, ignore=["updates_pending"]))[""]

    assert told(reading) == [
        ("updates_pending", "crit"),
        ("entities_unavailable", "warn"),
        ("repairs_open", "warn"),
    ]
    assert (await ignoring()).status is ReadingStatus.WARN


async def test_commands_that_it_does_not_know(poll: Poll, house: HouseDouble) -> None:
    """Older versions tell less: that is unknown, and no trouble."""
    house.results.clear()

    reading = await poll()

    assert (reading.status, reading.note) == (ReadingStatus.OK, None)
    assert reading.data["recorder"] is None
    assert reading.values["repairs_open"] is None


async def test_a_wrong_token_is_not_a_house_that_is_down(
    make_polls: MakePolls, house: HouseDouble
) -> None:
    """It is not tried again soon, and not repeated."""
    keys = section(house) | {"token": "wrong.hunter3"}
    with pytest.raises(ProbeError) as caught:
        await make_polls(PROBE, **keys)[""]()

    assert caught.value.code == "unauthorized"
    assert caught.value.wait_s >= 900
    assert "hunter3" not in str(caught.value)
    assert "does not accept the token; make a new long-lived one" in str(caught.value)
    assert redact_text(str(caught.value)) == str(caught.value)
    assert house.asked == ["GET /api/config"]


async def test_without_a_token(make_polls: MakePolls, house: HouseDouble) -> None:
    """Whether it answers is known, and the note says how to know more; no login is tried."""
    house.answers["/manifest.json"] = {"name": "Home Assistant", "short_name": "Home Assistant"}
    house.headers.clear()
    poll = make_polls(PROBE, url=f"http://127.0.0.1:{house.port}")[""]

    reading = await poll()

    assert reading.status is ReadingStatus.OK
    assert reading.note is not None
    assert (reading.values["latency_ms"], reading.values["running"]) == (0.0, None)
    assert house.asked == ["GET /manifest.json"]
    house.answers["/manifest.json"] = {"something": "else"}
    with pytest.raises(ProbeError):
        await poll()


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (status(403), "banned"),
        (status(500), "http_status"),
        (status(404), "http_status"),
        (status(301), "redirected"),
        (raw(b"<html>"), "invalid_response"),
        (reset, "connection_closed"),
    ],
)
async def test_a_house_that_cannot_be_asked(
    poll: Poll, house: HouseDouble, trouble: Misbehave, code: str
) -> None:
    """Each way to fail has its code."""
    house.misbehave["/api/config"] = trouble

    with pytest.raises(ProbeError) as caught:
        await poll()

    assert caught.value.code == code


@pytest.mark.parametrize("trouble", [status(400), reset, raw(b"{"), hang])
async def test_entities_that_cannot_be_counted(
    make_polls: MakePolls, house: HouseDouble, trouble: Misbehave, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest is told all the same, and the note says why something is missing."""
    monkeypatch.setattr("opsmonitor.probes.homeassistant._REQUEST_S", 0.5)
    house.misbehave["/api/template"] = trouble

    reading = await make_polls(PROBE, **section(house))[""]()

    assert reading.values["entities"] is None
    assert reading.values["recorder_backlog"] == 3
    assert reading.note is not None
    assert "could not be counted" in reading.note


async def bad_talk(request: web.Request) -> web.StreamResponse:
    """Say nonsense over the WebSocket."""
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    await socket.send_str("{")
    return socket


async def no_talk(request: web.Request) -> web.StreamResponse:
    """Open the conversation and say nothing."""
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    await socket.receive()
    return socket


async def short_talk(request: web.Request) -> web.StreamResponse:
    """End the conversation at once."""
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    await socket.close()
    return socket


@pytest.mark.parametrize(
    "trouble", [status(404), reset, hang, bad_talk, no_talk, short_talk, raw(b"hi")]
)
async def test_a_recorder_that_cannot_be_asked(
    make_polls: MakePolls, house: HouseDouble, trouble: Misbehave, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy that lets no WebSocket through hides the recorder, and nothing else."""
    monkeypatch.setattr("opsmonitor.probes.homeassistant._REQUEST_S", 0.5)
    house.misbehave["/api/websocket"] = trouble

    reading = await make_polls(PROBE, **section(house))[""]()

    assert reading.values["recorder_backlog"] is None
    assert reading.values["entities"] == 812
    assert reading.note is not None
    assert "the recorder could not be asked" in reading.note


@pytest.mark.parametrize(
    "keys",
    [
        {"url": ""},
        {"url": "ws://homeassistant.local", "token": "x"},
        {"url": "http://homeassistant.local", "token": "x", "updates": {"warn": 0}},
    ],
)
def test_wrong_sections_are_refused(make_polls: MakePolls, keys: dict[str, Any]) -> None:
    """An address that is none, and limits that are none."""
    with pytest.raises(vol.Invalid):
        make_polls(PROBE, **keys)


@given(
    odd_documents(CONFIG),
    odd_documents(COUNTS),
    odd_documents(STATES) | ODD,
    odd_documents(RECORDER),
    odd_documents(REPAIRS),
    st.sampled_from(["counts", "states"]),
)
def test_parsers_take_whatever_comes(
    config: Any, counts: Any, states: Any, recorder: Any, repairs: Any, way: str
) -> None:
    """Whatever it says, there is a reading, and it can be stored and sent anywhere."""
    house = House(
        core=read_core(config),
        entities=count_states(states) if way == "states" else read_counts(counts),
        recorder=read_recorder(recorder),
        repairs=read_repairs(repairs),
    )

    reading = house_reading(house, HomeAssistantLimits(), frozenset())

    kept = cast("Any", [reading.data, dict(reading.values)])
    json.dumps(kept, allow_nan=False, ensure_ascii=False).encode()
