"""Changes of the configuration's files are noticed, once each, when they are complete."""

import asyncio
from collections.abc import AsyncIterator, Callable
import os
from pathlib import Path

import pytest

from opsmonitor.config.watcher import Watcher, snapshot

POLL_S = 1.0
DEBOUNCE_S = 0.5


class Time:
    """A clock that stands still until a test moves it; every sleeper waits for that."""

    def __init__(self) -> None:
        """Begin with nobody asleep."""
        self._sleeps: asyncio.Queue[tuple[float, asyncio.Event]] = asyncio.Queue()
        self._wake: asyncio.Event | None = None

    async def sleep(self, seconds: float) -> None:
        """Wait to be woken."""
        wake = asyncio.Event()
        self._sleeps.put_nowait((seconds, wake))
        await wake.wait()

    async def next_sleep(self) -> float:
        """Wake the sleeper, and return for how long it goes to sleep next."""
        if self._wake is not None:
            self._wake.set()
        seconds, self._wake = await asyncio.wait_for(self._sleeps.get(), 60)
        return seconds


class Watched:
    """A watcher at work on some files."""

    def __init__(self, files: list[Path]) -> None:
        """Take the files that are watched at first."""
        self.files = files
        self.changes = 0
        self.defect: Exception | None = None
        self.time = Time()
        self.during_change: Callable[[], object] = lambda: None
        self.watcher = Watcher(
            self.list_files,
            self.on_change,
            poll_s=POLL_S,
            debounce_s=DEBOUNCE_S,
            sleep=self.time.sleep,
        )

    def list_files(self) -> list[Path]:
        """Return what is watched now, unless there is a defect."""
        if self.defect is not None:
            raise self.defect
        return list(self.files)

    async def on_change(self) -> None:
        """Count a change."""
        self.changes += 1
        await asyncio.to_thread(self.during_change)

    async def polls(self, count: int) -> list[float]:
        """Let the watcher go on, and return how long it slept each time."""
        return [await self.time.next_sleep() for _ in range(count)]


@pytest.fixture
async def watched(tmp_path: Path) -> AsyncIterator[Watched]:
    """Watch one file that exists and one that does not, having looked at them once."""
    (tmp_path / "checks.yml").write_text("1")
    watched = Watched([tmp_path / "checks.yml", tmp_path / ".env"])
    task = asyncio.create_task(watched.watcher.run())
    await watched.polls(1)
    yield watched
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _replace(path: Path, text: str) -> None:
    """Replace a file as editors do: write another, then rename it."""
    path.with_suffix(".new").write_text(text)
    path.with_suffix(".new").replace(path)


def _touch(path: Path) -> None:
    """Change only the modification time, unmistakably."""
    os.utime(path, ns=(1, 1))


@pytest.mark.parametrize(
    "change",
    [
        lambda files: files[0].write_text("longer"),
        lambda files: _replace(files[0], "1"),
        lambda files: _touch(files[0]),
        lambda files: files[0].unlink(),
        lambda files: files[1].write_text("A=1"),
    ],
    ids=["written", "replaced", "touched", "deleted", "created"],
)
async def test_every_kind_of_change_is_noticed_once(
    watched: Watched, change: Callable[[list[Path]], object]
) -> None:
    """One change, one call, after the files have been at rest for the debounce time."""
    change(watched.files)

    assert await watched.polls(2) == [DEBOUNCE_S, POLL_S]
    assert watched.changes == 1
    assert await watched.polls(2) == [POLL_S, POLL_S]
    assert watched.changes == 1


async def test_nothing_happens_while_nothing_changes(watched: Watched) -> None:
    """Looking alone causes no reload."""
    assert await watched.polls(3) == [POLL_S] * 3

    assert watched.changes == 0


async def test_a_file_that_is_still_being_written_is_waited_for(watched: Watched) -> None:
    """Each further change within the debounce time begins the wait anew."""
    watched.files[0].write_text("12")
    assert await watched.polls(1) == [DEBOUNCE_S]
    watched.files[0].write_text("123")
    assert await watched.polls(1) == [DEBOUNCE_S]
    assert watched.changes == 0

    assert await watched.polls(1) == [POLL_S]
    assert watched.changes == 1


async def test_a_swapped_link_is_a_change(tmp_path: Path) -> None:
    """Kubernetes swaps a link to a folder; the file behind the link counts."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "checks.yml").write_text("same")
    (tmp_path / "data").symlink_to("one")
    (tmp_path / "checks.yml").symlink_to("data/checks.yml")
    watched = Watched([tmp_path / "checks.yml"])
    task = asyncio.create_task(watched.watcher.run())
    await watched.polls(1)

    (tmp_path / "next").symlink_to("two")
    (tmp_path / "next").replace(tmp_path / "data")

    assert await watched.polls(2) == [DEBOUNCE_S, POLL_S]
    assert watched.changes == 1
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_change_during_a_reload_is_noticed(watched: Watched) -> None:
    """What is written while the files are being read leads to another reload."""
    watched.during_change = lambda: watched.files[0].write_text("written meanwhile")
    watched.files[0].write_text("12")
    await watched.polls(2)
    watched.during_change = lambda: None

    await watched.polls(2)

    assert watched.changes == 2


async def test_files_that_a_reload_brings_in_are_watched_from_then_on(
    watched: Watched, tmp_path: Path
) -> None:
    """A newly included file alone causes no reload; changing it does."""
    included = tmp_path / "web.yml"
    included.write_text("1")
    watched.during_change = lambda: watched.files.append(included)
    watched.files[0].write_text("!include")
    await watched.polls(2)
    watched.during_change = lambda: None
    assert await watched.polls(2) == [POLL_S, POLL_S]

    included.write_text("22")

    assert await watched.polls(2) == [DEBOUNCE_S, POLL_S]
    assert watched.changes == 2


async def test_a_change_before_the_watch_began_is_noticed(tmp_path: Path) -> None:
    """What was saved between reading the file and watching it is not missed."""
    path = tmp_path / "checks.yml"
    path.write_text("checks: []\n")
    stamps = await snapshot([path])
    path.write_text("checks: [] # saved while the daemon started\n")
    time, changed = Time(), asyncio.Event()

    async def on_change() -> None:
        changed.set()

    watcher = Watcher(lambda: [path], on_change, known=stamps, sleep=time.sleep)
    watching = asyncio.create_task(watcher.run())
    sleeps = [await time.next_sleep() for _ in range(3)]
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)

    assert changed.is_set()
    assert sleeps == [POLL_S, DEBOUNCE_S, POLL_S]


async def test_a_defect_does_not_end_the_watch(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged once and told while it lasts; the next change is noticed as ever."""
    watched.defect = ZeroDivisionError()
    watched.files[0].write_text("12")
    assert await watched.polls(2) == [DEBOUNCE_S, POLL_S]
    during = watched.watcher.trouble
    watched.files[0].write_text("123")
    assert await watched.polls(2) == [DEBOUNCE_S, POLL_S]

    watched.defect = None
    watched.files[0].write_text("1234")
    assert await watched.polls(2) == [DEBOUNCE_S, POLL_S]

    assert during == "ZeroDivisionError, a defect of its own"
    assert watched.watcher.trouble is None
    assert watched.changes == 3
    assert caplog.text.count("are not noticed") == 1


async def test_a_defect_at_the_first_look_is_no_reason_to_look_all_the_time(
    tmp_path: Path,
) -> None:
    """It is looked again after the usual pause."""
    watched = Watched([tmp_path / "checks.yml"])
    watched.defect = ZeroDivisionError()
    task = asyncio.create_task(watched.watcher.run())

    sleeps = await watched.polls(3)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert sleeps == [POLL_S] * 3
