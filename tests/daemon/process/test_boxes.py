"""What the whole daemon tells of boxes that are polled, as they come and go."""

from __future__ import annotations

import signal

from tests.daemon.probes.box_double import Box, status
from tests.daemon.process.running import Daemon

_HEALTH = "/api/metrics/health-summary"
_ISSUE = {"kind": "ct_disk_high", "vmid": 111, "name": "dashboards", "usage_percent": 97.5}


async def test_the_last_payload_of_proxmox_stays(daemon: Daemon) -> None:
    """Through polls that fail, and through a kill while the service is away."""
    box = Box({_HEALTH: {"status": "crit", "issues": [_ISSUE]}}, {})
    async with box.serving() as address:
        daemon.config.write_text("proxmox: {interval_s: 1}\nchecks: []\n")
        daemon.variables["PROXMOX_STATS_BASE_URL"] = address
        await daemon.start()
        good = await daemon.until(
            "/api/ops/summary", lambda seen: seen["proxmox"]["status"] == "crit"
        )
        box.misbehave["/"] = status(500)
        failed = await daemon.until("/api/ops/summary", lambda seen: seen["proxmox"]["last_error"])
    await daemon.stop(signal.SIGKILL)
    await daemon.start()
    after = await daemon.get("/api/ops/summary")

    assert [seen["overall"] for seen in (good, failed, after)] == ["warn", "warn", "warn"]
    assert failed["proxmox"]["status"] == after["proxmox"]["status"] == "crit"
    assert failed["proxmox"]["issues"] == after["proxmox"]["issues"] == good["proxmox"]["issues"]
    assert _ISSUE.items() <= good["proxmox"]["issues"][0].items()
    assert failed["proxmox"]["last_fetch_ts"] > good["proxmox"]["last_fetch_ts"]
    health = await daemon.until(
        "/api/ops/health",
        lambda seen: seen["dependencies"]["proxmox_stats"]["status"] == "unavailable",
    )
    assert health["dependencies"]["proxmox_stats"]["last_error"]
