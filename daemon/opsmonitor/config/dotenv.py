"""Read a `.env` file: variables that lie beside the configuration."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from opsmonitor.config.nodes import Mark

if TYPE_CHECKING:
    from opsmonitor.config.problems import Problems

_LINE: Final = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)", re.ASCII)
_COMMENT: Final = re.compile(r"(?:^|\s)#.*")
_QUOTED: Final = re.compile(r"\"((?:[^\"\\]|\\.)*)\"\s*(?:#.*)?|'([^']*)'\s*(?:#.*)?")
_ESCAPE: Final = re.compile(r"\\(.)")
_ESCAPED: Final = {"n": "\n", "t": "\t", "r": "\r"}


def parse_dotenv(text: str, file: str, problems: Problems) -> dict[str, str]:
    """Return the variables of `NAME=value` lines; the last of a name counts."""
    variables: dict[str, str] = {}
    for number, raw in enumerate(text.split("\n"), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        value = _value(match[2]) if match else None
        if match is None or value is None:
            what = "close the quotation mark" if match else "write NAME=value"
            problems.add(Mark(file, number, 1), f"this line cannot be read: {what}")
            continue
        variables[match[1]] = value
    return variables


def _value(text: str) -> str | None:
    """Return what stands right of the `=`; None if a quotation mark is left open."""
    if not text.startswith(('"', "'")):
        return _COMMENT.sub("", text).rstrip()
    match = _QUOTED.fullmatch(text)
    if match is None:
        return None
    if match[1] is None:
        return match[2]
    return _ESCAPE.sub(lambda escape: _ESCAPED.get(escape[1], escape[1]), match[1])
