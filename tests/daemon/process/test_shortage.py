"""A daemon that may open nothing more calls nothing down."""

from __future__ import annotations

import asyncio

from tests.daemon.no_files import no_file_left
from tests.daemon.process.running import Daemon, Target

_PATIENCE_S = 90


async def test_a_daemon_without_files_judges_nothing(daemon: Daemon, target: Target) -> None:
    """It says so in its log, keeps what it knows, and goes on when it may open files again."""
    daemon.config.write_text(
        "defaults: { interval_s: 0.2, timeout_s: 20, retries: 0, down_threshold: 1 }\n"
        "checks:\n"
        f"  - {{ id: web, type: http, url: 'http://127.0.0.1:{target.port}/' }}\n"
        f"  - {{ id: name, type: http, url: 'http://localhost:{target.port}/' }}\n"
        f"  - {{ id: port, type: tcp, host: 127.0.0.1, port: {target.port} }}\n"
    )
    await daemon.start()
    await daemon.until("/api/status/summary", lambda summary: summary["up"] == 3)

    with no_file_left(daemon.pid):
        async with asyncio.timeout(_PATIENCE_S):
            while "LimitNOFILE" not in daemon.log:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.02)
    asked = target.requests
    await daemon.until("/api/ops/health", lambda health: "engine" not in health["dependencies"])
    async with asyncio.timeout(_PATIENCE_S):
        while target.requests < asked + 4:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.02)

    summary = await daemon.get("/api/status/summary")
    events = await daemon.get("/api/status/events")
    assert summary["up"] == 3
    assert {event["event"] for event in events} == {"INIT"}
    assert "this machine has no file left to open a connection to" in daemon.log
