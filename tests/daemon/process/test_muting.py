"""Muted alerts in a real daemon."""

from __future__ import annotations

import signal

from tests.daemon.process.hook import Hook
from tests.daemon.process.running import Daemon, Target
from tests.daemon.process.test_telling import hook_channel, up, write


async def test_muted_alerts_wait_through_a_crash(
    daemon: Daemon, target: Target, hook: Hook
) -> None:
    """Muted by the API, killed, started again: nobody is told until it is unmuted, then all is."""
    write(daemon, target, hook_channel(hook))
    await daemon.start()
    await up(daemon)
    muted = await daemon.post("/api/alerts/mute", {"reason": "party"})
    await target.stop()
    await daemon.until("/api/alerts/state", lambda state: state["open"] == 1)
    await daemon.until("/api/ops/health", lambda health: "1 held" in str(health))
    await daemon.stop(signal.SIGKILL)

    await daemon.start()
    state = await daemon.until("/api/alerts/state", lambda state: state["open"] == 1)
    told_before = list(hook.events)
    await daemon.post("/api/alerts/unmute", {})
    await hook.until(lambda: hook.events == ["first_fail"])

    assert muted["muted"]["reason"] == state["muted"]["reason"] == "party"
    assert told_before == []
