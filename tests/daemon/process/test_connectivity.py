"""A real daemon that loses its network."""

from __future__ import annotations

import json

from tests.daemon.process.hook import Hook
from tests.daemon.process.running import Daemon, Target
from tests.daemon.process.test_telling import hook_channel, up


async def test_a_lost_line_is_one_message_and_one_at_its_end(
    daemon: Daemon, target: Target, hook: Hook
) -> None:
    """Twenty checks outside fail with the line: none of them is down, and one message says why."""
    place = f"127.0.0.1:{target.port}"
    check = {
        "type": "http",
        "url": f"http://{place}/",
        "network": "outside",
        "interval_s": 0.5,
        "retries": 0,
    }
    witness = {"gateway": False, "resolver": False, "outside": [place], "interval_s": 30}
    content = {
        "alerts": {"channels": hook_channel(hook), "group_wait_s": 0},
        "connectivity": witness,
        "checks": [{"id": f"web-{at}", **check} for at in range(20)],
    }
    daemon.config.write_text(json.dumps(content))
    await daemon.start()
    await up(daemon)

    await target.stop()
    seen = await daemon.until("/api/status/summary", lambda summary: summary["no_network"] == 20)
    await hook.until(lambda: len(hook.events) == 1)
    await target.start()
    await up(daemon)
    await hook.until(lambda: len(hook.events) == 2)
    events = await daemon.get("/api/status/events?limit=500")

    notices = [notice for body in hook.taken for notice in body["notices"]]
    assert (seen["down"], seen["overall"]) == (1, "warn")
    assert [(notice["check_id"], notice["event"]) for notice in notices] == [
        ("connectivity", "first_fail"),
        ("connectivity", "recovered"),
    ]
    assert {event["id"] for event in events if event["event"] == "DOWN"} == {"connectivity"}
