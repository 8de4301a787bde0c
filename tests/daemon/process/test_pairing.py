"""Pairing as a person does it: a command, a code, a token that outlives the daemon."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import stat
from typing import Any

import aiohttp
import pytest

from opsmonitor.cli import main
from tests.daemon.process.running import Daemon

CONFIG = "server: {token: the-admin-token-of-this-test}\nchecks: []\n"


async def ask(daemon: Daemon, path: str, token: str | None, **options: Any) -> tuple[int, Any]:
    """Send a request; return status and JSON."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    method = "POST" if options else "GET"
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, daemon.url + path, headers=headers, **options) as response,
    ):
        return response.status, await response.json()


async def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    """Run a command in this process, as a further interpreter takes its time to start."""
    code = await asyncio.to_thread(main, [str(word) for word in words])
    said = capsys.readouterr()
    return code, said.out, said.err


async def test_from_the_command_to_a_token(
    daemon: Daemon, capsys: pytest.CaptureFixture[str]
) -> None:
    """`pair` shows a code; its token survives kill -9; `tokens` lists it and shuts it out."""
    daemon.config.write_text(CONFIG)
    await daemon.start(token="the-admin-token-of-this-test")  # noqa: S106 - of this test's daemon
    where = ("--config", daemon.config, "--data", daemon.data, "--url", daemon.url)
    code, output, _ = await run(capsys, "pair", "--name", "Wall", "--days", "30", *where)
    assert code == 0
    shown = re.match(r"(\d{3}) (\d{3})\n", output)
    assert shown, output
    assert "30 days" in output

    status, got = await ask(daemon, "/api/pair", None, json={"code": shown[0].strip()})
    assert status == 200
    await daemon.stop(signal.SIGKILL)
    await daemon.start(token="the-admin-token-of-this-test")  # noqa: S106 - as above
    where = (*where[:-1], daemon.url)
    assert (await ask(daemon, "/api/info", got["token"]))[0] == 200

    _, listed, _ = await run(capsys, "tokens", *where)
    assert re.fullmatch(rf"{got['id']}  admin  Wall  \(last used .*, until .*\)\n", listed)
    code, said, _ = await run(capsys, "tokens", "--revoke", got["id"], *where)
    assert (code, said) == (0, "Wall is shut out\n")
    assert (await ask(daemon, "/api/info", got["token"]))[0] == 401
    code, _, errors = await run(capsys, "tokens", "--revoke", got["id"], *where)
    assert code == 3
    assert "no token has the id" in errors

    _, listed, _ = await run(capsys, "tokens", *where)
    assert "opsmonitor pair" in listed
    _, listed, _ = await run(capsys, "tokens", "--json", *where)
    assert json.loads(listed) == []
    assert stat.S_IMODE((daemon.data / "token-key").stat().st_mode) == 0o600
    files = b"".join(path.read_bytes() for path in daemon.data.iterdir() if path.is_file())
    assert got["token"].encode() not in files
    assert got["token"] not in daemon.log
