"""Say in plain words why a text is not YAML; the library's own words may quote a secret."""

from __future__ import annotations

import re
from typing import Final

import yaml

from opsmonitor.config.nodes import Mark

QUOTE_HINT: Final = 'put quotes around a value that starts with {, such as "{NAME}/health"'
_BARE_VARIABLE: Final = re.compile(r"[:\-,\[{]\s+\{[A-Za-z_]\w*\}")


def error_mark(err: yaml.MarkedYAMLError, file: str) -> Mark:
    """Return where the syntax breaks."""
    mark = err.problem_mark or err.context_mark
    return Mark(file, mark.line + 1, mark.column + 1) if mark else Mark(file)


def syntax_message(err: yaml.MarkedYAMLError, text: str) -> str:
    """Guess the mistake from the line where the syntax breaks."""
    lines = text.split("\n")
    mark = err.problem_mark or err.context_mark
    line = lines[mark.line] if mark and mark.line < len(lines) else ""
    if _BARE_VARIABLE.search(line):
        return f"not valid YAML; {QUOTE_HINT}"
    if line[: len(line) - len(line.lstrip())].count("\t"):
        return "not valid YAML: indent with spaces, not with tabs"
    if err.problem and "escape" in err.problem:
        return (
            "not valid YAML: a backslash in double quotes begins an escape; "
            "use single quotes, or write two backslashes"
        )
    if err.context and "quoted scalar" in err.context:
        return "not valid YAML: a quotation mark is not closed, or text follows the closing one"
    return (
        "not valid YAML: check indentation, colons and brackets here and on the line before; "
        "quote a value with special characters"
    )


def text_place(text: str, position: int) -> tuple[int, int]:
    """Return line and column, counted from 1, of a position in a text."""
    before = text[:position]
    return before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1
