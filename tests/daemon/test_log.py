"""The daemon's log."""

from __future__ import annotations

from collections.abc import Iterator
import logging

import pytest

from opsmonitor.log import set_up_logging


@pytest.fixture(autouse=True)
def _keep_handlers() -> Iterator[None]:
    """Give the root logger back as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def test_people_get_times(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a terminal each line has its time and level."""
    monkeypatch.delenv("JOURNAL_STREAM", raising=False)
    set_up_logging()

    logging.getLogger("opsmonitor.test").warning("disk %s", "full")

    assert " WARNING opsmonitor.test: disk full\n" in capsys.readouterr().err


def test_the_journal_gets_levels_on_every_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under systemd each line of a message begins with its level and has no time."""
    monkeypatch.setenv("JOURNAL_STREAM", "8:123")
    set_up_logging()

    logging.getLogger("opsmonitor.test").error("first\nsecond")

    assert capsys.readouterr().err == "<3>opsmonitor.test: first\n<3>second\n"
