"""How much room there is for the database: told in time, once, and when it is over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
import logging
from pathlib import Path
import shutil

import pytest

from opsmonitor.engine.space import LOW_BYTES, SpaceWatch, judge
from opsmonitor.engine.wellbeing import Wellbeing
from opsmonitor.models.space import Space

GB = 10**9


@dataclass
class Disk:
    """A file system that is as full as a test wants it."""

    free: int
    total: int = 100 * GB


@pytest.mark.parametrize(
    ("free", "total", "is_low"),
    [
        (90 * GB, 100 * GB, False),
        (4 * GB, 100 * GB, False),
        (LOW_BYTES - 1, 100 * GB, True),
        (LOW_BYTES, 100 * GB, False),
        (LOW_BYTES // 2, 2 * GB, False),
        (LOW_BYTES // 20, 2 * GB, True),
        (0, 0, False),
    ],
)
def test_little_is_less_than_both_bounds(free: int, total: int, *, is_low: bool) -> None:
    """A small volume of its own is not nearly full while it has more than a twentieth."""
    assert judge(Disk(free, total), None).is_low is is_low


def test_a_little_more_is_not_enough() -> None:
    """What was low stays so until there is clearly more: nothing comes and goes."""
    low = Space(free_bytes=GB - 1, total_bytes=100 * GB, is_low=True)

    assert judge(Disk(GB + GB // 10), low).is_low
    assert not judge(Disk(GB + GB // 4), low).is_low


def watch(wellbeing: Wellbeing, read: Callable[[Path], Disk]) -> SpaceWatch:
    """Return what looks at a disk."""
    return SpaceWatch(Path("data"), read, wellbeing)


async def test_news_are_told(caplog: pytest.LogCaptureFixture) -> None:
    """Small changes are no news; a lack is told with the remedy, once, and its end as well."""
    disk, wellbeing = Disk(50 * GB), Wellbeing()
    told: list[Space | None] = []
    wellbeing.subscribe(lambda: told.append(wellbeing.space))
    space = watch(wellbeing, lambda _folder: disk)

    with caplog.at_level(logging.WARNING):
        for free in (50, 49, 48, 30):
            disk.free = free * GB
            await space.look()
        assert caplog.text == ""
        disk.free = GB // 2
        await space.look()
        disk.free = GB // 3
        await space.look()
        disk.free = 20 * GB
        await space.look()

    frees = [it and it.free_bytes for it in told]
    assert frees == [50 * GB, 30 * GB, GB // 2, GB // 3, 20 * GB]
    assert [it and it.is_low for it in told] == [False, False, True, True, False]
    assert caplog.text.count("500.0 MB are free for the database in data: make room") == 1
    assert caplog.text.count("room for the database again") == 1


async def test_what_cannot_be_found_out() -> None:
    """A disk that is away has no room that anybody knows of; that is told once."""
    wellbeing = Wellbeing()
    told: list[Space | None] = []
    wellbeing.subscribe(lambda: told.append(wellbeing.space))
    answers: list[Disk | OSError] = [OSError("gone"), OSError("gone"), Disk(GB), OSError("gone")]

    def read(_folder: Path) -> Disk:
        """Answer what is next."""
        answer = answers.pop()
        if isinstance(answer, OSError):
            raise answer
        return answer

    space = watch(wellbeing, read)
    for _ in range(4):
        await space.look()

    assert [it and it.free_bytes for it in told] == [GB, None]


async def test_a_defect_is_not_the_end_of_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Without a thread left nothing can be asked: it is asked again all the same."""
    monkeypatch.setattr("opsmonitor.engine.space.LOOK_S", 0)
    wellbeing, is_known = Wellbeing(), asyncio.Event()
    wellbeing.subscribe(is_known.set)
    answers: list[Disk | RuntimeError] = [Disk(GB), RuntimeError("can't start new thread")]

    def read(_folder: Path) -> Disk:
        """Answer what is next."""
        answer = answers.pop() if len(answers) > 1 else answers[0]
        if isinstance(answer, RuntimeError):
            raise answer
        return answer

    task = asyncio.create_task(watch(wellbeing, read).run())
    async with asyncio.timeout(60):
        await is_known.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert wellbeing.space is not None
    assert "can't start new thread" in caplog.text


async def test_the_real_disk(tmp_path: Path) -> None:
    """The system's own answer is understood."""
    wellbeing = Wellbeing()

    await SpaceWatch(tmp_path, shutil.disk_usage, wellbeing).look()

    assert wellbeing.space is not None
    assert 0 <= wellbeing.space.free_bytes <= wellbeing.space.total_bytes


def test_one_bad_listener_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    """The others are told all the same, and who left is not."""
    wellbeing = Wellbeing()
    told: list[int] = []

    def fail() -> None:
        """Fail."""
        raise RuntimeError("a bug")

    wellbeing.subscribe(fail)
    wellbeing.subscribe(lambda: told.append(1))
    wellbeing.subscribe(lambda: told.append(2))()

    wellbeing.space = None

    assert told == [1]
    assert "a bug" in caplog.text
