"""Tell people what is in a configuration, or what is wrong with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
import re
from typing import Final

from opsmonitor.config.redaction import SENT_KEYS
from opsmonitor.config.secret_file import FILE_NAMES
from opsmonitor.config.settings import Settings
from opsmonitor.models.config import ConfigProblem
from opsmonitor.util.redact import is_secret_name, redact_text
from opsmonitor.util.secret import REDACTED

_MAX_LINE: Final = 160
_NEVER_QUOTED: Final = (*FILE_NAMES, ".env")
_STEP: Final = re.compile(r"[.\[\]]+")
_KEY: Final = re.compile(r"([\w-]{1,64})[\"']?\s*:(?=\s|$)")
_OPAQUE: Final = re.compile(r"[A-Za-z0-9+/=_-]{32,}")


def describe_settings(settings: Settings) -> str:
    """Return a short summary of a valid configuration, with its warnings."""
    by_type = Counter(check.type for check in settings.checks.values())
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(by_type.items()))
    lines = [f"The configuration is valid: {_count(len(settings.checks), 'check')}"]
    if kinds:
        lines[0] += f" ({kinds})"
    if settings.warnings:
        lines += ["", f"{_count(len(settings.warnings), 'warning')}:"]
        lines += [f"  {warning}" for warning in settings.warnings]
    return "\n".join(lines)


def describe_problems(problems: Sequence[ConfigProblem]) -> str:
    """Return every problem with the line it is about and a caret below the column."""
    texts = _Lines()
    blocks = ["\n".join((str(problem), *texts.excerpt(problem))) for problem in problems]
    return "\n".join((*blocks, "", f"{_count(len(problems), 'problem')} found"))


class _Lines:
    """The lines of the files that problems are in; each file is read once."""

    def __init__(self) -> None:
        """Begin with none read."""
        self._files: dict[str, list[str]] = {}

    def excerpt(self, problem: ConfigProblem) -> Iterable[str]:
        """Yield the line of a problem and a caret; nothing where that might show a secret."""
        is_quotable = Path(problem.file).name not in _NEVER_QUOTED
        if problem.line is None or not is_quotable or _is_about_a_secret(problem.path):
            return
        lines = self._of(problem.file)
        if problem.line > len(lines):
            return
        line = lines[problem.line - 1].replace("\t", " ")
        column = (problem.column or 1) - 1
        shown = _OPAQUE.sub(REDACTED, redact_text(_without_secrets(line)))[:_MAX_LINE]
        yield f"    {shown}"
        # Where something was hidden, the caret would point at the wrong character.
        if shown[: column + 1] == line[: column + 1]:
            yield "    " + " " * column + "^"

    def _of(self, file: str) -> list[str]:
        """Return the lines of a file; none if it cannot be read any more."""
        if file not in self._files:
            try:
                text = Path(file).read_text(encoding="utf-8-sig", errors="replace")
            except (OSError, ValueError):
                text = ""
            self._files[file] = text.split("\n")
        return self._files[file]


def _is_about_a_secret(path: str) -> bool:
    """Tell whether the line of a problem most likely holds a secret, or what is sent out."""
    steps = _STEP.split(path)
    return any(step in SENT_KEYS or is_secret_name(step) for step in steps)


def _without_secrets(line: str) -> str:
    """Cut a line off after the first key that is named like a secret."""
    for match in _KEY.finditer(line):
        if is_secret_name(match[1]):
            return f"{line[: match.end()]} {REDACTED}"
    return line


def _count(number: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
