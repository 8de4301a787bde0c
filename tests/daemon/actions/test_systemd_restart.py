"""Restarting units by a program that stands in for systemctl."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import voluptuous as vol

from opsmonitor.actions.systemd_restart import ACTION
from opsmonitor.exceptions import ActionError
from tests.daemon.actions.conftest import Do


@pytest.fixture
def systemctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a systemctl that notes its arguments and does what a file says."""
    program = tmp_path / "systemctl"
    program.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/called\n. {tmp_path}/then\n', "utf-8"
    )
    program.chmod(0o755)
    (tmp_path / "then").write_text("exit 0\n")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return tmp_path


async def test_a_unit_is_restarted(do: Do, systemctl: Path) -> None:
    """The name comes after `--`, and nobody is asked for a password."""
    said = await do(ACTION, {"unit": "nginx.service"})

    assert said == "restarted"
    assert (systemctl / "called").read_text().split() == [
        *("--no-ask-password", "restart", "--", "nginx.service")
    ]


@pytest.mark.parametrize(
    ("errors", "message"),
    [
        ("Interactive authentication required.", "this user may not restart nginx.service"),
        ("Access denied", "this user may not restart nginx.service"),
        ("Failed to connect to bus: No such file", "systemd does not run on this machine"),
        ("Unit nginx.service not found.", 'ended with 5, said "Unit nginx.service not found."'),
    ],
)
async def test_refusals_are_told(do: Do, systemctl: Path, errors: str, message: str) -> None:
    """With the remedy where there is one."""
    (systemctl / "then").write_text(f'echo "{errors}" >&2; exit 5\n')

    with pytest.raises(ActionError, match=message):
        await do(ACTION, {"unit": "nginx.service"})


async def test_a_restart_that_hangs_is_left(do: Do, systemctl: Path) -> None:
    """The program is killed when its time is over."""
    (systemctl / "then").write_text("sleep 60\n")

    with pytest.raises(ActionError, match=r"no end within 0\.3 s"):
        await do(ACTION, {"unit": "nginx.service"}, timeout_s=0.3)


async def test_a_machine_without_systemctl(
    do: Do, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That is told."""
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(ActionError, match="there is no systemctl"):
        await do(ACTION, {"unit": "nginx.service"})


@pytest.mark.parametrize("unit", ["", "--force", "a b", "nginx.service; reboot", 7])
def test_what_is_no_unit(unit: Any) -> None:
    """Nothing that could be taken for an option."""
    with pytest.raises(vol.Invalid):
        vol.Schema(dict(ACTION.schema))({"unit": unit})
