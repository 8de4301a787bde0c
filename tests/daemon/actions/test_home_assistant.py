"""What Home Assistant is asked to do, and by which words."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import voluptuous as vol

from opsmonitor.actions.home_assistant import ACTION
from opsmonitor.engine.batch import Batch
from opsmonitor.engine.requests import Requests
from opsmonitor.exceptions import ActionError, UnknownAttemptError
from opsmonitor.models.remediation import ActionRequest
from opsmonitor.util.clock import FakeClock
from opsmonitor.util.secret import Secret
from tests.daemon.actions.conftest import Do

_KEYS: dict[str, Any] = {
    "action": "switch.turn_on",
    "target": {"entity_id": ["switch.a", "switch.b"]},
    "data": {"transition": 2},
}


async def test_what_is_asked_for(do: Do) -> None:
    """Action, target and data as written, the reason, and a time after which it is too late."""
    asked: list[ActionRequest] = []

    async def ask(request: ActionRequest) -> str:
        asked.append(request)
        return "done"

    assert await do(ACTION, _KEYS, ask=ask) == "done"

    (request,) = asked
    assert (request.action, request.target, request.data) == (
        "switch.turn_on",
        _KEYS["target"],
        _KEYS["data"],
    )
    assert (request.check_id, request.reason) == ("web", "connection refused")
    assert request.expires_ms - request.at_ms == 10_000


@pytest.mark.parametrize(
    "keys",
    [
        {"action": "turn on"},
        {"action": "switch"},
        {"action": "Switch.Turn_On"},
        {"action": "a.b", "target": "switch.a"},
        {"action": "a.b", "data": {"code": Secret("1234")}},
        {"action": "a.b", "data": {"a": "x" * 9000}},
        {"action": "a.b", "data": {"a": float("inf")}},
    ],
)
def test_what_cannot_be_asked_for(keys: dict[str, Any]) -> None:
    """Names that are none, what is no JSON, and what is too long."""
    with pytest.raises(vol.Invalid):
        vol.Schema(dict(ACTION.schema))(keys)


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ({}, "switch.turn_on"),
        ({"entity_id": "switch.a"}, "switch.turn_on switch.a"),
        ({"entity_id": ["switch.a", "switch.b"]}, "switch.turn_on switch.a switch.b"),
        ({"device_id": "abc"}, "switch.turn_on abc"),
    ],
)
def test_the_target_for_people(target: dict[str, Any], text: str) -> None:
    """It names what is acted on."""
    assert ACTION.target(ACTION.options(action="switch.turn_on", target=target)) == text


def request(request_id: str = "1", lasts_ms: int = 60_000) -> ActionRequest:
    """Return something to ask for."""
    now_ms = FakeClock().now_ms()
    return ActionRequest(
        id=request_id,
        check_id="web",
        name="Web",
        reason="r",
        action="a.b",
        at_ms=now_ms,
        expires_ms=now_ms + lasts_ms,
    )


async def _asking(requests: Requests, what: ActionRequest) -> asyncio.Task[str]:
    """Ask, and return once it was asked."""
    task = asyncio.create_task(requests.ask(what))
    await asyncio.sleep(0)
    return task


async def test_the_first_that_did_it_counts() -> None:
    """Every later answer is told that nobody waits."""
    published: list[Batch] = []
    requests = Requests(published.append, FakeClock())
    task = await _asking(requests, request())

    requests.answer("1", is_done=True, message=None)
    with pytest.raises(UnknownAttemptError):
        requests.answer("1", is_done=False, message="no")

    assert await task == "Home Assistant did it"
    assert [item.id for batch in published for item in batch.requests] == ["1"]
    with pytest.raises(UnknownAttemptError):
        requests.answer("1", is_done=True, message=None)


async def test_what_could_not_be_done() -> None:
    """The reason is that of Home Assistant, if it gave one."""
    requests = Requests(lambda _batch: None, FakeClock(), grace_s=0.01)
    first = await _asking(requests, request("1"))
    second = await _asking(requests, request("2"))

    requests.answer("1", is_done=False, message="no such entity")
    requests.answer("2", is_done=False, message=None)

    with pytest.raises(ActionError, match="no such entity"):
        await first
    with pytest.raises(ActionError, match="could not do it"):
        await second


async def test_one_may_not_and_another_does_it() -> None:
    """Of several Home Assistants one is let to act: that the others refuse changes nothing."""
    requests = Requests(lambda _batch: None, FakeClock(), grace_s=60)
    task = await _asking(requests, request())

    requests.answer("1", is_done=False, message="it is not allowed")
    requests.answer("1", is_done=False, message="no such entity")
    await asyncio.sleep(0)
    requests.answer("1", is_done=True, message="switched")

    assert await task == "switched"


async def test_nobody_there() -> None:
    """Silence is a failure once the time is over."""
    requests = Requests(lambda _batch: None, FakeClock())

    with pytest.raises(ActionError, match="is Home Assistant connected"):
        await requests.ask(request(lasts_ms=20))
