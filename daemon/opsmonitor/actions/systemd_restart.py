"""Restart a unit of systemd on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import voluptuous as vol

from opsmonitor.actions.base import ActionContext, ActionType
from opsmonitor.exceptions import ActionError
from opsmonitor.models.remediation import Incident
from opsmonitor.parts.systemd_unit import refused, unit_name
from opsmonitor.util.process import run_program

_NOT_ALLOWED: Final = ("authentication required", "access denied", "permission denied")


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemdRestartOptions:
    """Which unit."""

    unit: str


async def _run(options: SystemdRestartOptions, incident: Incident, _context: ActionContext) -> str:
    """Restart it, and return once it has started."""
    # Nobody is there who could type a password.
    arguments = ("systemctl", "--no-ask-password", "restart", "--", options.unit)
    try:
        done = await run_program(arguments, timeout_s=incident.timeout_s)
    except TimeoutError:
        raise ActionError(f"no end within {incident.timeout_s:g} s") from None
    except FileNotFoundError:
        raise ActionError("there is no systemctl on this machine") from None
    except OSError as err:
        message = f"systemctl cannot be run: {(err.strerror or str(err)).lower()}"
        raise ActionError(message) from err
    if done.exit_code == 0:
        return "restarted"
    if any(words in done.errors.lower() for words in _NOT_ALLOWED):
        raise ActionError(
            f"this user may not restart {options.unit}: allow it by a rule of polkit, "
            "as docs/remediation.md shows"
        )
    raise ActionError(refused(done).message)


ACTION: Final = ActionType(
    name="systemd_restart",
    options=SystemdRestartOptions,
    schema={vol.Required("unit"): unit_name},
    run=_run,
    target=lambda options: options.unit,
    example={"unit": "nginx.service"},
)
