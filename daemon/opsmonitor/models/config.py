"""What can be wrong with a configuration file, and where."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigProblem:
    """One mistake in a configuration file."""

    file: str
    message: str
    """What is wrong and what to do about it, without the place."""
    line: int | None = None
    """1-based; None where the mistake has no place, such as a missing file."""
    column: int | None = None
    path: str = ""
    """Where in the structure, such as `checks[2].port`."""

    def __str__(self) -> str:
        """Return `file:line:column: path: message`."""
        place = self.file
        if self.line is not None:
            place += f":{self.line}:{self.column or 1}"
        return ": ".join(part for part in (place, self.path, self.message) if part)
