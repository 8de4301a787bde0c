"""Process check: is a program running on this machine, and how often?"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol

from opsmonitor.checks.base import CheckContext, CheckType, Probe
from opsmonitor.config import validators as cv
from opsmonitor.exceptions import TransportError
from opsmonitor.models.check import Assertion, Outcome, Verdict
from opsmonitor.parts.fields import optional, regex
from opsmonitor.parts.rules import Finding, Trouble, conclude, failed
from opsmonitor.util.bounded_regex import search
from opsmonitor.util.processes import ProcessInfo, list_processes
from opsmonitor.util.want import own_want

if TYPE_CHECKING:
    from collections.abc import Sequence
    import re

_FRESH_S: Final = 0.1
"""Checks that are due together share one list."""
_MAX_COUNT: Final = 100_000
_MAX_PIDS: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many processes there should be."""

    min: int = 1
    max: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessOptions:
    """Which processes are meant."""

    process_name: str | None = None
    cmdline: re.Pattern[str] | None = None
    user: str | None = None
    count: Count = field(default_factory=Count)

    def __post_init__(self) -> None:
        """Refuse to count every process there is."""
        if self.process_name is None and self.cmdline is None:
            raise vol.Invalid("say which process is meant: add `process_name` or `cmdline`")


class _TooSlowError(Exception):
    """The regular expression takes too long; never leaves this module."""


class ProcessJudge:
    """Counts the processes that are meant and decides what their number means."""

    __slots__ = ("_options", "_what")

    def __init__(self, options: ProcessOptions) -> None:
        """Take what is meant."""
        self._options = options
        self._what = describe(options)

    def __call__(self, processes: Sequence[ProcessInfo]) -> Outcome:
        """Return what the processes mean."""
        try:
            pids = [process.pid for process in processes if self._is_meant(process)]
        except _TooSlowError:
            return failed(
                TransportError("regex_too_slow", "the regular expression takes too long: simplify")
            )
        data = {"count": len(pids), "pids": pids[:_MAX_PIDS]}
        return conclude([self._judge(len(pids))], latency_ms=None, data=data)

    def _is_meant(self, process: ProcessInfo) -> bool:
        """Tell whether a process is one of those to be counted."""
        options = self._options
        if options.process_name is not None and process.name != options.process_name:
            return False
        if options.user is not None and process.user != options.user:
            return False
        if options.cmdline is None:
            return True
        found = search(options.cmdline, process.command)
        if found is None:
            raise _TooSlowError
        return found

    def _judge(self, number: int) -> Finding:
        """Compare the number with what is expected."""
        wanted = self._options.count
        name = f"processes: {self._what}"
        actual = str(number)
        if number < wanted.min:
            if number == 0:
                trouble = Trouble(
                    Verdict.FAIL, "process_missing", f"no process is running: {self._what}"
                )
            else:
                message = f"{_counted(number)} running, expected at least {wanted.min}"
                trouble = Trouble(Verdict.FAIL, "too_few_processes", f"{message}: {self._what}")
            return Finding(Assertion(name=name, ok=False, actual=actual), trouble)
        if wanted.max is not None and number > wanted.max:
            message = f"{_counted(number)} running, expected at most {wanted.max}: {self._what}"
            trouble = Trouble(Verdict.FAIL, "too_many_processes", message)
            return Finding(Assertion(name=name, ok=False, actual=actual), trouble)
        return Finding(Assertion(name=name, ok=True, actual=actual))


def compile_process(options: ProcessOptions, context: CheckContext) -> Probe:
    """Prepare the judgement once; a run reads the list and counts."""
    judge = ProcessJudge(options)
    call = context.lanes.call
    timeout_s = context.timeout_s

    async def probe() -> Outcome:
        """Count once."""
        try:
            async with asyncio.timeout(timeout_s):
                processes = await call("processes", list_processes, fresh_s=_FRESH_S)
        except TimeoutError:
            message = f"the system did not list its processes within {timeout_s:g} s"
            return failed(TransportError("timeout", message))
        except OSError as err:
            message = f"the system does not list its processes: {err}"
            otherwise = TransportError("processes_unreadable", message)
            return failed(own_want(err, "list its processes") or otherwise)
        return judge(processes)

    return probe


def describe(options: ProcessOptions) -> str:
    """Return which processes are meant, for people."""
    parts = [options.process_name or ""]
    if options.cmdline is not None:
        parts.append(f"/{options.cmdline.pattern}/")
    if options.user is not None:
        parts.append(f"of {options.user}")
    return " ".join(part for part in parts if part)


def _counted(number: int) -> str:
    """Return a number of processes in words."""
    return "1 process is" if number == 1 else f"{number} processes are"


def _count(value: Any) -> Count:
    """Accept `min` and `max`, or one number that is both."""
    if isinstance(value, int) and not isinstance(value, bool):
        exact = _number(value)
        return Count(min=exact, max=exact)
    if not isinstance(value, dict):
        raise vol.Invalid("expected a number, or min and max such as {min: 1, max: 4}")
    count = Count(**_COUNT(value))
    if count.max is not None and count.max < count.min:
        raise vol.Invalid("max must not be below min", path=["max"])
    return count


_number: Final = cv.whole_number(at_least=0, at_most=_MAX_COUNT)
_COUNT: Final = vol.Schema({vol.Optional("min"): _number, vol.Optional("max"): optional(_number)})

CHECK: Final = CheckType(
    name="process",
    options=ProcessOptions,
    schema={
        vol.Optional("process_name"): optional(cv.text),
        vol.Optional("cmdline"): optional(regex),
        vol.Optional("user"): optional(cv.text),
        vol.Optional("count"): _count,
    },
    compile=compile_process,
    target=describe,
    host=lambda _options: "local",
    subject=lambda _options: "host",
    example={"process_name": "sshd", "count": {"min": 1}},
    is_reachability=False,
)
