"""Reloading a changed configuration."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from opsmonitor.config.settings import ServerSettings, Settings
from opsmonitor.exceptions import ConfigError
from opsmonitor.models.config import ConfigProblem
from opsmonitor.reload import Reloader

OLD = Settings(checks={})
NEW = Settings(checks={}, time_zone="Europe/Berlin")
PROBLEM = ConfigProblem(file="checks.yml", line=3, column=5, message="unknown key `prot`")


class Listener:
    """Remember what was put in force."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.applied: list[Settings] = []
        self.changes = 0

    def apply(self, settings: Settings) -> None:
        """Remember the configuration."""
        self.applied.append(settings)

    def publish_config_change(self) -> None:
        """Count."""
        self.changes += 1


def loader(*answers: Settings | ConfigError) -> Callable[[], Settings]:
    """Return a loader that gives or raises these, one a call."""
    left = iter(answers)

    def load() -> Settings:
        answer = next(left)
        if isinstance(answer, ConfigError):
            raise answer
        return answer

    return load


async def test_a_valid_change_is_put_in_force() -> None:
    """The new configuration replaces the old one."""
    target = Listener()
    reloader = Reloader(loader(NEW), OLD, target)

    await reloader.reload()

    assert (reloader.settings, target.applied) == (NEW, [NEW])


async def test_a_bad_file_keeps_the_old_configuration(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is applied; the problem is logged with its line, kept, and told."""
    target = Listener()
    reloader = Reloader(loader(ConfigError([PROBLEM])), OLD, target)

    await reloader.reload()

    assert (reloader.settings, target.applied) == (OLD, [])
    assert (reloader.problems, target.changes) == ((PROBLEM,), 1)
    assert "checks.yml:3:5" in caplog.text


async def test_the_same_mistake_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    """Saving a bad file again without mending it does not repeat the error."""
    target = Listener()
    reloader = Reloader(loader(*[ConfigError([PROBLEM])] * 2), OLD, target)

    await reloader.reload()
    await reloader.reload()

    assert target.changes == 1
    assert caplog.text.count("unknown key") == 1


async def test_a_mended_file_clears_the_problems() -> None:
    """After the mistake is mended nothing is reported any more."""
    target = Listener()
    reloader = Reloader(loader(ConfigError([PROBLEM]), NEW), OLD, target)

    await reloader.reload()
    await reloader.reload()

    assert (reloader.problems, target.applied) == ((), [NEW])


async def test_a_new_address_waits_for_a_restart(caplog: pytest.LogCaptureFixture) -> None:
    """What cannot change while running is said, not silently ignored."""
    moved = Settings(checks={}, server=ServerSettings(port=9999))
    reloader = Reloader(loader(moved), OLD, Listener())

    await reloader.reload()

    assert "after a restart" in caplog.text


async def test_the_files_of_a_refused_configuration_are_watched_until_it_is_mended() -> None:
    """Mending a file that only the refused configuration includes is noticed."""
    included = Path("web.yml")
    reloader = Reloader(loader(ConfigError([PROBLEM], files=[included]), NEW), OLD, Listener())

    await reloader.reload()
    refused = list(reloader.files())
    await reloader.reload()

    assert refused == [included]
    assert list(reloader.files()) == []
