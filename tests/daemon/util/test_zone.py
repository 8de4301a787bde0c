"""The time zone of the machine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from opsmonitor.util.zone import local_zone


def test_tz_names_the_zone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The variable that every program of the machine follows comes first."""
    monkeypatch.setenv("TZ", ":Europe/Berlin")

    assert local_zone(tmp_path / "localtime") == ZoneInfo("Europe/Berlin")


def test_the_link_names_the_zone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without the variable the name is read off the system's link into the database."""
    monkeypatch.delenv("TZ", raising=False)
    (tmp_path / "localtime").symlink_to("/usr/share/zoneinfo/Asia/Kolkata")

    assert local_zone(tmp_path / "localtime") == ZoneInfo("Asia/Kolkata")


def test_a_copy_is_as_good_as_a_link(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The file itself holds the rules, whatever it is called."""
    monkeypatch.delenv("TZ", raising=False)
    zones = resources.files("tzdata") / "zoneinfo"
    (tmp_path / "localtime").write_bytes((zones / "Europe" / "Berlin").read_bytes())

    zone = local_zone(tmp_path / "localtime")

    assert datetime(2026, 7, 1, tzinfo=zone).utcoffset() == timedelta(hours=2)


@pytest.mark.parametrize("content", [b"", b"no zone"])
def test_without_a_zone_it_is_utc(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes
) -> None:
    """Small systems have no zone at all."""
    monkeypatch.delenv("TZ", raising=False)
    localtime = tmp_path / "localtime"
    localtime.write_bytes(content)

    assert local_zone(localtime) == UTC


def test_an_unknown_name_is_utc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A misspelt variable does not stop the daemon."""
    monkeypatch.setenv("TZ", "Mars/Olympus")

    assert local_zone(tmp_path / "localtime") == UTC
