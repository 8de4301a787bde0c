"""List the processes of this machine."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import psutil

_ATTRIBUTES: Final = ("name", "cmdline", "username", "status")
_MAX_COMMAND: Final = 16 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessInfo:
    """One process; what this user may not see is empty."""

    pid: int
    name: str
    command: str = field(repr=False)
    """Program and arguments, joined by blanks; can hold secrets."""
    user: str


def list_processes() -> tuple[ProcessInfo, ...]:
    """Return all processes but those that have ended and only wait to be noticed; blocks.

    Raises:
        OSError: The system does not give the list.

    """
    try:
        return tuple(
            ProcessInfo(
                pid=process.pid,
                name=process.info["name"] or "",
                command=" ".join(process.info["cmdline"] or ())[:_MAX_COMMAND],
                user=process.info["username"] or "",
            )
            for process in psutil.process_iter(_ATTRIBUTES)
            if process.info["status"] != psutil.STATUS_ZOMBIE
        )
    except psutil.Error as err:
        raise OSError(str(err)) from err
