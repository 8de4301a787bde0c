"""Telling systemd."""

from __future__ import annotations

import os
from pathlib import Path
import socket

import pytest

from opsmonitor.util.sd_notify import Notifier


@pytest.mark.parametrize("is_abstract", [False, True])
def test_states_reach_the_socket(tmp_path: Path, is_abstract: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Lines arrive as one datagram, at a path or at an abstract address."""
    name = f"@opsmonitor-{os.getpid()}" if is_abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind("\0" + name[1:] if is_abstract else name)
        Notifier({"NOTIFY_SOCKET": name}).send("READY=1", "STATUS=fine")

        assert server.recv(100) == b"READY=1\nSTATUS=fine"


def test_without_systemd_nothing_happens() -> None:
    """Elsewhere there is no socket, no watchdog and no error."""
    notifier = Notifier({})
    notifier.send("READY=1")

    assert notifier.watchdog_s is None


def test_a_vanished_socket_is_no_failure(tmp_path: Path) -> None:
    """The daemon does not stop because systemd's socket is gone."""
    notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone"), "WATCHDOG_USEC": "30000000"})
    notifier.send("WATCHDOG=1")

    assert notifier.watchdog_s == 30.0


def test_another_process_is_not_watched() -> None:
    """A watchdog meant for another process is not ours to feed."""
    notifier = Notifier(
        {"NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid() + 1)}
    )

    assert notifier.watchdog_s is None
