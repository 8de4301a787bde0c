"""Maintenance windows over HTTP."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from opsmonitor.api.schemas.maintenance import schedule_text
from opsmonitor.config.settings import Settings
from opsmonitor.exceptions import StoreError
from opsmonitor.models.maintenance import Window
from tests.daemon.api.house import House
from tests.daemon.api.samples import GOOD

FIRST = "2023-11-14T22:13:20.000Z"


async def test_a_window_is_opened_told_and_closed(house: House) -> None:
    """It has an id, says when it is open, is kept, and goes when it is deleted."""
    house.monitor.tick(nas=GOOD)

    made = await house.post(
        "/api/maintenance",
        json={"checks": ["nas"], "from": FIRST, "duration": "2h", "reason": "new disk"},
    )
    listed = await house.get("/api/maintenance")
    gone = await house.delete(f"/api/maintenance/{made.json['id']}")

    assert made.status == 200
    assert made.json == {
        "id": made.json["id"],
        "source": "api",
        "reason": "new disk",
        "checks": ["nas"],
        "tags": [],
        "sites": [],
        "all": False,
        "schedule": "once",
        "is_open": True,
        "start": FIRST,
        "end": "2023-11-15T00:13:20.000Z",
    }
    assert listed.json == [made.json]
    assert (gone.status, gone.json) == (200, made.json)
    assert (await house.get("/api/maintenance")).json == []
    assert house.store.kept_windows == []


async def test_a_window_is_written_before_it_holds(house: House) -> None:
    """Without a database nothing is promised that a restart would break."""
    house.store.failure = StoreError("the disk is full")

    answer = await house.post("/api/maintenance", json={"all": True, "between": "02:00-04:00"})

    assert answer.status == 503
    assert "cannot be written" in answer.error["message"]
    assert (await house.get("/api/maintenance")).json == []


async def test_windows_of_the_file_stay_there(house: House) -> None:
    """They are told like the others, but only the file can take them away."""
    window = Window(id="backup", start=120, end=240, tags=("disk",))
    house.monitor.maintenance.apply(Settings(checks=house.monitor.checks, maintenance=(window,)))

    [told] = (await house.get("/api/maintenance")).json
    refused = await house.delete("/api/maintenance/backup")
    taken = await house.post(
        "/api/maintenance", json={"id": "backup", "all": True, "between": "02:00-04:00"}
    )

    assert (told["source"], told["schedule"], told["is_open"]) == (
        "file",
        "daily 02:00-04:00",
        False,
    )
    assert (refused.status, refused.error["code"]) == (409, "configured")
    assert (taken.status, taken.error["code"]) == (409, "id_taken")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, ""),
        ({"all": True}, ""),
        ({"all": True, "cron": "often", "duration": "1h"}, "cron"),
        ({"checks": ["nope"], "between": "02:00-04:00"}, "checks"),
        ({"all": "yes", "between": "02:00-04:00"}, "all"),
        ({"all": True, "from": "2026-12-24", "to": "2026-12-23"}, "to"),
        ({"all": True, "between": "02:00-04:00", "colour": "red"}, "colour"),
    ],
)
async def test_what_makes_no_sense_is_refused(
    house: House, body: dict[str, Any], field: str
) -> None:
    """422 names the field."""
    answer = await house.post("/api/maintenance", json=body)

    assert answer.status == 422
    assert [item["field"] for item in answer.error["details"]] == [field]


async def test_a_window_is_changed(house: House) -> None:
    """What is named is otherwise from now on, be it open or not; the rest stays as it was."""
    house.monitor.tick(nas=GOOD)
    made = await house.post(
        "/api/maintenance",
        json={"id": "w", "checks": ["nas"], "tags": ["x"], "from": FIRST, "duration": "2h"},
    )

    longer = await house.patch("/api/maintenance/w", json={"to": "2023-11-15T04:00:00Z"})
    assert longer.json == {**made.json, "end": "2023-11-15T04:00:00.000Z"}
    other = await house.patch("/api/maintenance/w", json={"checks": ["web"], "reason": "disk"})
    assert other.json == {**longer.json, "checks": ["web"], "tags": [], "reason": "disk"}
    later = await house.patch(
        "/api/maintenance/w", json={"from": "2023-11-20T10:00:00Z", "duration": "30m"}
    )

    assert (later.json["is_open"], later.json["end"]) == (False, "2023-11-20T10:30:00.000Z")
    assert later.json["reason"] == "disk"
    assert (await house.get("/api/maintenance")).json == [later.json]
    [kept] = house.store.kept_windows
    assert (kept.checks, kept.reason) == (("web",), "disk")


async def test_a_window_that_is_open_can_be_ended(house: House) -> None:
    """An end that lies behind us is the end."""
    house.monitor.tick(nas=GOOD)
    await house.post(
        "/api/maintenance", json={"id": "w", "all": True, "from": FIRST, "duration": "2h"}
    )
    assert house.monitor.maintenance.cover("nas") is not None

    house.clock.advance(60)
    ended = await house.patch("/api/maintenance/w", json={"to": "2023-11-14T22:14:00Z"})

    assert (ended.status, ended.json["is_open"], ended.json["end"]) == (200, False, None)
    assert house.monitor.maintenance.cover("nas") is None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"to": "2020-01-01"}, "to"),
        ({"to": "2023-11-15T04:00:00Z", "duration": "1h"}, ""),
        ({"checks": ["nope"]}, "checks"),
        ({"checks": []}, ""),
        ({"cron": "0 3 * * *"}, "cron"),
        ({"id": "other"}, "id"),
    ],
)
async def test_a_change_that_makes_no_sense(house: House, body: dict[str, Any], field: str) -> None:
    """422 names the field, and the window stays as it was."""
    made = await house.post(
        "/api/maintenance", json={"id": "w", "checks": ["nas"], "from": FIRST, "duration": "2h"}
    )

    answer = await house.patch("/api/maintenance/w", json=body)

    assert answer.status == 422
    assert [item["field"] for item in answer.error["details"]] == [field]
    assert (await house.get("/api/maintenance")).json == [made.json]


async def test_what_cannot_be_changed(house: House) -> None:
    """A window of the file is changed there, one that recurs is made anew, and an id must exist."""
    window = Window(id="backup", start=120, end=240, tags=("disk",))
    house.monitor.maintenance.apply(Settings(checks=house.monitor.checks, maintenance=(window,)))
    await house.post(
        "/api/maintenance", json={"id": "night", "all": True, "between": "02:00-04:00"}
    )
    change = {"reason": "other"}

    fixed = await house.patch("/api/maintenance/backup", json=change)
    recurring = await house.patch("/api/maintenance/night", json=change)
    nothing = await house.patch("/api/maintenance/nope", json=change)

    assert (fixed.status, fixed.error["code"]) == (409, "configured")
    assert "checks.yml: change it there" in fixed.error["message"]
    assert (recurring.status, recurring.error["code"]) == (409, "recurring")
    assert (nothing.status, nothing.error["code"]) == (404, "unknown_window")


async def test_a_change_is_written_before_it_holds(house: House) -> None:
    """Without a database the window stays as it was."""
    made = await house.post(
        "/api/maintenance", json={"id": "w", "checks": ["nas"], "from": FIRST, "duration": "2h"}
    )
    house.store.failure = StoreError("the disk is full")

    answer = await house.patch("/api/maintenance/w", json={"duration": "3h"})

    assert answer.status == 503
    assert (await house.get("/api/maintenance")).json == [made.json]


async def test_changes_at_the_same_time_are_all_kept(house: House) -> None:
    """What one request writes has the windows of the others in it."""
    body = {"all": True, "from": FIRST, "duration": "2h"}

    await asyncio.gather(
        *(house.post("/api/maintenance", json={"id": name, **body}) for name in "abc")
    )
    await asyncio.gather(
        house.delete("/api/maintenance/b"),
        house.patch("/api/maintenance/a", json={"reason": "one"}),
        house.patch("/api/maintenance/c", json={"reason": "two"}),
    )

    assert {window.id: window.reason for window in house.store.kept_windows} == {
        "a": "one",
        "c": "two",
    }


async def test_what_does_not_exist_cannot_be_removed(house: House) -> None:
    """404 for an unknown id."""
    answer = await house.delete("/api/maintenance/nope")

    assert (answer.status, answer.error["code"]) == (404, "unknown_window")


@pytest.mark.parametrize(
    ("window", "text"),
    [
        (Window(id="w", from_ms=0, to_ms=1), "once"),
        (Window(id="w", start=1350, end=240), "daily 22:30-04:00"),
        (Window(id="w", start=0, end=0, weekdays=(5, 6)), "sat, sun 00:00-00:00"),
        (Window(id="w", start=60, end=90, days=(1, -1)), "day 1, last of the month 01:00-01:30"),
        (Window(id="w", cron="0 3 * * *", duration_s=5400), "cron 0 3 * * *, for 1 h 30 min"),
    ],
)
def test_a_schedule_in_words(window: Window, text: str) -> None:
    """People read when a window is open."""
    assert schedule_text(window) == text
