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
        self.dislikes: list[Settings] = []

    def apply(self, settings: Settings) -> None:
        """Remember the configuration; one that it dislikes reveals a defect."""
        if settings in self.dislikes:
            raise ZeroDivisionError
        self.applied.append(settings)

    def publish_config_change(self) -> None:
        """Count."""
        self.changes += 1


def loader(*answers: Settings | Exception) -> Callable[[], Settings]:
    """Return a loader that gives or raises these, one a call."""
    left = iter(answers)

    def load() -> Settings:
        answer = next(left)
        if isinstance(answer, Exception):
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


async def test_a_defect_while_reading_is_told_like_a_mistake(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The old configuration goes on, its place and kind are told, its text is not; once."""
    target = Listener()
    reloader = Reloader(loader(*[KeyError("s3cret")] * 2, NEW), OLD, target)

    await reloader.reload()
    first = [str(problem) for problem in reloader.problems]
    await reloader.reload()
    changes = target.changes
    await reloader.reload()

    assert len(first) == 1
    assert "KeyError, a defect of its own" in first[0]
    assert "s3cret" not in first[0]
    assert changes == 1
    assert caplog.text.count("is not used") == 1
    assert (reloader.settings, reloader.problems, target.applied) == (NEW, (), [NEW])


async def test_a_configuration_that_cannot_be_put_in_force_leaves_the_old_one() -> None:
    """Who took it over goes back; the next change is read as ever."""
    target, follower = Listener(), Listener()
    target.dislikes = [NEW]
    reloader = Reloader(loader(NEW, OLD), OLD, target, followers=[follower.apply])

    await reloader.reload()
    during = reloader.settings, len(reloader.problems), target.changes
    await reloader.reload()

    assert during == (OLD, 1, 1)
    assert follower.applied == [NEW, OLD, OLD]
    assert target.applied == [OLD, OLD]
    assert reloader.problems == ()


async def test_a_follower_with_a_defect_does_not_end_the_reloading(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Not even one that cannot go back, either."""
    target, follower = Listener(), Listener()
    follower.dislikes = [OLD, NEW]
    reloader = Reloader(loader(NEW), OLD, target, followers=[follower.apply])

    await reloader.reload()

    assert (reloader.settings, target.applied) == (OLD, [OLD])
    assert "could not be put in force again" in caplog.text
