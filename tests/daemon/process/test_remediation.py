"""The real daemon does something about checks that fail: it is posted, kept, told and limited."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
import json
import signal

import aiohttp

from tests.daemon.process.hook import Hook
from tests.daemon.process.running import Daemon, Frames, Target, run_command

_CANARY = "canary-31d7"


def write(
    daemon: Daemon, target: Target, actions: Sequence[Mapping[str, object]], **sections: object
) -> None:
    """Configure a check of the target with actions."""
    check = {
        "id": "web",
        "type": "http",
        "url": f"http://127.0.0.1:{target.port}/",
        "interval_s": 0.2,
        "timeout_s": 20,
        "retries": 0,
        "on_fail": {"actions": actions},
    }
    daemon.config.write_text(json.dumps({"checks": [check], **sections}))


async def story(daemon: Daemon) -> list[tuple[str, str | None]]:
    """Return kind and text of the events about actions, oldest first."""
    events = await daemon.get("/api/status/events?check_id=web")
    return [
        (event["event"], event["error"])
        for event in reversed(events)
        if event["event"].startswith("ACTION")
    ]


async def test_a_failure_is_answered_by_a_post(daemon: Daemon, target: Target, hook: Hook) -> None:
    """The payload arrives once with its headers; attempt and outcome are events."""
    action = {
        "type": "http_post",
        "url": f"{hook.url}/admin/reset?token={_CANARY}",
        "payload": {"mode": "soft", "key": _CANARY},
        "headers": {"X-Key": _CANARY},
        "settle_s": 0,
    }
    write(daemon, target, [action])
    await daemon.start()
    await daemon.until("/api/status/summary", lambda seen: seen["up"] == 1)

    await target.stop()
    await hook.until(lambda: len(hook.requests) == 1)
    await target.start()
    await daemon.until("/api/status/summary", lambda seen: seen["up"] == 1)
    # The check may be up again before the answer to the post is.
    await daemon.until(
        "/api/status/events?check_id=web",
        lambda events: any(event["event"] == "ACTION_DONE" for event in events),
    )
    told = await story(daemon)
    answers = [
        (await daemon.ask("GET", path))[1]
        for path in ("/api/registry", "/api/registry/raw", "/api/status/checks/web", "/config", "/")
    ]
    await daemon.stop()

    path, headers, body = hook.requests[0]
    assert path == "/admin/reset"
    assert (headers["X-Key"], headers["Content-Type"]) == (_CANARY, "application/json")
    assert json.loads(body) == {"mode": "soft", "key": _CANARY}
    assert [kind for kind, _ in told] == ["ACTION_STARTED", "ACTION_DONE"]
    assert told[1][1] == (
        f"http_post POST {hook.url}/admin/reset?token=**********: answered 200 OK"
    )
    assert len(hook.requests) == 1
    assert _CANARY not in "".join(answers) + daemon.log
    assert all(
        _CANARY.encode() not in item.read_bytes()
        for item in daemon.data.rglob("*")
        if item.is_file()
    )


async def test_limits_hold_through_kill_and_restart(
    daemon: Daemon, target: Target, hook: Hook
) -> None:
    """However the daemon ends, it does no more in an hour than it may."""
    action = {
        "type": "http_post",
        "url": f"{hook.url}/reset",
        "max_per_hour": 2,
        "cooldown_s": 0,
        "settle_s": 0,
    }
    hook.answers = [(500, {})] * 50
    write(daemon, target, [action])
    await target.stop()
    for ending in (signal.SIGKILL, signal.SIGTERM):
        await daemon.start()
        await hook.until(lambda: len(hook.requests) >= 1)
        await daemon.until("/api/status/checks/web", lambda check: check["fail_streak"] > 2)
        await daemon.stop(ending)

    assert len(hook.requests) == 2


async def test_home_assistant_is_asked_and_answers(daemon: Daemon, target: Target) -> None:
    """A client of the stream is told what to do, does it, and says so; nobody else can."""
    action = {
        "type": "home_assistant",
        "action": "switch.turn_on",
        "target": {"entity_id": "switch.plug"},
        "timeout_s": 20,
        "settle_s": 0,
    }
    write(daemon, target, [action])
    await daemon.start()
    await daemon.until("/api/status/summary", lambda seen: seen["up"] == 1)
    async with aiohttp.ClientSession(daemon.url) as session:
        frames = Frames(session)
        reading = asyncio.create_task(frames.read())
        await frames.first("snapshot", lambda _: True)
        await target.stop()
        asked, _ = await frames.first("action", lambda frame: frame["check_id"] == "web")
        url = f"/api/remediations/{asked['id']}/result"
        async with session.post(url, json={"ok": True, "message": "switched"}) as answer:
            first = answer.status
        async with session.post(url, json={"ok": True}) as answer:
            second = answer.status
        await daemon.until("/api/remediations", lambda seen: seen[0]["helped"] is False)
        reading.cancel()
    told = await story(daemon)

    assert (asked["action"], asked["target"]) == (
        "switch.turn_on",
        {"entity_id": "switch.plug"},
    )
    assert (first, second) == (200, 404)
    assert told[:2] == [
        ("ACTION_STARTED", "home_assistant switch.turn_on switch.plug"),
        ("ACTION_DONE", "home_assistant switch.turn_on switch.plug: switched"),
    ]


async def test_a_person_begins_an_action(daemon: Daemon, target: Target, hook: Hook) -> None:
    """Also while the check is up; the second wish at once is refused."""
    action = {"type": "http_post", "url": f"{hook.url}/reset", "payload": {}, "settle_s": 2}
    write(daemon, target, [action])
    await daemon.start()
    await daemon.until("/api/status/summary", lambda seen: seen["up"] == 1)

    begun = await daemon.post("/api/checks/web/remediate")
    status, text = await daemon.ask("POST", "/api/checks/web/remediate")
    await hook.until(lambda: len(hook.requests) == 1)
    seen = await daemon.until("/api/remediations", lambda seen: seen[0]["helped"] is True)

    assert begun["state"] == "started"
    assert (status, json.loads(text)["error"]["code"]) == (409, "busy")
    assert [item["state"] for item in seen] == ["done"]


async def test_mistakes_are_told_with_their_place(daemon: Daemon, target: Target) -> None:
    """An unknown type gets the one that was meant, a program the way to allow it."""
    actions: list[dict[str, object]] = [
        {"type": "http_pst", "url": "http://127.0.0.1/"},
        {"type": "command", "command": ["/bin/true"]},
        {"type": "docker_restart", "container": "db", "cooldwn_s": 5},
    ]
    write(daemon, target, actions)

    code, _, errors = await run_command("check-config", daemon.config)

    assert code == 2
    assert "on_fail.actions[0].type" in errors
    assert "did you mean `http_post`?" in errors
    assert "the program /bin/true is not allowed: add it to `allow` in `commands`" in errors
    assert "did you mean `cooldown_s`?" in errors


async def test_a_kill_in_the_middle_of_an_action(daemon: Daemon, target: Target) -> None:
    """It was written down before it began: the next daemon knows of it, and waits its time."""
    callers: list[asyncio.StreamWriter] = []
    is_asked = asyncio.Event()

    async def hang(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        callers.append(writer)
        is_asked.set()
        await asyncio.Event().wait()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/reset"
    write(daemon, target, [{"type": "http_post", "url": url}])
    await target.stop()
    await daemon.start()
    async with asyncio.timeout(90):
        await is_asked.wait()
    await daemon.stop(signal.SIGKILL)

    await daemon.start()
    await daemon.until("/api/status/checks/web", lambda check: check["fail_streak"] > 3)
    (attempt,) = await daemon.get("/api/remediations")
    told = await story(daemon)
    server.close()
    for caller in callers:
        caller.close()

    assert len(callers) == 1
    assert (attempt["state"], attempt["message"]) == (
        "interrupted",
        "the daemon ended before the action did",
    )
    assert told[-1][0] == "ACTION_FAILED"
