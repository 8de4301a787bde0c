"""What this machine is called, by its own word."""

from __future__ import annotations

import errno
from typing import NoReturn

import psutil
import pytest

from opsmonitor.util.clock import FakeClock
from opsmonitor.util.own_names import OwnNames


def test_what_was_known_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a file left the system tells nothing; it is asked again after a while only."""
    clock, asked = FakeClock(), []

    def refuse() -> NoReturn:
        """Fail as the system does."""
        asked.append(1)
        raise OSError(errno.EMFILE, "Too many open files")

    names = OwnNames(clock)
    known = names()
    monkeypatch.setattr(psutil, "net_if_addrs", refuse)
    clock.advance(31)

    assert "127.0.0.1" in known
    assert names() is known
    assert names() is known
    assert len(asked) == 1
