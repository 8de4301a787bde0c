"""Programs that end, hang, shout and leave children behind."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
import sys

import psutil
import pytest

from opsmonitor.util.process import MAX_OUTPUT, run_program

_START_S = 2.0
"""A small program is under way by then, also on a busy machine."""


async def python(code: str, *arguments: str, timeout_s: float = 60.0) -> tuple[int, str, str, bool]:
    """Run a few lines of Python as a program."""
    done = await run_program([sys.executable, "-c", code, *arguments], timeout_s=timeout_s)
    return done.exit_code, done.output, done.errors, done.truncated


async def test_what_a_program_says() -> None:
    """Both streams and the exit code come back."""
    code = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"

    assert await python(code) == (3, "out\n", "err\n", False)


async def test_no_shell_looks_at_arguments() -> None:
    """Arguments arrive as they are."""
    wild = "$HOME; echo `id` | cat > /dev/null && *"

    assert (await python("import sys; print(sys.argv[1])", wild))[1] == f"{wild}\n"


async def test_the_environment_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the daemon's own gets into a program."""
    monkeypatch.setenv("OPSMONITOR_TOKEN", "hunter2")

    done = await run_program(["env"], timeout_s=60)

    names = {line.partition("=")[0] for line in done.output.splitlines()}
    assert names == {"PATH", "HOME", "LC_ALL"}


async def test_input_is_empty() -> None:
    """A program that asks gets no answer, instead of waiting for one."""
    assert (await python("import sys; print(repr(sys.stdin.read()))"))[1] == "''\n"


async def test_a_program_that_says_too_much() -> None:
    """What is kept is limited, and the program can finish all the same."""
    code, output, errors, truncated = await python(
        "import sys; sys.stdout.write('x' * 1_000_000); sys.stderr.write('y' * 1_000_000)"
    )

    assert (code, len(output), len(errors), truncated) == (0, MAX_OUTPUT, MAX_OUTPUT, True)


async def test_exactly_what_is_kept_is_not_too_much() -> None:
    """Output is cut only where something was left out."""
    code = f"import sys; sys.stdout.write('x' * {MAX_OUTPUT})"

    assert (await python(code))[3] is False


async def test_output_that_is_no_text() -> None:
    """Bytes that are no UTF-8 are replaced."""
    assert (await python(r"import sys; sys.stdout.buffer.write(b'a\xffb')"))[1] == "a�b"


async def test_a_signal_is_a_negative_code() -> None:
    """A program that was killed by somebody else is told from one that ended."""
    assert (await python("import os, signal; os.kill(os.getpid(), signal.SIGTERM)"))[0] == -15


async def test_a_program_that_hangs_is_killed_with_its_children(tmp_path: Path) -> None:
    """After the time-out neither the program nor anything it started is left, pipes or not."""
    family = tmp_path / "pids"
    script = 'sleep 60 & echo $$ $! >"$1"; wait'

    with pytest.raises(TimeoutError):
        await run_program(["sh", "-c", script, "sh", str(family)], timeout_s=_START_S)

    for pid in map(int, family.read_text().split()):
        await _end_of(pid)


async def test_a_child_that_holds_the_pipes(tmp_path: Path) -> None:
    """A program that has ended but left a talkative child is waited for only so long."""
    family = tmp_path / "pids"
    script = 'sleep 60 & echo $! >"$1"'

    with pytest.raises(TimeoutError):
        await run_program(["sh", "-c", script, "sh", str(family)], timeout_s=_START_S)

    await _end_of(int(family.read_text()))


async def test_a_run_that_is_cancelled_leaves_nothing(tmp_path: Path) -> None:
    """When the daemon stops, its programs stop with it."""
    family = tmp_path / "pid"
    code = "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(60)"
    task = asyncio.create_task(python(code, str(family)))
    async with asyncio.timeout(60):
        while not (family.exists() and family.read_text()):  # noqa: ASYNC110  # a file tells nobody
            await asyncio.sleep(0.01)

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    await _end_of(int(family.read_text()))


async def test_a_program_that_is_not_there() -> None:
    """What cannot be started is told as the system tells it."""
    with pytest.raises(FileNotFoundError):
        await run_program(["no-such-program-5f0c"], timeout_s=60)


async def test_a_file_that_is_no_program(tmp_path: Path) -> None:
    """A file without the right to be run is told from a missing one."""
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\n")

    with pytest.raises(PermissionError):
        await run_program([str(script)], timeout_s=60)


async def _end_of(pid: int) -> None:
    """Wait until a process is gone, or fails the test; the system takes a moment to kill."""
    async with asyncio.timeout(60):
        while _is_alive(pid):  # noqa: ASYNC110  # only a parent is told
            await asyncio.sleep(0.01)


def _is_alive(pid: int) -> bool:
    """Tell whether a process runs; one that has only not been noticed yet does not."""
    try:
        return psutil.Process(pid).status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except psutil.NoSuchProcess:
        return False


def test_no_zombie_is_left() -> None:
    """Whatever was run in these tests was buried."""
    children = psutil.Process(os.getpid()).children()

    assert [child for child in children if child.status() == psutil.STATUS_ZOMBIE] == []
