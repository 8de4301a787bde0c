"""The daemon itself: health, readiness, identity, configuration, the operator's view, metrics."""

from __future__ import annotations

from dataclasses import replace
import re
from types import MappingProxyType

import pytest

from opsmonitor.models.check import EventKind, Status, Transition
from opsmonitor.models.config import ConfigProblem
from opsmonitor.models.space import Space
from opsmonitor.util.secret import REDACTED, Secret
from tests.daemon.api.house import House, open_house
from tests.daemon.api.listener import listen
from tests.daemon.api.samples import BAD, GOOD, SLOW, check


@pytest.mark.parametrize("path", ["/health", "/health/"])
async def test_health(house: House, path: str) -> None:
    """The process that lives says so, and who it is, and nothing else."""
    assert (await house.get(path)).json == {
        "status": "ok",
        "instance_id": house.store.instance_id,
    }


async def test_health_needs_nothing(house: House) -> None:
    """A daemon that can do nothing else still answers that it lives."""
    house.store.break_down("disk full")

    assert (await house.get("/health")).status == 200


async def test_ready(house: House) -> None:
    """With a writable store and a ticking engine the daemon is ready."""
    reply = await house.get("/ready")

    assert reply.status == 200
    assert reply.json == {"status": "ready", "reasons": [], "warnings": []}


async def test_a_daemon_that_cannot_read_who_it_was(house: House) -> None:
    """It does not say that it is another one: its clients would give it up."""
    house.store.has_past = False

    reply = await house.get("/api/info")

    assert (reply.status, reply.error["code"]) == (503, "store_unavailable")


async def test_what_the_daemon_lacks_is_told_while_it_does(house: House) -> None:
    """The operator sees how many checks could not be run, why, and what helps."""
    before = (await house.get("/api/ops/health")).json["dependencies"]
    figures = replace(house.monitor.figures, starved=2, shortage="no file left")
    house.monitor.figures = figures

    engine = (await house.get("/api/ops/health")).json["dependencies"]["engine"]

    assert "engine" not in before
    assert (engine["status"], engine["last_error"]) == ("warn", "no file left")
    assert engine["note"].startswith("2 checks could not be run and keep their status")
    assert "LimitNOFILE" in engine["note"]


async def test_little_room_is_told(house: House) -> None:
    """It is no reason not to be ready, but a warning; the stream and the operator hear of it."""
    async with listen(house) as listener:
        first = (await listener.next()).data["daemon"]
        house.wellbeing.space = Space(free_bytes=9 * 10**8, total_bytes=10**12, is_low=True)
        frame = await listener.next()
    ready = await house.get("/ready")
    health = (await house.get("/api/ops/health")).json["dependencies"]["database"]
    snapshot = (await house.get("/api/snapshot")).json

    assert first["storage"]["free_bytes"] is None
    assert frame.kind == "daemon"
    assert frame.data["storage"]["is_low"] is True
    assert frame.data == snapshot["daemon"]
    assert (ready.status, ready.json["warnings"]) == (
        200,
        ["only 900.0 MB are free for the database"],
    )
    assert (health["status"], health["note"]) == ("warn", "only 900.0 MB are free on its disk")


async def test_not_ready_without_a_writable_store(house: House) -> None:
    """A store that cannot be written makes the daemon not ready, and says why."""
    house.store.break_down("disk full", mode="memory")

    reply = await house.get("/ready")

    assert (reply.status, reply.json["status"]) == (503, "not_ready")
    assert "not writable" in reply.json["reasons"][0]
    assert reply.json["warnings"] == ["results are kept in memory only: disk full"]


async def test_not_ready_when_the_engine_stands(house: House) -> None:
    """An engine that has not looked for due checks for long makes the daemon not ready."""
    house.monitor.figures = replace(house.monitor.figures, last_tick_age_s=42.0)

    reply = await house.get("/ready")

    assert reply.status == 503
    assert "42 s" in reply.json["reasons"][0]


async def test_ready_with_a_bad_file(house: House) -> None:
    """A bad file leaves the daemon ready, as the old configuration stays, but is a warning."""
    house.problems.append(ConfigProblem(file="checks.yml", line=3, message="no such type"))
    house.store.notes = ("a damaged database was moved aside",)

    reply = await house.get("/ready")

    assert reply.status == 200
    assert reply.json["warnings"] == [
        "configuration not used: checks.yml:3:1: no such type",
        "a damaged database was moved aside",
    ]


async def test_that_changes_are_not_noticed_is_a_warning(house: House) -> None:
    """Whoever saves the file must learn why nothing happens, and what helps."""
    house.config_trouble = "ValueError, a defect of its own"

    reply = await house.get("/ready")

    assert reply.status == 200
    (warning,) = reply.json["warnings"]
    assert "not noticed: ValueError, a defect of its own" in warning
    assert "POST /api/config/reload" in warning


async def test_one_trouble_of_the_storage_is_told_once(house: House) -> None:
    """What is wrong now, and a note of the start about the same, are one warning."""
    house.store.break_down("The disk is full: /data/a.db", mode="memory")
    house.store.notes = (
        "The disk is full: /data/a.db. History is kept in memory until that is mended.",
        "something else",
    )

    reply = await house.get("/ready")

    assert reply.json["warnings"] == [
        "results are kept in memory only: The disk is full: /data/a.db",
        "something else",
    ]


async def test_warnings_are_not_for_strangers() -> None:
    """Without a credential readiness is told, but no names or paths."""
    async with open_house(check("nas"), token=Secret("t")) as house:
        house.problems.append(ConfigProblem(file="/secret/checks.yml", message="no"))
        stranger = await house.get("/ready")
        known = await house.get("/ready", headers={"Authorization": "Bearer t"})

    assert stranger.json["warnings"] == []
    assert len(known.json["warnings"]) == 1


async def test_info(house: House) -> None:
    """Clients learn who the daemon is and which API it speaks."""
    info = (await house.get("/api/info")).json

    assert info["instance_id"] == house.store.instance_id
    assert (info["api_version"], info["min_client_version"]) == (1, 1)
    assert info["started_at"] == "2023-11-14T22:13:20.000Z"


async def test_config_has_its_keys_in_any_case(house: House) -> None:
    """Keys that scripts rely on are there, null where nothing is set."""
    house.settings.settings = replace(
        house.settings.settings, public=MappingProxyType({"interval": 30.0, "more": {"a": 1}})
    )

    assert (await house.get("/config")).json == {
        "portainer_base_url": None,
        "proxmox_stats_url": None,
        "interval": 30.0,
        "more": {"a": 1},
    }


async def test_raw_registry(house: House) -> None:
    """The registry as written has its two keys even where the file has none of them."""
    house.settings.settings = replace(
        house.settings.settings, raw=MappingProxyType({"defaults": None, "server": {"port": 1}})
    )

    assert (await house.get("/api/registry/raw")).json == {
        "defaults": {},
        "checks": [],
        "server": {"port": 1},
    }


async def test_registry(house: House) -> None:
    """The registry tells every check with its defaults applied."""
    registry = (await house.get("/api/registry")).json

    assert registry["count"] == 2
    assert registry["checks"]["nas"] == {"id": "nas", "type": "tcp", "interval_s": 30.0}


async def test_reload(house: House) -> None:
    """The configuration is read again on demand, and what is wrong with it is answered."""
    good = await house.post("/api/config/reload")
    house.problems.append(ConfigProblem(file="checks.yml", message="no"))
    bad = await house.post("/api/config/reload")

    assert house.reloads.count == 2
    assert good.json == {"ok": True, "problems": []}
    assert bad.json == {"ok": False, "problems": ["checks.yml: no"]}


async def test_tokens_are_shown_nowhere() -> None:
    """No answer holds a token, even where the settings that are shown hold it."""
    async with open_house(
        check("nas"), token=Secret("canary-admin"), read_token=Secret("canary-read")
    ) as house:
        shown = {"server": {"token": house.settings().server.token and REDACTED}}
        house.settings.settings = replace(house.settings.settings, public=shown, raw=shown)
        headers = {"Authorization": "Bearer canary-admin"}
        paths = ("/config", "/api/registry/raw", "/api/registry", "/api/info", "/metrics", "/")
        replies = [await house.get(path, headers=headers) for path in paths]

    assert {reply.status for reply in replies} == {200}
    assert not [reply for reply in replies if b"canary" in reply.body]


async def test_ops_summary(house: House) -> None:
    """The operator sees the whole at a glance; what is not configured is not made up."""
    house.monitor.configure([check("nas"), check("web"), check("new")])
    house.monitor.tick(nas=BAD, web=SLOW)
    house.store.transitions = [
        Transition(
            check_id="nas",
            at_ms=1_700_000_000_000,
            event=EventKind.DOWN,
            status=Status.DOWN,
            previous=Status.UP,
            ok=False,
        )
    ]

    summary = (await house.get("/api/ops/summary")).json

    assert summary == {
        "timestamp": "2023-11-14T22:13:20.000Z",
        "overall": "warn",
        "services": {
            "up": 1,
            "down": 1,
            "down_list": ["nas"],
            "unknown": 1,
            "degraded": 1,
            "total": 3,
        },
        "proxmox": {"status": "unknown", "issues": [], "last_fetch_ts": None, "last_error": None},
        "docker": {"status": "unavailable", "note": "not configured"},
        "recent_events": [{"ts": "2023-11-14T22:13:20.000Z", "id": "nas", "event": "DOWN"}],
    }


@pytest.mark.parametrize(
    ("reason", "mode", "writable", "status"),
    [
        (None, "disk", True, "ok"),
        ("the disk is full", "disk", False, "crit"),
        ("the disk is full", "memory", True, "warn"),
    ],
)
async def test_ops_health(
    house: House,
    reason: str | None,
    mode: str,
    writable: bool,  # noqa: FBT001 - a parameter of the test
    status: str,
) -> None:
    """The database is told as it is; what is not configured is unknown."""
    house.store.state = replace(house.store.state, reason=reason, mode=mode, writable=writable)

    dependencies = (await house.get("/api/ops/health")).json["dependencies"]

    assert (dependencies["database"]["status"], dependencies["database"]["last_error"]) == (
        status,
        reason,
    )
    assert {
        name: dependencies[name]["note"] for name in ("proxmox_stats", "ntfy", "portainer")
    } == {
        "proxmox_stats": "not configured",
        "ntfy": "not configured",
        "portainer": "not configured",
    }


SAMPLE = re.compile(
    r"[a-z_]+(\{([a-z_]+=\"([^\"\\\n]|\\[\\\"n])*\",?)+\})? -?[0-9.e+-]+|# (HELP|TYPE) [a-z_]+ .+"
)


async def test_metrics_follow_the_format(house: House) -> None:
    """Every line is a sample or a comment of the format, whatever names contain."""
    house.monitor.configure([check("nas", name='a"b\\c\nd{e}')])
    house.monitor.tick(nas=GOOD)

    reply = await house.get("/metrics")

    assert reply.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = reply.body.decode().removesuffix("\n").split("\n")
    assert [line for line in lines if not SAMPLE.fullmatch(line)] == []
    assert r'name="a\"b\\c\nd{e}"' in reply.body.decode()


async def test_metrics_tell_what_is_known(house: House) -> None:
    """Values are those of the states; what is unknown is left out."""
    house.monitor.tick(nas=BAD)
    house.monitor.tick(nas=GOOD)

    lines = (await house.get("/metrics")).body.decode().split("\n")

    labels = 'id="nas",name="The nas",type="tcp"'
    expected = {
        f"opsmonitor_check_up{{{labels}}} 1",
        f'opsmonitor_check_status{{{labels},status="up"}} 1',
        f'opsmonitor_check_status{{{labels},status="down"}} 0',
        f"opsmonitor_check_latency_seconds{{{labels}}} 0.0125",
        f"opsmonitor_check_last_run_timestamp_seconds{{{labels}}} 1700000000",
        'opsmonitor_runs_total{id="nas",verdict="fail"} 1',
        'opsmonitor_runs_total{id="nas",verdict="ok"} 1',
        'opsmonitor_scheduler_lateness_seconds{quantile="0.99"} 0.02',
        "opsmonitor_scheduler_overruns_total 2",
        "opsmonitor_store_queued_results 0",
        "opsmonitor_store_writable 1",
        "opsmonitor_alerts_open 0",
        "opsmonitor_alerts_muted 0",
    }
    assert expected <= set(lines)
    assert not [line for line in lines if line.startswith("opsmonitor_check_up") and "web" in line]


async def test_metrics_forget_removed_checks(house: House) -> None:
    """A check that is no longer configured has no metrics any more."""
    house.monitor.tick(nas=GOOD)
    house.monitor.configure([check("web")])

    assert b'"nas"' not in (await house.get("/metrics")).body
