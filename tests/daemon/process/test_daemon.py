"""The daemon as its user runs it: one process, one configuration, one data folder."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path
import signal
import sqlite3
import time

import aiohttp
import pytest

from tests.daemon.process.running import Daemon, Frames, Target, run_command

INTERVAL_S = 0.2


def write_checks(daemon: Daemon, target: Target, *, count: int = 1, **keys: object) -> None:
    """Configure checks of the target."""
    words = {"interval_s": INTERVAL_S, "timeout_s": 20, "retries": 0, **keys}
    lines = ["checks:"]
    for number in range(count):
        lines += [
            f"  - id: web-{number}",
            "    type: http",
            f"    url: http://127.0.0.1:{target.port}/",
            *(f"    {name}: {value}" for name, value in words.items()),
        ]
    daemon.config.write_text("\n".join(lines) + "\n")


def at_ms(text: str) -> int:
    """Return a time of the API as the database has it."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def rows(database: Path, sql: str) -> list[tuple[object, ...]]:
    """Read from a database that may be in use."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def number(database: Path, sql: str) -> int:
    """Read the one number that a question asks for."""
    return int(str(rows(database, sql)[0][0]))


async def test_every_documented_address_answers(daemon: Daemon, target: Target) -> None:
    """After the start each endpoint gives what it promises, without anything else to set up."""
    write_checks(daemon, target)
    await daemon.start()
    await daemon.until("/api/status/summary", lambda summary: summary["up"] == 1)

    paths = (await daemon.get("/openapi.json"))["paths"]
    plain = [
        path
        for path, methods in paths.items()
        if "get" in methods
        and "{" not in path
        and path not in ("/api/stream", "/api/ws")
        and not any(parameter["required"] for parameter in methods["get"].get("parameters", ()))
    ]
    answers = {path: await daemon.status(path) for path in plain}
    # Of what is not configured the API says so, and nothing else.
    absent = {path for path in plain if answers[path] == 404}

    assert answers == {path: 404 if path in absent else 200 for path in plain}
    assert all(paths[path]["get"]["tags"] == ["readings"] for path in absent)
    assert len(plain) >= 12
    assert await daemon.status("/") == 200
    assert await daemon.status("/docs") == 200
    assert await daemon.status("/api/history/web-0") == 200
    assert await daemon.status("/api/status/checks/web-0") == 200


async def test_a_stopped_server_is_down_after_exactly_the_threshold(
    daemon: Daemon, target: Target
) -> None:
    """Three failing runs make it DOWN, one good run UP: in the API, the stream and the database."""
    write_checks(daemon, target, down_threshold=3)
    await daemon.start()
    await daemon.until("/api/status/checks/web-0", lambda check: check["ok"])
    async with aiohttp.ClientSession(daemon.url) as session:
        frames = Frames(session)
        reading = asyncio.create_task(frames.read())
        await frames.first("snapshot", lambda snapshot: snapshot["checks"]["web-0"]["ok"])

        await target.stop()
        down, arrived = await frames.first("event", lambda event: event["event"] == "DOWN")
        check, _ = await frames.first("check", lambda check: check["status"] == "down")
        await target.start()
        up, _ = await frames.first("event", lambda event: event["event"] == "UP")
        reading.cancel()

    streaks = [frame["fail_streak"] for kind, frame, _ in frames.seen if kind == "check"]
    first_bad = streaks.index(1)
    assert streaks[first_bad : first_bad + 3] == [1, 2, 3]
    statuses = [frame["status"] for kind, frame, _ in frames.seen if kind == "check"]
    assert statuses[first_bad : first_bad + 3] == ["up", "up", "down"]
    assert check["error_code"] == down["error_code"] == "connection_refused"
    assert up["previous"] == "down"
    assert arrived - datetime.fromisoformat(down["ts"]).timestamp() < 5
    events = await daemon.get("/api/status/events")
    assert [event["event"] for event in events] == ["UP", "DOWN", "INIT"]
    await daemon.stop()
    database = daemon.data / "ops-monitor.db"
    assert len(rows(database, "SELECT * FROM events")) == 3


async def test_state_is_there_before_the_first_run(daemon: Daemon, target: Target) -> None:
    """After a restart the API answers the last known values at once, with their old times."""
    write_checks(daemon, target, interval_s=3600)
    await daemon.start()
    before = await daemon.until("/api/status/checks/web-0", lambda check: check["ok"])
    await daemon.stop()

    await daemon.start()
    after = await daemon.get("/api/status/checks/web-0")

    assert after["last_change"] == before["last_change"]
    assert after["ok"] is True
    events = await daemon.get("/api/status/events")
    assert [event["event"] for event in events] == ["INIT"]


async def test_a_killed_daemon_loses_nothing(daemon: Daemon, target: Target) -> None:
    """Kill -9 under load: the database is sound, state and events are there, the gap is short."""
    write_checks(daemon, target, count=50)
    await daemon.start()
    await daemon.until("/api/status/summary", lambda summary: summary["up"] == 50)
    await target.stop()
    await daemon.until("/api/status/summary", lambda summary: summary["down"] == 50)
    known = await daemon.get("/api/status/checks")
    last_known_ms = max(at_ms(check["last_run"]) for check in known.values())
    database = daemon.data / "ops-monitor.db"
    # Results since then may be lost, those before may not.
    async with asyncio.timeout(90):
        while number(database, "SELECT coalesce(max(ts), 0) FROM results") < last_known_ms:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.02)

    await daemon.stop(signal.SIGKILL)

    assert rows(database, "PRAGMA quick_check") == [("ok",)]
    assert number(database, "SELECT coalesce(max(ts), 0) FROM results") >= last_known_ms
    alive_ms = number(database, "SELECT value FROM meta WHERE key = 'alive_ms'")
    assert alive_ms >= last_known_ms
    await daemon.start()
    events = await daemon.get("/api/status/events?limit=500")
    assert sorted({event["event"] for event in events}) == ["DOWN", "INIT"]
    assert len(events) == 100
    summary = await daemon.get("/api/status/summary")
    assert summary["down"] == 50
    history = await daemon.get("/api/history/web-0?range_minutes=60")
    assert 0 < history["uptime"]["unmonitored_s"] <= time.time() - alive_ms / 1000


async def test_it_stops_quickly_and_completely(daemon: Daemon, target: Target) -> None:
    """SIGTERM ends it soon and with exit code 0, also with a stream open."""
    write_checks(daemon, target, count=20)
    await daemon.start()
    await daemon.until("/api/status/summary", lambda summary: summary["up"] == 20)
    async with aiohttp.ClientSession(daemon.url) as session:
        frames = Frames(session)
        reading = asyncio.create_task(frames.read())
        await frames.first("snapshot", lambda _: True)

        code, took_s = await daemon.stop()

        await asyncio.wait([reading], timeout=60)
    # Two seconds on a machine that has nothing else to do.
    assert (code, took_s < 30) == (0, True)
    assert frames.seen[-1][0] == "bye"
    assert "Traceback" not in daemon.log


@pytest.mark.parametrize("by_signal", [False, True])
async def test_a_changed_file_is_put_in_force(
    daemon: Daemon,
    target: Target,
    by_signal: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """New checks appear, removed ones vanish, and others keep their history."""
    write_checks(daemon, target, count=2)
    await daemon.start()
    before = await daemon.until("/api/status/checks", lambda checks: checks["web-0"]["ok"])

    text = daemon.config.read_text().replace("id: web-1", "id: shop")
    daemon.config.write_text(text)
    if by_signal:
        daemon.signal(signal.SIGHUP)
    after = await daemon.until(
        "/api/status/checks", lambda checks: checks.get("shop", {}).get("ok")
    )

    assert list(after) == ["web-0", "shop"]
    assert after["web-0"]["last_change"] == before["web-0"]["last_change"]


async def test_many_reloads_do_not_hold_up_the_end(daemon: Daemon, target: Target) -> None:
    """After a hundred SIGHUPs the daemon does not work off a queue of reloads before it ends."""
    write_checks(daemon, target)
    await daemon.start()
    for _ in range(100):
        daemon.signal(signal.SIGHUP)
        # Whoever answers has taken in the signal: the next one is a signal of its own.
        await daemon.get("/health")
    before = daemon.log.count("Configuration reloaded")

    code, _ = await daemon.stop()

    assert code == 0
    assert daemon.log.count("Configuration reloaded") - before <= 2


async def test_a_bad_file_keeps_the_old_one_running(daemon: Daemon, target: Target) -> None:
    """The mistake is in the log and on /ready; checks run on; mending it clears it."""
    write_checks(daemon, target)
    await daemon.start()
    good = daemon.config.read_text()
    await daemon.until("/api/status/checks/web-0", lambda check: check["ok"])

    daemon.config.write_text(good.replace("timeout_s: 20", "timeuot_s: 20"))
    ready = await daemon.until("/ready", lambda answer: answer["warnings"])
    requests = target.requests
    await daemon.until("/api/status/checks/web-0", lambda _: target.requests > requests + 1)
    daemon.config.write_text(good)
    await daemon.until("/ready", lambda answer: not answer["warnings"])

    assert "timeuot_s" in str(ready["warnings"])
    assert "timeout_s" in daemon.log, "the remedy is suggested"
    assert "checks.yml:6:" in daemon.log


async def test_a_second_daemon_on_the_same_data_is_refused(daemon: Daemon, target: Target) -> None:
    """Two daemons never write to one database: the second says why and exits."""
    write_checks(daemon, target)
    await daemon.start()

    code, _, errors = await run_command(
        "run", "--config", daemon.config, "--data", daemon.data, "--port", "0"
    )

    assert code == 1
    assert "another" in errors
    assert str(daemon.data) in errors
    assert "Traceback" not in errors


async def test_a_taken_port_is_said_plainly(daemon: Daemon, target: Target, tmp_path: Path) -> None:
    """The message names the address and the remedy, and the process ends."""
    write_checks(daemon, target)

    code, _, errors = await run_command(
        "run", "--config", daemon.config, "--data", tmp_path / "other", "--port", str(target.port)
    )

    assert code == 1
    assert f"port {target.port}" in errors
    assert "--port" in errors
    assert "Traceback" not in errors


async def test_no_token_in_any_output(daemon: Daemon, target: Target) -> None:
    """A secret of the configuration shows up in no answer, no log and no database."""
    canary = "canary-5bd1e9"
    write_checks(
        daemon,
        target,
        headers=f"{{X-Api-Key: {canary}}}",
        auth=f"{{bearer: {canary}}}",
    )
    await daemon.start()
    await daemon.until("/api/status/summary", lambda summary: summary["total"] == 1)
    async with aiohttp.ClientSession(daemon.url) as session:
        paths = [
            path for path in (await daemon.get("/openapi.json"))["paths"] if "stream" not in path
        ]
        texts = []
        for path in [*paths, "/", "/docs"]:
            async with session.get(
                path.replace("{id}", "web-0").replace("{check_id}", "web-0")
            ) as answer:
                texts.append(await answer.text())
    await daemon.stop()

    kept = b"".join(file.read_bytes() for file in daemon.data.rglob("*") if file.is_file())
    assert len(texts) > 10
    assert canary not in "".join(texts) + daemon.log
    assert canary.encode() not in kept


async def test_a_check_removed_while_the_daemon_was_off_is_closed(
    daemon: Daemon, target: Target
) -> None:
    """What left the configuration between two starts is marked as removed, like on a reload."""
    write_checks(daemon, target, count=2)
    await daemon.start()
    await daemon.until("/api/status/summary", lambda summary: summary["up"] == 2)
    await daemon.stop()

    write_checks(daemon, target, count=1)
    await daemon.start()
    await daemon.until("/api/status/summary", lambda summary: summary["up"] == 1)
    await daemon.stop()

    database = daemon.data / "ops-monitor.db"
    assert rows(database, "SELECT id FROM checks WHERE removed_ms IS NOT NULL") == [("web-1",)]
    assert rows(database, 'SELECT count(*) FROM intervals WHERE "end" IS NULL') == [(1,)]
