"""What was done about failing checks over the API, and how clients say that they did something."""

from __future__ import annotations

from dataclasses import replace

from opsmonitor.engine.batch import Batch
from opsmonitor.exceptions import CheckConflictError
from opsmonitor.models.remediation import ActionRequest, Attempt, AttemptState
from tests.daemon.api.house import House
from tests.daemon.api.listener import listen

_ATTEMPT = Attempt(
    id="nas:abc:1700000000000",
    check_id="nas",
    action="docker_restart",
    target="db",
    place="abc",
    started_ms=1_700_000_000_000,
)


async def test_attempts_are_listed(house: House) -> None:
    """Under way or over, of all checks or of one."""
    over = replace(
        _ATTEMPT,
        id="web:abc:1",
        check_id="web",
        state=AttemptState.FAILED,
        ended_ms=1_700_000_000_500,
        message="no",
        helped=False,
    )
    house.store.tried = [_ATTEMPT, over]

    both = (await house.get("/api/remediations")).json
    one = (await house.get("/api/remediations?check_id=web&limit=5")).json

    assert [item["state"] for item in both] == ["started", "failed"]
    assert both[0]["ended_at"] is None
    assert both[1:] == one
    assert (one[0]["helped"], one[0]["message"]) == (False, "no")
    assert (await house.get("/api/remediations?limit=0")).status == 422


async def test_a_person_begins_an_action(house: House) -> None:
    """The first one unless another is named; what stands against it is told."""
    check_id = next(iter(house.monitor.checks))

    first = await house.post(f"/api/checks/{check_id}/remediate")
    second = await house.post(f"/api/checks/{check_id}/remediate", json={"action": 2})
    house.remedies.refusal = CheckConflictError("busy", "an action is under way")
    refused = await house.post(f"/api/checks/{check_id}/remediate")

    assert (first.status, first.json["state"]) == (200, "started")
    assert house.remedies.begun == [(check_id, 1), (check_id, 2)]
    assert second.status == 200
    assert (refused.status, refused.error["code"]) == (409, "busy")
    assert (await house.post("/api/checks/nope/remediate")).error["code"] == "unknown_check"
    assert (await house.post(f"/api/checks/{check_id}/remediate", json={"action": 0})).status == 422


async def test_a_client_says_how_it_went(house: House) -> None:
    """Only what is waited for is taken."""
    house.remedies.awaited = {_ATTEMPT.id}

    taken = await house.post(
        f"/api/remediations/{_ATTEMPT.id}/result", json={"ok": False, "message": "no entity"}
    )
    late = await house.post("/api/remediations/x/result", json={"ok": True})
    wrong = await house.post("/api/remediations/x/result", json={"ok": "yes"})

    assert taken.json == {"ok": True}
    assert house.remedies.answers == {_ATTEMPT.id: (False, "no entity")}
    assert (late.status, late.error["code"]) == (404, "unknown_attempt")
    assert wrong.status == 422


async def test_clients_are_asked_by_the_stream(house: House) -> None:
    """The event `action` has all that is needed to do it and to answer."""
    request = ActionRequest(
        id=_ATTEMPT.id,
        check_id="nas",
        name="NAS",
        reason="no answer",
        action="switch.turn_on",
        target={"entity_id": "switch.plug"},
        at_ms=1_700_000_000_000,
        expires_ms=1_700_000_030_000,
    )
    async with listen(house) as listener:
        await listener.until("snapshot")
        house.monitor.publish(Batch(requests=(request,)))
        frame = (await listener.until("action")).data

    assert frame == {
        "seq": frame["seq"],
        "id": _ATTEMPT.id,
        "check_id": "nas",
        "name": "NAS",
        "reason": "no answer",
        "action": "switch.turn_on",
        "target": {"entity_id": "switch.plug"},
        "data": {},
        "ts": "2023-11-14T22:13:20.000Z",
        "expires_at": "2023-11-14T22:13:50.000Z",
    }
