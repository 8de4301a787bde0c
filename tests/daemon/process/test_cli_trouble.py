"""The command line where something is in its way: a sentence each time, never a traceback."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
import stat

import aiohttp
import pytest

from opsmonitor.access_token import TOKEN_FILE
from tests.daemon.process.running import Daemon, Target, command, environment, run_command

_LIMIT_S = 90
_TOKEN = "a-token-that-nobody-guesses-0123456789"  # noqa: S105 - of this test only


async def run_into(output: int, *words: str) -> tuple[int, str]:
    """Run the command line with its output going to an open file: exit code and errors."""
    process = await asyncio.create_subprocess_exec(
        *command(*words), env=environment(), stdout=output, stderr=asyncio.subprocess.PIPE
    )
    _, errors = await asyncio.wait_for(process.communicate(), _LIMIT_S)
    return process.returncode or 0, errors.decode()


@pytest.mark.parametrize("words", [("version",), ("check-config", "/")])
async def test_a_reader_that_has_seen_enough(words: tuple[str, ...]) -> None:
    """Whoever stops reading the output is no failure of ours."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    try:
        code, errors = await run_into(write_end, *words)
    finally:
        os.close(write_end)

    assert code == (0 if words == ("version",) else 2)
    assert "Traceback" not in errors
    assert "BrokenPipe" not in errors


async def test_output_that_cannot_be_written() -> None:
    """An output on a full disk is said in one line, and the exit code tells it."""
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        code, errors = await run_into(full, "version")
    finally:
        os.close(full)

    assert (code, errors) == (1, "opsmonitor: No space left on device\n")


async def test_a_daemon_whose_output_nobody_reads(tmp_path: Path) -> None:
    """It watches all the same, logs its address, and ends as it should."""
    (tmp_path / "checks.yml").write_text("checks: []\n")
    read_end, write_end = os.pipe()
    os.close(read_end)
    process = await asyncio.create_subprocess_exec(
        *command("run", "--port", "0"),
        cwd=tmp_path,
        env=environment(),
        stdout=write_end,
        stderr=asyncio.subprocess.PIPE,
    )
    os.close(write_end)
    try:
        assert process.stderr is not None
        logged = await asyncio.wait_for(process.stderr.readuntil(b"printed"), _LIMIT_S)
        url = "http://" + logged.decode().partition("http://")[2].partition(";")[0]
        async with aiohttp.ClientSession() as session, session.get(f"{url}health") as response:
            assert (await response.json())["status"] == "ok"
        process.terminate()
        assert await asyncio.wait_for(process.wait(), _LIMIT_S) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.parametrize("port", ["65536", "99999", "-1", "web", "²"])
async def test_a_port_that_is_none(port: str) -> None:
    """A port beyond the range is refused by name, before anything is read."""
    code, _, errors = await run_command("run", f"--port={port}")

    assert code == 2
    assert "give a number from 0 to 65535" in errors


@pytest.mark.parametrize("url", ["ftp://x", "127.0.0.1:8060", "http://", "http://[x"])
async def test_an_address_that_is_none(url: str) -> None:
    """An address of another kind is refused with an example of a right one."""
    code, _, errors = await run_command("status", "--url", url)

    assert code == 2
    assert "http://127.0.0.1:8060" in errors
    assert "Traceback" not in errors


async def test_a_token_that_cannot_be_kept(tmp_path: Path) -> None:
    """Open to other machines, the daemon does not start without a place for its token."""
    (tmp_path / "checks.yml").write_text("checks: []\n")
    (tmp_path / "data" / TOKEN_FILE).mkdir(parents=True)

    code, _, errors = await run_command("run", "--host", "0.0.0.0", cwd=tmp_path)  # noqa: S104

    assert code == 2
    assert f"data/{TOKEN_FILE}" in errors
    assert "server.token" in errors
    assert "Traceback" not in errors


async def test_a_token_that_cannot_be_read(tmp_path: Path) -> None:
    """A token of somebody else is said, and the daemon is asked all the same."""
    (tmp_path / "data" / TOKEN_FILE).mkdir(parents=True)

    code, _, errors = await run_command("status", "--url", "http://127.0.0.1:9", cwd=tmp_path)

    assert code == 3
    assert f"data/{TOKEN_FILE} cannot be read" in errors
    assert "does not answer" in errors


async def test_a_daemon_that_asks_for_a_token(
    daemon: Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the token the ways to give it are named; the environment is one of them."""
    daemon.config.write_text(f"server: {{token: {_TOKEN}}}\nchecks: []\n")
    await daemon.start()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    words = ("status", "--url", daemon.url)

    code, _, errors = await run_command(*words, cwd=elsewhere)
    monkeypatch.setattr(
        "tests.daemon.process.running.environment",
        lambda: {**environment(), "OPSMONITOR_TOKEN": _TOKEN},
    )
    with_token, _, _ = await run_command(*words, cwd=elsewhere)

    assert (code, with_token) == (3, 0)
    assert "OPSMONITOR_TOKEN" in errors


async def test_something_else_at_the_address(target: Target) -> None:
    """A web server that is no Ops Monitor is said to be none."""
    code, _, errors = await run_command("status", "--url", f"http://127.0.0.1:{target.port}")

    assert code == 3
    assert "is no Ops Monitor" in errors
    assert "Traceback" not in errors


async def test_an_address_of_nobody_leaves_nothing_behind(tmp_path: Path) -> None:
    """`--host` with a name that does not exist is said, and no token is made for it."""
    (tmp_path / "checks.yml").write_text("checks: []\n")

    code, _, errors = await run_command("run", "--host", "no.such.name.invalid", cwd=tmp_path)

    assert code == 1
    assert "no.such.name.invalid" in errors
    assert not (tmp_path / "data" / "admin-token").exists()


async def test_the_exit_code_of_status_outlives_its_reader(daemon: Daemon, target: Target) -> None:
    """`opsmonitor status | true` tells all the same that something is down."""
    await target.stop()
    content = f"checks: [{{id: web, type: tcp, host: 127.0.0.1, port: {target.port}, retries: 0}}]"
    daemon.config.write_text(content)
    await daemon.start()
    await daemon.until("/api/status/summary", lambda seen: seen["down"] == 1)
    read_end, write_end = os.pipe()
    os.close(read_end)
    try:
        code, errors = await run_into(
            write_end, "status", "--url", daemon.url, "--config", str(daemon.config)
        )
    finally:
        os.close(write_end)

    assert (code, errors) == (1, "")


async def test_what_is_kept_is_for_its_owner_only(daemon: Daemon) -> None:
    """A new data folder has the mode 0700, and whatever is in it 0600."""
    daemon.config.write_text("checks: []\n")
    await daemon.start()
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in daemon.data.rglob("*")}

    assert stat.S_IMODE(daemon.data.stat().st_mode) == 0o700
    assert "ops-monitor.db-wal" in modes
    assert set(modes.values()) == {0o600}
