"""What people do with a check, over HTTP."""

from __future__ import annotations

from dataclasses import replace

import pytest

from opsmonitor.models.check import Change, Status
from tests.daemon.api.house import House, open_house
from tests.daemon.api.listener import listen
from tests.daemon.api.samples import BAD, GOOD, check

FIRST = "2023-11-14T22:13:20.000Z"


async def test_a_pause_shows_everywhere(house: House) -> None:
    """A paused check says since when, until when and why; nothing is known of it."""
    house.monitor.tick(nas=BAD)

    answer = await house.post(
        "/api/checks/nas/pause", json={"duration_s": 60, "reason": "new disk"}
    )

    assert answer.json["status"] == "paused"
    assert answer.json["ok"] is None
    assert answer.json["paused"] == {
        "since": FIRST,
        "until": "2023-11-14T22:14:20.000Z",
        "reason": "new disk",
    }
    assert (await house.get("/api/status/checks")).json["nas"]["status"] == "paused"
    summary = (await house.get("/api/status/summary")).json
    assert (summary["paused"], summary["down"], summary["overall"]) == (1, 0, "ok")


async def test_a_resumed_check_is_what_it_was(house: House) -> None:
    """Resuming brings the state of before back; without a pause there is nothing to resume."""
    house.monitor.tick(nas=GOOD)
    await house.post("/api/checks/nas/pause")

    answer = await house.post("/api/checks/nas/resume", json={})
    again = await house.post("/api/checks/nas/resume")

    assert (answer.json["status"], answer.json["paused"]) == ("up", None)
    assert (again.status, again.error["code"]) == (409, "not_paused")


async def test_a_paused_check_is_not_run(house: House) -> None:
    """Running a paused check on demand is refused with the reason."""
    await house.post("/api/checks/nas/pause")

    answer = await house.post("/api/checks/nas/run")

    assert (answer.status, answer.error["code"]) == (409, "paused")


async def test_an_acknowledgement_is_told(house: House) -> None:
    """Who knows of the trouble is shown until the check recovers."""
    house.monitor.tick(nas=BAD)

    answer = await house.post("/api/checks/nas/acknowledge", json={"by": "Ada", "note": "soon"})
    assert answer.json["acknowledged"] == {"at": FIRST, "by": "Ada", "note": "soon"}
    house.monitor.tick(nas=GOOD)

    assert (await house.get("/api/status/checks")).json["nas"]["acknowledged"] is None
    refused = await house.post("/api/checks/nas/acknowledge")
    assert (refused.status, refused.error["code"]) == (409, "not_in_trouble")


async def test_an_acknowledgement_can_be_taken_back(house: House) -> None:
    """Once; then there is nothing to take back."""
    house.monitor.tick(nas=BAD)
    await house.post("/api/checks/nas/acknowledge")

    answer = await house.post("/api/checks/nas/unacknowledge")
    again = await house.post("/api/checks/nas/unacknowledge")

    assert answer.json["acknowledged"] is None
    assert (again.status, again.error["code"]) == (409, "not_acknowledged")


@pytest.mark.parametrize("action", ["pause", "resume", "acknowledge", "unacknowledge"])
async def test_unknown_checks(house: House, action: str) -> None:
    """No check has the id: 404."""
    answer = await house.post(f"/api/checks/nobody/{action}")

    assert (answer.status, answer.error["code"]) == (404, "unknown_check")


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("pause", {"duration_s": 0}),
        ("pause", {"duration_s": 366 * 86400 + 1}),
        ("pause", {"reason": "x" * 201}),
        ("pause", {"duration": 5}),
        ("acknowledge", {"by": 7}),
    ],
)
async def test_bodies_are_judged(house: House, action: str, body: dict[str, object]) -> None:
    """What is out of bounds, too long or unknown is named."""
    house.monitor.tick(nas=BAD)

    answer = await house.post(f"/api/checks/nas/{action}", json=body)

    assert (answer.status, answer.error["details"][0]["field"]) == (422, next(iter(body)))
    assert (await house.get("/api/status/checks")).json["nas"]["status"] == "down"


async def test_a_change_without_a_run_is_streamed(house: House) -> None:
    """A pause reaches the stream as state, event and summary."""
    async with listen(house) as listener:
        await listener.until("snapshot")

        house.monitor.interventions.pause("nas", duration_s=None, reason="moving")

        state = (await listener.until("check")).data
        event = (await listener.until("event")).data
        summary = (await listener.until("summary")).data
    assert (state["status"], state["paused"]["until"]) == ("paused", None)
    assert (event["event"], event["previous"], event["error"]) == ("PAUSED", "pending", "moving")
    assert summary["paused"] == 1


async def test_the_root_cause_is_named() -> None:
    """An unreachable check says because of which one, and what it depends on."""
    async with open_house(check("router"), check("nas", depends_on=("router",))) as house:
        house.monitor.tick(router=BAD, nas=BAD)
        state = replace(
            house.monitor.states["nas"],
            status=Status.UNREACHABLE,
            covered=Status.DOWN,
            because="router",
        )
        house.monitor.change(Change(state=state, at_ms=house.clock.now_ms()))

        told = (await house.get("/api/status/checks/nas")).json
        summary = (await house.get("/api/status/summary")).json

    assert (told["status"], told["because"], told["depends_on"]) == (
        "unreachable",
        "router",
        ["router"],
    )
    assert (told["ok"], told["error"]) == (False, "connection refused")
    assert (summary["down"], summary["unreachable"]) == (1, 1)
    assert [item["id"] for item in summary["down_checks"]] == ["router"]
