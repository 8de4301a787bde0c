"""What is polled, as the API tells it."""

from __future__ import annotations

from typing import Any

from opsmonitor.models.history import ValuePoint
from opsmonitor.models.reading import (
    Issue,
    Reading,
    ReadingEvent,
    ReadingMoment,
    ReadingState,
    ReadingStatus,
)
from tests.daemon.api.house import House
from tests.daemon.api.listener import listen


def state(house: House, **values: Any) -> ReadingState:
    """Return a state of the host with an issue."""
    issue = Issue(
        kind="disk_full", status=ReadingStatus.WARN, message="/ is 91 % full", data={"mount": "/"}
    )
    reading = Reading(
        data={"hostname": "nas", **values},
        values=values,
        status=ReadingStatus.WARN,
        issues=(issue,),
    )
    return ReadingState(
        probe="host", interval_s=30, reading=reading, fetched_ms=house.clock.now_ms()
    )


async def test_a_reading_has_its_values_and_how_it_is(house: House) -> None:
    """The values stand at the top, beside status, issues, time and error."""
    house.readings.put(state(house, memory_percent=40.5))

    reply = await house.get("/api/host")

    assert reply.status == 200
    assert reply.json == {
        "hostname": "nas",
        "memory_percent": 40.5,
        "status": "warn",
        "issues": [
            {"mount": "/", "kind": "disk_full", "status": "warn", "message": "/ is 91 % full"}
        ],
        "note": None,
        "last_fetch_ts": "2023-11-14T22:13:20.000Z",
        "last_error": None,
        "stale": False,
    }


async def test_the_old_path_answers_the_same(house: House) -> None:
    """Scripts made for a predecessor keep working."""
    house.readings.put(state(house, memory_percent=40.5))

    assert (await house.get("/host/status")).json == (await house.get("/api/host")).json


async def test_nothing_known_yet(house: House) -> None:
    """Before the first good poll the answer says why there is nothing."""
    house.readings.put(ReadingState(probe="host", interval_s=30, error="no permission"))

    reply = await house.get("/api/host")

    assert reply.json["status"] == "unknown"
    assert reply.json["last_error"] == "no permission"
    assert reply.json["last_fetch_ts"] is None
    assert reply.json["stale"] is True


async def test_what_is_not_configured_is_said_so(house: House) -> None:
    """The answer is 404 with the remedy."""
    reply = await house.get("/api/host")

    assert reply.status == 404
    assert reply.error["code"] == "not_configured"
    assert "enabled: false" in reply.error["message"]


async def test_an_unchanged_reading_is_not_sent_again(house: House) -> None:
    """The tag changes with a poll, and when the reading grows stale by itself."""
    house.readings.put(state(house, memory_percent=40.5))
    tag = {"If-None-Match": (await house.get("/api/host")).headers["ETag"]}
    same = await house.get("/api/host", headers=tag)
    house.clock.advance(121)
    stale = await house.get("/api/host", headers=tag)

    assert same.status == 304
    assert stale.status == 200
    assert stale.json["stale"] is True


async def test_everything_in_short(house: House) -> None:
    """One answer has the values of all things by name."""
    house.readings.put(state(house, memory_percent=40.5))

    [reading] = (await house.get("/api/readings")).json

    assert reading["name"] == "host"
    assert reading["values"] == {"memory_percent": 40.5}
    assert reading["status"] == "warn"


async def test_events_newest_first(house: House) -> None:
    """What happened between readings can be asked for by name."""
    for number in (1, 2):
        house.store.moments.append(
            ReadingMoment(at_ms=number, name="ports", kind="new_listener", message=f"TCP {number}")
        )

    found = (await house.get("/api/readings/events?name=ports&limit=1")).json
    others = (await house.get("/api/readings/events?name=fritz")).json

    assert [event["message"] for event in found] == ["TCP 2"]
    assert others == []


async def test_a_value_over_time(house: House) -> None:
    """The latest value stands beside its history, under whatever depth of name."""
    house.readings.put(state(house, **{"disk.root.used_percent": 90.0}))
    point = ValuePoint(at_ms=house.clock.now_ms(), count=2, low=89.0, mean=89.5, high=90.0)
    house.store.points["host/disk.root.used_percent"] = [point]

    reply = await house.get("/api/values?name=host.disk.root.used_percent&range_minutes=60")

    assert reply.status == 200
    assert [(point["min"], point["avg"], point["max"]) for point in reply.json["points"]] == [
        (89.0, 89.5, 90.0)
    ]


async def test_an_unknown_value(house: House) -> None:
    """The answer is 404, and a missing name names the parameter."""
    unknown = await house.get("/api/values?name=host.x")
    missing = await house.get("/api/values")

    assert (unknown.status, unknown.error["code"]) == (404, "unknown_value")
    assert missing.status == 422


async def test_the_ports_as_a_page(house: House) -> None:
    """People get a page whose policy names its one script; programs get the report."""
    report = {
        "host": "nas",
        "generated_at": "2026-01-01T00:00:00.000Z",
        "ip_local_port_range": {"low": 1, "high": 2},
        "docker": {
            "available": False,
            "error": None,
            "containers_total": 0,
            "containers_with_published_ports": 0,
        },
        "ports": [],
    }
    house.readings.put(ReadingState(probe="ports", interval_s=60))
    early = await house.get("/api/ports?format=html")
    house.readings.put(
        ReadingState(probe="ports", interval_s=60, reading=Reading(data=report), fetched_ms=1)
    )

    page = await house.get("/api/host/ports?format=html")
    plain = await house.get("/host/ports")
    wrong = await house.get("/api/ports?format=pdf")

    assert (early.status, early.error["code"]) == (503, "not_read_yet")
    assert page.headers["Content-Type"].startswith("text/html")
    assert "script-src 'sha256-" in page.headers["Content-Security-Policy"]
    assert plain.json["host"] == "nas"
    assert wrong.status == 422


async def test_polls_are_streamed(house: House) -> None:
    """The first frame has all readings, then each poll and event follows as a frame."""
    house.readings.put(state(house, memory_percent=40.5))

    async with listen(house) as listener:
        snapshot = (await listener.until("snapshot")).data
        house.readings.put(
            state(house, memory_percent=41.0),
            ReadingEvent(kind="reboot", message="the machine was started anew"),
            at_ms=house.clock.now_ms(),
        )
        reading = (await listener.until("reading")).data
        event = (await listener.until("reading_event")).data

    assert snapshot["readings"][0]["values"] == {"memory_percent": 40.5}
    assert reading["values"] == {"memory_percent": 41.0}
    assert (event["name"], event["kind"]) == ("host", "reboot")


async def test_values_for_prometheus(house: House) -> None:
    """Numbers and truth are gauges; whether the latest poll failed is one, too."""
    house.readings.put(state(house, memory_percent=40.5, is_up=True, kernel="6.1"))

    text = (await house.get("/metrics")).body.decode()

    assert 'opsmonitor_reading_value{probe="host",thing="",value="memory_percent"} 40.5' in text
    assert 'opsmonitor_reading_value{probe="host",thing="",value="is_up"} 1' in text
    assert "6.1" not in text
    assert 'opsmonitor_reading_status{probe="host",thing="",status="warn"} 1' in text
    assert 'opsmonitor_reading_failed{probe="host",thing=""} 0' in text
