"""The section `maintenance`."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from opsmonitor.exceptions import ConfigError
from opsmonitor.models.maintenance import Window
from tests.daemon.config.conftest import Folder

_CHECK = "checks: [{id: nas, type: tcp, host: nas.lan, port: 445}]"


def load(folder: Folder, window: str) -> Window:
    """Return the one window of a file."""
    text = f"time_zone: Europe/Berlin\nmaintenance: [{window}]\n{_CHECK}"
    [found] = folder.load(text).maintenance
    return found


def test_every_way_to_say_when(folder: Folder) -> None:
    """Once, daily, weekly, monthly, and as cron says."""
    once = load(folder, "{checks: [nas], from: '2026-12-24 18:00', to: '2026-12-26 08:00'}")
    short = load(folder, "{all: true, from: '2026-12-24T18:00Z', duration: 90m}")
    daily = load(folder, "{id: backup, tags: [disk], between: '22:30-04:00', reason: Backup}")
    weekly = load(folder, "{sites: [home], between: '02:00-24:00', days: [sat, sun]}")
    monthly = load(folder, "{all: true, between: '02:00-04:00', month_days: [1, last]}")
    by_cron = load(folder, "{all: true, cron: '0 3 * * sun', duration: 2h}")

    christmas = datetime(2026, 12, 24, 17, tzinfo=UTC).timestamp() * 1000
    assert (once.id, once.checks, once.from_ms) == ("window-1", ("nas",), christmas)
    assert (short.from_ms, short.to_ms) == (christmas + 3_600_000, christmas + 9_000_000)
    assert (daily.id, daily.reason, daily.start, daily.end) == ("backup", "Backup", 1350, 240)
    assert (weekly.weekdays, weekly.end, weekly.sites) == ((5, 6), 0, ("home",))
    assert (monthly.days, monthly.everything) == ((1, -1), True)
    assert (by_cron.cron, by_cron.duration_s) == ("0 3 * * sun", 7200)


@pytest.mark.parametrize(
    ("window", "message"),
    [
        ("{between: '02:00-04:00'}", "say for what"),
        ("{all: true}", "say when, in one way"),
        ("{all: true, between: '02:00-04:00', cron: '0 3 * * *', duration: 1h}", "in one way"),
        ("{all: true, cron: '0 3 * * *'}", "needs a `duration`"),
        ("{all: true, cron: 'often', duration: 1h}", "expected a cron expression"),
        ("{all: true, between: '2-4'}", "expected two times of day"),
        ("{all: true, from: '2026-12-24 18:00'}", "needs either `to` or `duration`"),
        ("{all: true, from: tomorrow, duration: 1h}", "expected a date and a time"),
        ("{all: true, from: '2026-12-24 18:00', to: '2026-12-24 17:00'}", "later than"),
        ("{all: true, between: '02:00-04:00', duration: 1h}", "no meaning beside"),
        ("{all: true, between: '02:00-04:00', days: [someday]}", "expected days"),
        ("{all: true, between: '02:00-04:00', month_days: [32]}", "from 1 to 31, or last"),
        ("{checks: [nsa], between: '02:00-04:00'}", "there is no check `nsa`"),
        ("{all: true, month_day: 3}", "did you mean `month_days`"),
        ("{all: true, cron: '0 3 * * *', duration: 30d}", "from 1m to 7d"),
    ],
)
def test_mistakes_have_their_place_and_a_remedy(folder: Folder, window: str, message: str) -> None:
    """Each is reported with its line."""
    with pytest.raises(ConfigError, match=r"checks\.yml:2:\d+: maintenance") as caught:
        load(folder, window)

    assert message in str(caught.value)
