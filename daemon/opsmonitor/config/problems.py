"""Collect every problem of a configuration before giving up."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from opsmonitor.config.nodes import Mark
from opsmonitor.exceptions import ConfigError
from opsmonitor.models.config import ConfigProblem

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


class Problems:
    """The problems found so far; what an alias or a default repeats is told once."""

    def __init__(self) -> None:
        """Begin with none."""
        self._errors: dict[tuple[Mark, str], ConfigProblem] = {}
        self._warnings: dict[tuple[Mark, str], ConfigProblem] = {}

    def add(self, mark: Mark, message: str, path: str = "") -> None:
        """Note what makes the configuration unusable."""
        self._errors.setdefault((mark, message), _problem(mark, message, path))

    def warn(self, mark: Mark, message: str, path: str = "") -> None:
        """Note what is valid but most likely not meant."""
        self._warnings.setdefault((mark, message), _problem(mark, message, path))

    def has_error_on(self, mark: Mark) -> bool:
        """Tell whether an error was noted on the same line."""
        return any((at.file, at.line) == (mark.file, mark.line) for at, _ in self._errors)

    @property
    def warnings(self) -> tuple[ConfigProblem, ...]:
        """Return the warnings in the order of the file."""
        return tuple(sorted(self._warnings.values(), key=_order))

    @property
    def has_errors(self) -> bool:
        """Tell whether the configuration is unusable."""
        return bool(self._errors)

    def error(self, files: Iterable[Path]) -> ConfigError:
        """Return the error that names every problem, in the order of the file."""
        return ConfigError(sorted(self._errors.values(), key=_order), files=tuple(files))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean ...?`, or nothing when no known word is similar."""
    by_lower = {candidate.lower(): candidate for candidate in known}
    matches = get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return f"; did you mean `{by_lower[matches[0]]}`?" if matches else ""


def _problem(mark: Mark, message: str, path: str) -> ConfigProblem:
    """Return a problem at a place."""
    return ConfigProblem(
        file=mark.file, line=mark.line, column=mark.column, path=path, message=message
    )


def _order(problem: ConfigProblem) -> tuple[str, int, int]:
    """Sort by file and place."""
    return (problem.file, problem.line or 0, problem.column or 0)
