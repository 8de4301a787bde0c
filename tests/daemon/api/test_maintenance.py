"""Maintenance windows over HTTP."""

from __future__ import annotations

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
