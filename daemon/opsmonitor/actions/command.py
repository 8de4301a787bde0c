"""Run a program of the user's choice, without a shell."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import voluptuous as vol

from opsmonitor.actions.base import ActionContext, ActionType
from opsmonitor.exceptions import ActionError
from opsmonitor.models.remediation import Incident
from opsmonitor.parts.body import excerpt
from opsmonitor.parts.command_line import argument_list, revealed, start_trouble
from opsmonitor.parts.plugin_output import clean
from opsmonitor.util.process import run_program
from opsmonitor.util.redact import redact_text
from opsmonitor.util.secret import REDACTED, Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandOptions:
    """What to run."""

    command: tuple[Secret | str, ...] = field(repr=False)
    """The program and its arguments; no shell looks at them."""


async def _run(options: CommandOptions, incident: Incident, _context: ActionContext) -> str:
    """Run it to its end; any exit code but 0 is a failure."""
    words = revealed(options.command)
    try:
        done = await run_program(words, timeout_s=incident.timeout_s)
    except TimeoutError as err:
        text = f"did not end within {incident.timeout_s:g} s and was killed"
        raise ActionError(text) from err
    except OSError as err:
        raise ActionError(start_trouble(err, words[0]).message) from err
    secrets = tuple(each.reveal() for each in options.command if isinstance(each, Secret))
    printed = redact_text(clean(done.output) or clean(done.errors), secrets).strip()
    said = f", said {excerpt(printed.splitlines()[0])}" if printed else ""
    if done.exit_code != 0:
        raise ActionError(f"ended with exit code {done.exit_code}{said}")
    return f"ended well{said}"


def _program(options: CommandOptions) -> str:
    """Return the program that is run."""
    return revealed(options.command)[0]


def _target(options: CommandOptions) -> str:
    """Return the program and its arguments, for people."""
    shown = [REDACTED if isinstance(each, Secret) else each for each in options.command]
    return redact_text(" ".join(shown))


ACTION: Final = ActionType(
    name="command",
    options=CommandOptions,
    schema={vol.Required("command"): argument_list},
    run=_run,
    target=_target,
    example={"command": ["/usr/local/bin/mount-backup", "--force"]},
    program=_program,
)
