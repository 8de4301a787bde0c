"""What the daemon knows, for Prometheus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from opsmonitor import __version__
from opsmonitor.api.keys import DEPS, STREAM, VERDICTS
from opsmonitor.api.metrics import MetricsText, add_checks, add_readings
from opsmonitor.api.routing import Answer, Routes
from opsmonitor.api.scope import Scope

if TYPE_CHECKING:
    from opsmonitor.api.deps import StoreHealthView
    from opsmonitor.engine.stats import EngineStats

routes = Routes("daemon")


@routes.get(
    "/metrics",
    scope=Scope.READ,
    answers={200: Answer(content_type="text/plain", description="Prometheus text format")},
)
async def metrics(request: web.Request) -> web.Response:
    """Return what is known in the text format of Prometheus."""
    deps = request.app[DEPS]
    monitor = deps.monitor
    text = MetricsText()
    text.family(
        "opsmonitor_build_info",
        "gauge",
        "The version, as a label.",
        [({"version": __version__}, 1)],
    )
    add_checks(text, monitor.checks, monitor.states)
    add_readings(text, deps.readings.states)
    text.family(
        "opsmonitor_runs_total",
        "counter",
        "Finished runs by how they ended.",
        [
            ({"id": check_id, "verdict": verdict.value}, runs)
            for check_id, verdict, runs in request.app[VERDICTS].items()
            if check_id in monitor.checks
        ],
    )
    text.single("opsmonitor_stream_clients", "gauge", "Open streams.", request.app[STREAM].clients)
    alerts = deps.telling.state
    text.single("opsmonitor_alerts_open", "gauge", "Open alerts.", alerts.open_alerts)
    text.single(
        "opsmonitor_alerts_muted",
        "gauge",
        "Whether nobody is told of any (1) or people are (0).",
        alerts.mute is not None,
    )
    _add_engine(text, monitor.stats())
    _add_store(text, deps.store.health())
    return web.Response(
        body=text.text().encode("utf-8", "replace"),
        headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"},
    )


def _add_engine(text: MetricsText, stats: EngineStats) -> None:
    """Add the engine's own figures."""
    lateness = {
        "0.5": stats.lateness_p50_ms,
        "0.99": stats.lateness_p99_ms,
        "1": stats.lateness_max_ms,
    }
    text.family(
        "opsmonitor_scheduler_lateness_seconds",
        "gauge",
        "How long after their due times the latest runs started, by quantile.",
        [
            ({"quantile": quantile}, late_ms / 1000)
            for quantile, late_ms in lateness.items()
            if late_ms is not None
        ],
    )
    text.single(
        "opsmonitor_scheduler_late_starts_total",
        "counter",
        "Runs that started noticeably late.",
        stats.late_starts,
    )
    text.single(
        "opsmonitor_scheduler_overruns_total",
        "counter",
        "Runs left out because the previous one was still under way.",
        stats.overruns,
    )
    text.single("opsmonitor_runs_running", "gauge", "Runs under way.", stats.running)
    text.single("opsmonitor_runs_waiting", "gauge", "Runs waiting for room.", stats.waiting)


def _add_store(text: MetricsText, health: StoreHealthView) -> None:
    """Add the figures of the database."""
    text.single(
        "opsmonitor_store_queued_results",
        "gauge",
        "Results waiting to be written.",
        health.queued,
    )
    text.single(
        "opsmonitor_store_dropped_results_total",
        "counter",
        "Results given up for lack of room.",
        health.dropped,
    )
    text.single(
        "opsmonitor_store_size_bytes", "gauge", "The size of the database.", health.size_bytes
    )
    text.single(
        "opsmonitor_store_writable",
        "gauge",
        "Whether results are being kept (1) or not (0).",
        health.writable,
    )
