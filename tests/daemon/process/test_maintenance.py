"""Maintenance in a real daemon."""

from __future__ import annotations

import signal

from tests.daemon.process.hook import Hook
from tests.daemon.process.running import Daemon, Target
from tests.daemon.process.test_telling import hook_channel, up, write


async def test_a_window_outlives_the_daemon_and_tells_the_difference_at_its_end(
    daemon: Daemon, target: Target, hook: Hook
) -> None:
    """Opened by the API, killed in it, started again: silence, until the window is closed."""
    write(daemon, target, hook_channel(hook))
    await daemon.start()
    await up(daemon)
    window = await daemon.post(
        "/api/maintenance", {"all": True, "from": "2020-01-01", "to": "2099-01-01", "id": "long"}
    )
    await target.stop()
    await daemon.until("/api/status/checks/web-0", lambda check: check["fail_streak"] > 1)
    await daemon.stop(signal.SIGKILL)

    await daemon.start()
    seen = await daemon.until("/api/status/checks/web-0", lambda check: check["fail_streak"] > 5)
    alerts = await daemon.get("/api/alerts")
    status, _ = await daemon.ask("DELETE", "/api/maintenance/long")
    await hook.until(lambda: hook.events == ["first_fail"])

    assert window["is_open"]
    assert (seen["status"], seen["maintenance"]["id"]) == ("maintenance", "long")
    assert alerts == []
    assert status == 200
