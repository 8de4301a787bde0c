"""The command line as a newcomer uses it."""

from __future__ import annotations

import json
from pathlib import Path
import socket
import sqlite3

from opsmonitor import __version__
from tests.daemon.process.running import Daemon, Target, run_command


def write_check(path: Path, port: int, **keys: object) -> None:
    """Configure one check of a local port."""
    lines = [f"    {name}: {value}" for name, value in keys.items()]
    head = ["checks:", "  - id: web", "    type: http", f"    url: http://127.0.0.1:{port}/"]
    path.write_text("\n".join([*head, *lines]) + "\n")


async def test_version() -> None:
    """`version` prints the version."""
    assert await run_command("version") == (0, f"opsmonitor {__version__}\n", "")


async def test_help_names_every_command() -> None:
    """`--help` tells a newcomer what there is."""
    code, output, _ = await run_command("--help")

    assert code == 0
    words = "run check-config check status events pair tokens ports backup version"
    for word in words.split():
        assert f"\n    {word}" in output


async def test_check_config_sums_up_a_valid_file(tmp_path: Path) -> None:
    """A valid file gets exit code 0 and a summary."""
    write_check(tmp_path / "checks.yml", 80)

    code, output, _ = await run_command("check-config", cwd=tmp_path)

    assert code == 0
    assert "1 check" in output
    assert "The database will grow to about" in output


async def test_check_config_of_a_missing_file(tmp_path: Path) -> None:
    """A missing file gets exit code 2 and its name, no traceback."""
    code, _, errors = await run_command("check-config", "nosuch.yml", cwd=tmp_path)

    assert code == 2
    assert "nosuch.yml" in errors
    assert "Traceback" not in errors


async def test_check_runs_one_check_without_a_daemon(tmp_path: Path, target: Target) -> None:
    """`check ID` prints the result and exits 0 when all is well."""
    write_check(tmp_path / "checks.yml", target.port)

    code, output, _ = await run_command("check", "web", cwd=tmp_path)
    json_code, json_output, _ = await run_command("check", "web", "--json", cwd=tmp_path)

    assert (code, json_code) == (0, 0)
    assert "web" in output
    assert "ok" in output
    assert json.loads(json_output)["status_code"] == 200


async def test_check_of_a_dead_target(tmp_path: Path, target: Target) -> None:
    """A failing check exits 1 and says in words what is wrong."""
    write_check(tmp_path / "checks.yml", target.port, retries=0)
    await target.stop()

    code, output, _ = await run_command("check", "web", cwd=tmp_path)

    assert code == 1
    assert "refused" in output


async def test_check_of_what_only_the_daemon_knows(tmp_path: Path) -> None:
    """A heartbeat cannot be judged without the daemon, and the remedy is told."""
    config = tmp_path / "checks.yml"
    config.write_text("checks: [{id: backup, type: heartbeat, period: 1d}]\n")

    code, output, _ = await run_command("check", "backup", "--config", config)

    assert code == 1
    assert "ask it with `opsmonitor status`" in output


async def test_check_of_an_unknown_id(tmp_path: Path) -> None:
    """An id that is not configured is an error that names it."""
    write_check(tmp_path / "checks.yml", 80)

    code, _, errors = await run_command("check", "nosuch", cwd=tmp_path)

    assert code == 1
    assert "nosuch" in errors


async def test_status_and_events_ask_the_daemon(daemon: Daemon, target: Target) -> None:
    """Both print one line a check or event, and JSON when asked for."""
    write_check(daemon.config, target.port)
    await daemon.start()
    await daemon.until("/api/status/summary", lambda summary: summary["up"] == 1)
    words: list[str | Path] = ["--config", daemon.config, "--data", daemon.data]
    words += ["--url", daemon.url]

    code, status, _ = await run_command("status", *words)
    _, events, _ = await run_command("events", *words)
    _, as_json, _ = await run_command("events", *words, "--json")

    assert code == 0
    assert "up" in status
    assert "web" in status
    assert "INIT" in events
    assert json.loads(as_json)[0]["id"] == "web"


async def test_status_tells_that_something_is_down(daemon: Daemon, target: Target) -> None:
    """Exit code 1 and the error when a check is down."""
    await target.stop()
    write_check(daemon.config, target.port, retries=0)
    await daemon.start()
    await daemon.until("/api/status/summary", lambda summary: summary["down"] == 1)

    code, output, _ = await run_command("status", "--config", daemon.config, "--url", daemon.url)

    assert code == 1
    assert "refused" in output


async def test_status_without_a_daemon(tmp_path: Path, target: Target) -> None:
    """Exit code 3 and a hint when no daemon answers."""
    write_check(tmp_path / "checks.yml", 80)
    await target.stop()

    code, _, errors = await run_command(
        "status", "--url", f"http://127.0.0.1:{target.port}", cwd=tmp_path
    )

    assert code == 3
    assert "opsmonitor run" in errors


async def test_backup_of_a_running_daemon(daemon: Daemon, target: Target, tmp_path: Path) -> None:
    """The copy is sound and holds the state; an existing file is not overwritten."""
    write_check(daemon.config, target.port)
    await daemon.start()
    await daemon.until("/api/status/summary", lambda summary: summary["up"] == 1)
    copy = tmp_path / "copy.db"
    words: list[str | Path] = ["backup", copy, "--config", daemon.config, "--data", daemon.data]

    code, output, _ = await run_command(*words)
    again, _, errors = await run_command(*words)

    assert (code, again) == (0, 1)
    assert "verified" in output
    assert str(copy) in errors
    connection = sqlite3.connect(copy)
    assert connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
    connection.close()


async def test_check_config_of_a_folder_without_a_name() -> None:
    """Even the root folder in place of a file is explained, not answered with a traceback."""
    code, _, errors = await run_command("check-config", "/")

    assert code == 2
    assert "cannot be read: Is a directory" in errors
    assert "Traceback" not in errors


async def test_run_where_no_data_folder_can_be_made(tmp_path: Path, target: Target) -> None:
    """A file in the place of the data folder is said plainly, with the remedy."""
    write_check(tmp_path / "checks.yml", target.port)
    (tmp_path / "taken").touch()

    code, _, errors = await run_command("run", "--data", tmp_path / "taken", cwd=tmp_path)

    assert code == 1
    assert "cannot make the data folder" in errors
    assert "--data" in errors
    assert "Traceback" not in errors


async def test_ports_shows_what_listens(tmp_path: Path) -> None:
    """Without the daemon: as a table, as a page, and as JSON."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        code, table, _ = await run_command("ports", cwd=tmp_path)
        written, nothing, _ = await run_command(
            "ports", "--html", "ports.html", "--json", "ports.json", cwd=tmp_path
        )

    report = json.loads((tmp_path / "ports.json").read_text())
    assert (code, written, nothing) == (0, 0, "")
    assert f"\n{port}  tcp    127.0.0.1" in table
    assert port in {row["port"] for row in report["ports"]}
    assert f'data-port="{port}"' in (tmp_path / "ports.html").read_text()


async def test_ports_tells_whether_a_port_is_free() -> None:
    """The exit code is 1 while it is in use, at that address, and 0 when it is free."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        used, output, _ = await run_command("ports", "--check-port", str(port))
        elsewhere, _, _ = await run_command("ports", "--check-port", f"127.0.0.9:{port}/tcp")
    wrong, _, errors = await run_command("ports", "--check-port", "0")
    free, _, _ = await run_command("ports", "--check-port", "1/udp")

    assert (used, elsewhere, free, wrong) == (1, 0, 0, 2)
    assert f"port {port} is in use" in output
    assert "expected a port" in errors
