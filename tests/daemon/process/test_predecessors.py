"""Files and variables of the predecessors, unchanged, do what they did there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
import shutil

import pytest

from tests.daemon.process.mock_app import MockApp
from tests.daemon.process.running import Daemon

_FILES = Path(__file__).parents[2] / "fixtures" / "config" / "predecessors"


@pytest.fixture
async def app() -> AsyncIterator[MockApp]:
    """Give the application that is watched."""
    server = MockApp()
    await server.start()
    yield server
    await server.stop()


async def logged(daemon: Daemon, holds: Callable[[str], bool], limit_s: float = 90) -> str:
    """Wait until the log is as expected, and return it."""
    async with asyncio.timeout(limit_s):
        while not holds(daemon.log):  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.02)
    return daemon.log


def subjects(log: str) -> list[str]:
    """Return the subjects of the mails that were printed."""
    return [line.removeprefix("Subject: ") for line in log.splitlines() if "Subject: " in line]


async def test_the_morning_checks(daemon: Daemon, app: MockApp) -> None:
    """A failure is mailed to the console and answered by a reset; its end is mailed, too.

    A job that runs too long misses its deadline, and recovers when it has succeeded.
    """
    # Whole but for one line, so that the test need not wait until a burst could be over.
    text = (_FILES / "morning_checks.yml").read_text() + "alerts: {group_wait_s: 0}\n"
    daemon.config.write_text(text)
    (daemon.config.parent / ".last_job_id").write_text("job-7\n")
    daemon.variables = {
        "MOCKAPP_BASE": app.url,
        "MAIL_TO": "ops@example.org",
        "MAIL_FROM": "monitor@example.org",
        "MONITOR_INTERVAL": "0.5",
    }
    await daemon.start()
    await daemon.until("/api/status/summary", lambda seen: seen["up"] == 3)

    app.is_ok = False
    await app.until(lambda: len(app.resets) == 1)
    await daemon.until("/api/status/summary", lambda seen: seen["up"] == 3)
    log = await logged(daemon, lambda log: len(subjects(log)) >= 2)
    down, up = subjects(log)[:2]
    app.run_job(minutes=31)
    await daemon.until(
        "/api/status/checks", lambda seen: seen["mock-app-nightly-job"]["status"] == "down"
    )
    log = await logged(daemon, lambda log: len(subjects(log)) == 3)
    missed = subjects(log)[2]
    app.job = {"status": "succeeded"}
    log = await logged(daemon, lambda log: len(subjects(log)) == 4)
    events = await daemon.get("/api/status/events?check_id=mock-app-health")
    tried = await daemon.get("/api/remediations")
    await daemon.stop()

    assert (down, up) == ("DOWN: Mock app health", "UP again: Mock app health")
    assert "$.ok" in log
    assert app.resets == [{}]
    assert [event["event"] for event in reversed(events)] == [
        *("INIT", "DOWN", "ACTION_STARTED", "ACTION_DONE", "UP")
    ]
    assert (tried[0]["action"], tried[0]["state"]) == ("http_post", "done")
    assert app.asked_jobs == {"job-7"}
    assert missed == "DEADLINE MISSED: Mock app nightly job"
    assert "within 30 minutes was expected" in log
    assert subjects(log)[3] == "UP again: Mock app nightly job"


async def test_the_control_plane(daemon: Daemon, app: MockApp) -> None:
    """Its checks, its defaults, its variables and the shapes of its answers."""
    shutil.copy(_FILES / "control_plane.yml", daemon.config)
    daemon.variables = {
        "WEBUI_BASE": app.url,
        "MONITOR_INTERVAL": "0.3",
        "OPSMONITOR_DB_PATH": str(daemon.config.parent / "elsewhere.db"),
        "OPS_CORE_CHECK_IDS": "postgres",
        "ALERT_DEDUPE_SECONDS": "600",
    }
    text = daemon.config.read_text().replace("interval_s: 15", "interval_s: 0.3")
    daemon.config.write_text(text)
    await daemon.start()
    summary = await daemon.until("/api/status/summary", lambda seen: seen["unknown"] == 0)
    states = await daemon.get("/api/status/checks")
    events = await daemon.get("/api/status/events?limit=50")
    registry = await daemon.get("/api/registry")
    ops = await daemon.get("/api/ops/summary")
    config = await daemon.get("/config")
    await daemon.stop()

    assert (summary["total"], summary["up"], summary["down"]) == (2, 1, 1)
    assert [check["id"] for check in summary["down_checks"]] == ["postgres"]
    assert {"id", "type", "ok", "last_run", "last_ok", "last_change", "latency_ms"} <= (
        states["open-webui"].keys()
    )
    assert (states["open-webui"]["ok"], states["postgres"]["ok"]) == (True, False)
    assert {(event["id"], event["event"]) for event in events} == {
        ("open-webui", "INIT"),
        ("postgres", "INIT"),
    }
    assert registry["count"] == 2
    assert registry["checks"]["postgres"]["down_threshold"] == 2
    assert (ops["overall"], ops["services"]["down_list"]) == ("crit", ["postgres"])
    assert config["interval"] == 0.3
    assert (daemon.config.parent / "elsewhere.db").exists()
