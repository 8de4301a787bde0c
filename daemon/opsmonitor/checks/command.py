"""Command check: what does a program of the user's choice say of something?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
import signal
from time import perf_counter
from typing import Final

import voluptuous as vol

from opsmonitor.checks.base import CheckContext, CheckType, Probe
from opsmonitor.exceptions import TransportError
from opsmonitor.models.check import Assertion, Outcome, Verdict
from opsmonitor.parts.command_line import argument_list, revealed, start_trouble
from opsmonitor.parts.export import Exporter, FigureExport, exports_of, figure_exports
from opsmonitor.parts.plugin_output import Figure, clean, parse_output
from opsmonitor.parts.rules import Finding, Trouble, conclude, failed
from opsmonitor.util.process import Completed, run_program
from opsmonitor.util.redact import redact_text
from opsmonitor.util.secret import Secret

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
    export: tuple[FigureExport, ...] = ()


class CommandJudge:
    """Decides what the end of a program means."""

    __slots__ = ("_exporter", "_labels", "_program", "_secrets")

    def __init__(self, options: CommandOptions) -> None:
        """Take what must not be shown."""
        self._program = program(options)
        revealed = (each.reveal() for each in options.command if isinstance(each, Secret))
        self._secrets = tuple(value for value in revealed if len(value) >= _SHORTEST_SECRET)
        self._exporter = Exporter(options.export)
        self._labels = [entry.source for entry in options.export]

    def __call__(self, done: Completed, took_ms: float) -> Outcome:
        """Return what exit code and output mean."""
        said = parse_output(self._harmless(done.output))
        text = said.text or parse_output(self._harmless(done.errors)).text
        data = {
            "exit_code": done.exit_code,
            "output": text,
            "truncated": done.truncated or len(done.output) > _MAX_READ,
            "performance": [figure._asdict() for figure in said.figures],
            **self._exported(said.figures),
        }
        return conclude([self._finding(done.exit_code, text)], latency_ms=took_ms, data=data)

    def _exported(self, figures: Sequence[Figure]) -> Mapping[str, object]:
        """Return what is shown beside the check; of figures of one label the first."""
        found = {figure.label: figure.value for figure in reversed(figures)}
        return self._exporter([found.get(label) for label in self._labels])

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
    arguments = revealed(options.command)

    async def probe() -> Outcome:
        """Run the program once."""
        started = perf_counter()
        try:
            done = await run_program(arguments, timeout_s=timeout_s)
        except TimeoutError:
            message = f"{name} did not end within {timeout_s:g} s and was killed"
            return failed(TransportError("timeout", message))
        except OSError as err:
            return failed(start_trouble(err, name))
        return judge(done, (perf_counter() - started) * 1000)

    return probe


def program(options: CommandOptions) -> str:
    """Return the program that is run."""
    return revealed(options.command)[0]


def _signal(number: int) -> str:
    """Return a signal's name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


CHECK: Final = CheckType(
    name="command",
    options=CommandOptions,
    schema={
        vol.Required("command"): argument_list,
        vol.Optional("export"): figure_exports,
    },
    compile=compile_command,
    target=program,
    host=lambda _options: "local",
    subject=lambda _options: "host",
    example={"command": ["/usr/lib/nagios/plugins/check_load", "-w", "5,4,3", "-c", "10,8,6"]},
    program=program,
    exports=exports_of,
    is_reachability=False,
)
