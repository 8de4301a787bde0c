"""Command check: what does a program of the user's choice say of something?"""

from __future__ import annotations

from dataclasses import dataclass, field
import signal
from time import perf_counter
from typing import Any, Final

import voluptuous as vol

from opsmonitor.checks.base import CheckContext, CheckType, Probe
from opsmonitor.config import validators as cv
from opsmonitor.exceptions import TransportError
from opsmonitor.models.check import Assertion, Outcome, Verdict
from opsmonitor.parts.fields import text_or_secret
from opsmonitor.parts.plugin_output import clean, parse_output
from opsmonitor.parts.rules import Finding, Trouble, conclude, failed
from opsmonitor.util.process import Completed, run_program
from opsmonitor.util.redact import redact_text
from opsmonitor.util.secret import Secret

_MAX_ARGUMENTS: Final = 200
_MAX_SHOWN: Final = 200
_MAX_READ: Final = 16 * 1024
_OK: Final = 0
_SHORTEST_SECRET: Final = 4
"""Hiding shorter ones everywhere would make the output unreadable and hide nothing."""
# Source: the Monitoring Plugins Development Guidelines.
_MEANINGS: Final = {
    1: (Verdict.DEGRADED, "command_warning", "warning"),
    2: (Verdict.FAIL, "command_critical", "critical"),
    3: (Verdict.FAIL, "unknown", "unknown"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandOptions:
    """What to run."""

    command: tuple[Secret | str, ...] = field(repr=False)
    """The program and its arguments; no shell looks at them."""


class CommandJudge:
    """Decides what the end of a program means."""

    __slots__ = ("_program", "_secrets")

    def __init__(self, options: CommandOptions) -> None:
        """Take what must not be shown."""
        self._program = program(options)
        revealed = (each.reveal() for each in options.command if isinstance(each, Secret))
        self._secrets = tuple(value for value in revealed if len(value) >= _SHORTEST_SECRET)

    def __call__(self, done: Completed, took_ms: float) -> Outcome:
        """Return what exit code and output mean."""
        said = parse_output(self._harmless(done.output))
        text = said.text or parse_output(self._harmless(done.errors)).text
        data = {
            "exit_code": done.exit_code,
            "output": text,
            "truncated": done.truncated or len(done.output) > _MAX_READ,
            "performance": [figure._asdict() for figure in said.figures],
        }
        return conclude([self._finding(done.exit_code, text)], latency_ms=took_ms, data=data)

    def _harmless(self, output: str) -> str:
        """Return the beginning of what was printed, without control characters and secrets."""
        return redact_text(clean(output[:_MAX_READ]), self._secrets)

    def _finding(self, code: int, text: str) -> Finding:
        """Judge the exit code; the program's own words are the error."""
        if code == _OK:
            return Finding(Assertion(name="exit code", ok=True, actual="0 (ok)"))
        first = text.partition("\n")[0][:_MAX_SHOWN]
        if code in _MEANINGS:
            verdict, name, meaning = _MEANINGS[code]
            trouble = Trouble(verdict, name, first or f"{self._program} says {meaning}")
            actual = f"{code} ({meaning})"
        elif code < 0:
            message = f"{self._program} was killed by {_signal(-code)}"
            trouble = Trouble(Verdict.FAIL, "command_killed", message)
            actual = _signal(-code)
        else:
            words = f": {first}" if first else ""
            message = f"{self._program} ended with exit code {code}{words}"
            trouble = Trouble(Verdict.FAIL, "command_failed", message)
            actual = str(code)
        return Finding(Assertion(name="exit code", ok=False, actual=actual), trouble)


def compile_command(options: CommandOptions, context: CheckContext) -> Probe:
    """Put the argument list together once; a run starts the program and judges its end."""
    judge = CommandJudge(options)
    name = program(options)
    timeout_s = context.timeout_s
    arguments = [each.reveal() if isinstance(each, Secret) else each for each in options.command]

    async def probe() -> Outcome:
        """Run the program once."""
        started = perf_counter()
        try:
            done = await run_program(arguments, timeout_s=timeout_s)
        except TimeoutError:
            message = f"{name} did not end within {timeout_s:g} s and was killed"
            return failed(TransportError("timeout", message))
        except OSError as err:
            return failed(_explain(err, name))
        return judge(done, (perf_counter() - started) * 1000)

    return probe


def program(options: CommandOptions) -> str:
    """Return the program that is run."""
    first = options.command[0]
    return first.reveal() if isinstance(first, Secret) else first


def _explain(error: OSError, name: str) -> TransportError:
    """Say why a program could not be started."""
    if isinstance(error, FileNotFoundError):
        message = f"there is no program {name}, or not what its first line asks for"
        return TransportError("program_missing", message)
    if isinstance(error, PermissionError):
        return TransportError("permission_denied", f"this user may not run {name}")
    reason = (error.strerror or str(error)).lower()
    return TransportError("program_unusable", f"{name} cannot be run: {reason}")


def _signal(number: int) -> str:
    """Return a signal's name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _command(value: Any) -> tuple[Secret | str, ...]:
    """Accept a program and its arguments, but no command line that a shell would have to split."""
    if not isinstance(value, list):
        raise vol.Invalid("expected a list, such as [check_load, -w, 5]: no shell splits a text")
    if not 1 <= len(value) <= _MAX_ARGUMENTS:
        raise vol.Invalid(f"expected a program and at most {_MAX_ARGUMENTS - 1} arguments")
    return cv.list_of(_argument)([cv.text(value[0]), *value[1:]])


def _argument(value: Any) -> Secret | str:
    """Accept text or a number; a program cannot be given a NUL."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if value == "":
        return ""
    argument = text_or_secret(value)
    if "\0" in (argument.reveal() if isinstance(argument, Secret) else argument):
        raise vol.Invalid("an argument must not contain the character NUL")
    return argument


CHECK: Final = CheckType(
    name="command",
    options=CommandOptions,
    schema={vol.Required("command"): _command},
    compile=compile_command,
    target=program,
    host=lambda _options: "local",
    example={"command": ["/usr/lib/nagios/plugins/check_load", "-w", "5,4,3", "-c", "10,8,6"]},
    program=program,
    is_reachability=False,
)
