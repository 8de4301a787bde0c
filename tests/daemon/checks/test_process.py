"""Process checks on the processes that are really running."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
import getpass
import re
import sys
import threading
from typing import Any

from hypothesis import given, strategies as st
import psutil
import pytest
import voluptuous as vol

from opsmonitor.checks.process import CHECK, ProcessJudge
from opsmonitor.models.check import Verdict
from opsmonitor.util.processes import ProcessInfo, list_processes
from tests.daemon.checks.conftest import MakeProbe

_MARK = "ops-monitor-test-5f0c"
_NAP = "import sys; sys.stdin.read()"


@asynccontextmanager
async def running(*arguments: str) -> AsyncIterator[int]:
    """Run a program that only waits, with these arguments; give its number."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _NAP, *arguments, stdin=asyncio.subprocess.PIPE
    )
    assert process.stdin is not None
    try:
        yield process.pid
    finally:
        process.stdin.close()
        await process.wait()


def options(**keys: Any) -> Any:
    """Return the options that these keys become."""
    return CHECK.options(**vol.Schema(dict(CHECK.schema))(keys))


def infos(*names: str) -> tuple[ProcessInfo, ...]:
    """Return processes with these names."""
    return tuple(
        ProcessInfo(pid=pid, name=name, command=f"/usr/sbin/{name} -D", user="root")
        for pid, name in enumerate(names, 1)
    )


async def test_a_running_program_is_found(make_probe: MakeProbe) -> None:
    """A process is found by what its command line says."""
    async with running(_MARK) as pid:
        outcome = await make_probe(CHECK, cmdline=rf"{_MARK}$", user=getpass.getuser())()

    assert outcome.verdict is Verdict.OK
    assert outcome.data == {"count": 1, "pids": [pid]}


async def test_a_program_is_found_by_its_name(make_probe: MakeProbe) -> None:
    """The name is that of the program, whole."""
    name = psutil.Process().name()

    assert (await make_probe(CHECK, process_name=name)()).verdict is Verdict.OK
    assert (await make_probe(CHECK, process_name=name[:-1])()).verdict is Verdict.FAIL


async def test_a_program_that_does_not_run(make_probe: MakeProbe) -> None:
    """The failure says which process is missing."""
    outcome = await make_probe(CHECK, process_name="no-such-daemon", user="nobody")()

    assert (outcome.verdict, outcome.error_code) == (Verdict.FAIL, "process_missing")
    assert outcome.error == "no process is running: no-such-daemon of nobody"


async def test_one_that_has_ended_does_not_count(make_probe: MakeProbe) -> None:
    """A zombie is not running, although the system still lists it."""
    process = await asyncio.create_subprocess_exec("sleep", "0")
    pid = process.pid
    await process.wait()
    async with running(_MARK):
        processes = await asyncio.to_thread(list_processes)

    assert pid not in {found.pid for found in processes}
    assert any(_MARK in found.command for found in processes)


@pytest.mark.parametrize(
    ("count", "code", "error"),
    [
        ({"min": 2}, None, None),
        (2, None, None),
        ({"max": 5}, None, None),
        ({"min": 3}, "too_few_processes", "2 processes are running, expected at least 3: sshd"),
        (
            {"min": 0, "max": 1},
            "too_many_processes",
            "2 processes are running, expected at most 1: sshd",
        ),
        (0, "too_many_processes", "2 processes are running, expected at most 0: sshd"),
    ],
)
def test_the_number_of_processes(count: Any, code: str | None, error: str | None) -> None:
    """Too few and too many are told apart, with both numbers."""
    judge = ProcessJudge(options(process_name="sshd", count=count))

    outcome = judge(infos("sshd", "cron", "sshd"))

    assert (outcome.error_code, outcome.error) == (code, error)


@given(number=st.integers(0, 30), low=st.integers(0, 30), more=st.integers(0, 30))
def test_a_number_within_its_bounds_is_ok(number: int, low: int, more: int) -> None:
    """A check is ok exactly when the number is within bounds, and shows at most twenty of them."""
    judge = ProcessJudge(options(process_name="a", count={"min": low, "max": low + more}))

    outcome = judge(infos(*["a"] * number, "b"))

    assert (outcome.verdict is Verdict.OK) is (low <= number <= low + more)
    assert outcome.data["pids"] == list(range(1, number + 1))[:20]


def test_a_command_line_is_not_shown() -> None:
    """Command lines can hold passwords: they are matched, never shown."""
    info = ProcessInfo(pid=7, name="db", command="db --password=hunter2", user="db")
    judge = ProcessJudge(options(cmdline="password", count=0))

    outcome = judge([info])

    assert "hunter2" not in f"{outcome} {info}"


def test_a_regular_expression_that_never_ends() -> None:
    """A pattern that takes exponential time is stopped."""
    command = ProcessInfo(pid=7, name="a", command="a" * 40 + "!", user="")

    outcome = ProcessJudge(options(cmdline="(a+)+$"))([command] * 100)

    assert (outcome.verdict, outcome.error_code) == (Verdict.FAIL, "regex_too_slow")


async def test_checks_that_are_due_together_share_a_list(
    make_probe: MakeProbe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hundred checks of one tick read the processes once."""
    calls: list[None] = []
    real = psutil.process_iter

    def iterate(*arguments: Any) -> Iterator[psutil.Process]:
        """Count the calls."""
        calls.append(None)
        return real(*arguments)

    monkeypatch.setattr(psutil, "process_iter", iterate)
    probes = [make_probe(CHECK, cmdline=re.escape(_MARK), count=0) for _ in range(100)]

    outcomes = await asyncio.gather(*(probe() for probe in probes))

    assert {outcome.verdict for outcome in outcomes} == {Verdict.OK}
    assert len(calls) == 1


async def test_a_system_that_does_not_answer(
    make_probe: MakeProbe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list that cannot be read fails with the reason."""

    def refuse(*_arguments: Any) -> Iterator[psutil.Process]:
        """Refuse as the library does."""
        raise psutil.AccessDenied(msg="/proc is hidden")

    monkeypatch.setattr(psutil, "process_iter", refuse)

    outcome = await make_probe(CHECK, process_name="a")()

    assert (outcome.verdict, outcome.error_code) == (Verdict.FAIL, "processes_unreadable")
    assert "/proc is hidden" in str(outcome.error)


async def test_a_list_that_takes_for_ever(
    make_probe: MakeProbe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A system that is stuck costs the time-out and no more."""
    release = threading.Event()

    def hang(*_arguments: Any) -> Iterator[psutil.Process]:
        """Hang until released."""
        release.wait(60)
        return iter(())

    monkeypatch.setattr(psutil, "process_iter", hang)

    outcome = await make_probe(CHECK, process_name="a", timeout_s=0.05)()
    release.set()

    assert (outcome.verdict, outcome.error_code) == (Verdict.FAIL, "timeout")


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"user": "root"}, "say which process is meant"),
        ({"process_name": "a", "count": {"min": 3, "max": 2}}, "must not be below"),
        ({"process_name": "a", "count": -1}, "expected a whole number"),
        ({"process_name": "a", "count": True}, "expected a number"),
        ({"cmdline": "("}, "not a regular expression"),
    ],
)
def test_keys_that_make_no_sense(keys: dict[str, Any], message: str) -> None:
    """Mistakes are told when the configuration is loaded."""
    with pytest.raises(vol.Invalid) as caught:
        options(**keys)

    assert message in str(caught.value)
