"""What is polled, in a running daemon: judged by checks, kept through a restart, reloaded."""

from __future__ import annotations

import signal

from tests.daemon.process.running import Daemon

_CONFIG = """
host: {interval_s: 1}
ports: {enabled: false}
nvme: {enabled: false}
checks:
  - {id: memory, type: metric, metric: host.memory_percent, gt: 101, interval_s: 1}
"""


async def test_a_check_judges_what_is_polled(daemon: Daemon) -> None:
    """The value, its history and the switched-off probes are all told."""
    daemon.config.write_text(_CONFIG)
    await daemon.start()

    host = await daemon.until("/api/host", lambda reading: reading["last_fetch_ts"] is not None)
    await daemon.until("/api/status/summary", lambda summary: summary["up"] == 1)
    values = await daemon.until(
        "/api/values?name=host.memory_percent&resolution=raw",
        lambda found: len(found["points"]) > 1,
    )

    assert host["stale"] is False
    assert host["memory"]["total_bytes"] > 0
    assert 0 < values["value"] <= 100
    assert await daemon.status("/api/ports") == 404


async def test_readings_survive_a_restart(daemon: Daemon) -> None:
    """Even a daemon that was killed still knows what it read last, and how values were."""
    daemon.config.write_text(_CONFIG)
    await daemon.start()
    path = "/api/values?name=host.memory_percent&resolution=raw"
    await daemon.until("/api/host", lambda reading: reading["last_fetch_ts"] is not None)
    first = await daemon.until(path, lambda found: len(found["points"]) > 1)
    await daemon.stop(signal.SIGKILL)
    daemon.config.write_text(_CONFIG.replace("interval_s: 1}", "interval_s: 3600}", 1))

    await daemon.start()
    again = await daemon.get(path)

    assert again["value_ts"] is not None
    assert again["points"][0] == first["points"][0]


async def test_a_reload_changes_what_is_polled(daemon: Daemon) -> None:
    """A probe that is switched off is told no more."""
    daemon.config.write_text(_CONFIG)
    await daemon.start()
    await daemon.until("/api/readings", lambda found: [each["name"] for each in found] == ["host"])

    daemon.config.write_text(_CONFIG.replace("host: {interval_s: 1}", "host: {enabled: false}"))
    daemon.signal(signal.SIGHUP)

    assert await daemon.until("/api/readings", lambda found: found == []) == []
