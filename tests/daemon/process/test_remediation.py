"""The real daemon does something about checks that fail: it is posted, kept, told and limited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import json
import signal

from tests.daemon.process.hook import Hook
from tests.daemon.process.running import Daemon, Target

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
        "timeout_s": 1,
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
    for ending in (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL):
        await daemon.start()
        await hook.until(lambda: len(hook.requests) >= 1)
        await daemon.until("/api/status/checks/web", lambda check: check["fail_streak"] > 3)
        await daemon.stop(ending)

    assert len(hook.requests) == 2
