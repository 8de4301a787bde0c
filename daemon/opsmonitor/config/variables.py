"""Replace variables in one text; what they hold is never looked at again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import re
from typing import Final, TypeAlias

from opsmonitor.util.redact import is_secret_name
from opsmonitor.util.secret import REDACTED

Lookup: TypeAlias = Callable[[str], str | None]

_VARIABLE: Final = re.compile(
    r"(?P<escape>\$\$\{)"
    r"|\$\{(?P<shell>[A-Za-z_]\w*)(?::-(?P<default>[^}]*))?\}"
    r"|(?P<malformed>\$\{)"
    r"|\{\{(?P<literal>[A-Z][A-Z0-9_]*)\}\}"
    r"|\{(?P<brace>[A-Z][A-Z0-9_]*)\}",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Expanded:
    """A text with its variables replaced."""

    text: str
    shown: str
    """The same without the values of variables that are named like secrets."""
    unset: tuple[str, ...]
    """Variables that are not set and have no default."""
    is_malformed: bool
    """A `${` begins something that is no variable."""
    is_variable: bool
    """The text was one variable and nothing else."""

    @property
    def has_secret(self) -> bool:
        """Tell whether a variable that is named like a secret was in it."""
        return self.text != self.shown


def has_variables(text: str) -> bool:
    """Tell whether there is anything to replace in a text."""
    return _VARIABLE.search(text) is not None


def expand_text(text: str, lookup: Lookup) -> Expanded:
    """Replace `{NAME}`, `${NAME}` and `${NAME:-default}`; `$${` and `{{NAME}}` lose one sign."""
    unset: list[str] = []
    matches = list(_VARIABLE.finditer(text))

    def value_of(match: re.Match[str]) -> str:
        """Return what stands for a match."""
        if match["escape"] or match["malformed"]:
            return "${"
        if match["literal"]:
            return "{" + match["literal"] + "}"
        name, default = match["shell"] or match["brace"], match["default"]
        value = lookup(name)
        if default is not None:
            return value or default
        if value is None:
            unset.append(name)
        return value or ""

    def shown_of(match: re.Match[str]) -> str:
        """Return what may be shown of it."""
        name = match["shell"] or match["brace"]
        return REDACTED if name and is_secret_name(name) else value_of(match)

    expanded = _VARIABLE.sub(value_of, text)
    missing = tuple(dict.fromkeys(unset))
    return Expanded(
        text=expanded,
        shown=_VARIABLE.sub(shown_of, text),
        unset=missing,
        is_malformed=any(match["malformed"] for match in matches),
        is_variable=len(matches) == 1
        and matches[0].span() == (0, len(text))
        and (matches[0]["shell"] or matches[0]["brace"]) is not None,
    )


def hide_default(text: str) -> str:
    """Return a text with the defaults of its variables hidden."""
    return _VARIABLE.sub(
        lambda match: f"${{{match['shell']}:-{REDACTED}}}" if match["default"] else match[0],
        text,
    )


def strip_variables(text: str) -> str:
    """Return a text without its variables."""
    return _VARIABLE.sub("", text)
