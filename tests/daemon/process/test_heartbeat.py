"""A job, a real daemon, and whatever happens between them."""

from __future__ import annotations

import json
import signal
from typing import Any

from tests.daemon.process.running import Daemon

_TOKEN = "a-token-of-the-test-0123456789"  # noqa: S105 - of no use anywhere


def write(daemon: Daemon, *checks: dict[str, Any]) -> None:
    """Configure jobs that report, and a group of the first two."""
    jobs = [{"type": "heartbeat", "period": "1h", "grace": "10m", **check} for check in checks]
    group = {"id": "jobs", "type": "group", "members": [job["id"] for job in jobs[:2]]}
    daemon.config.write_text(json.dumps({"checks": [*jobs, group]}))


async def path_of(daemon: Daemon, check_id: str) -> str:
    """Return the path that a job must call."""
    url: str = (await daemon.get(f"/api/checks/{check_id}/heartbeat"))["url"]
    assert url.startswith(daemon.url)
    return url.removeprefix(daemon.url)


async def shown(daemon: Daemon, check_id: str, status: str) -> Any:
    """Wait until a check is shown like this; return its state."""
    return await daemon.until(
        f"/api/status/checks/{check_id}", lambda state: state["status"] == status
    )


async def test_a_job_reports_and_its_group_follows(daemon: Daemon) -> None:
    """Pending, up, down with the job's own words, and up again; one that stops is missed."""
    busy = {"id": "busy", "period": "1s", "grace": "1s"}
    write(daemon, {"id": "backup"}, {"id": "sync", "token": _TOKEN}, busy)
    await daemon.start()
    await shown(daemon, "backup", "pending")
    assert (await shown(daemon, "jobs", "pending"))["ok"] is None
    backup = await path_of(daemon, "backup")

    assert await daemon.ask("GET", f"/api/heartbeat/{_TOKEN}") == (200, "OK")
    await shown(daemon, "jobs", "up")
    assert await daemon.ask("POST", f"{backup}/start") == (200, "OK")
    assert await daemon.ask("POST", f"{backup}/4") == (200, "OK")
    state = await shown(daemon, "backup", "down")
    assert state["error"] == "the job has failed with exit code 4"
    assert state["last_ping"] is not None
    assert "1 of 2 down: backup" in (await shown(daemon, "jobs", "down"))["error"]
    assert "Last ping" in (await daemon.ask("GET", "/"))[1]
    assert await daemon.ask("GET", backup) == (200, "OK")
    await shown(daemon, "backup", "up")
    await shown(daemon, "jobs", "up")

    assert await daemon.ask("GET", await path_of(daemon, "busy")) == (200, "OK")
    assert (await shown(daemon, "busy", "down"))["error_code"] == "heartbeat_missed"
    assert (await daemon.ask("GET", f"{backup}x"))[0] == 404
    await daemon.stop()
    assert _TOKEN not in daemon.log
    assert backup.rpartition("/")[2] not in daemon.log


async def test_what_was_reported_outlives_the_daemon(daemon: Daemon) -> None:
    """After `kill -9` the address is the same, and state and pings are as they were."""
    write(daemon, {"id": "backup"}, {"id": "sync"})
    await daemon.start()
    backup, sync = await path_of(daemon, "backup"), await path_of(daemon, "sync")
    await daemon.ask("POST", f"{backup}/3")
    await daemon.ask("POST", sync)
    before = await daemon.get("/api/checks/backup/heartbeat")
    await shown(daemon, "backup", "down")
    await shown(daemon, "sync", "up")

    await daemon.stop(signal.SIGKILL)
    await daemon.start()

    assert await path_of(daemon, "backup") == backup
    after = await daemon.get("/api/checks/backup/heartbeat")
    assert after["pings"] == before["pings"]
    assert after["last_kind"] == "fail"
    await shown(daemon, "backup", "down")
    await shown(daemon, "sync", "up")
    events = await daemon.get("/api/status/events?limit=50")
    assert [event["event"] for event in events if event["id"] == "backup"] == ["INIT"]
    assert await daemon.ask("GET", backup) == (200, "OK")
    await shown(daemon, "backup", "up")
