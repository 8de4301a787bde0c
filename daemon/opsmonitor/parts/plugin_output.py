"""Read what monitoring plug-ins print: a line for people, and figures for programs."""

from __future__ import annotations

from dataclasses import dataclass
import math
import re
from typing import Final, NamedTuple

_MAX_TEXT: Final = 4096
_MAX_LABEL: Final = 100
_MAX_FIGURES: Final = 100
# Source: ECMA-48: colours and the like are told to a terminal in sequences that begin with ESC.
_ESCAPES: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-_])?")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
# Source: Monitoring Plugins Development Guidelines: 'label'=value[unit];[warn];[crit];[min];[max]
_FIGURE: Final = re.compile(
    r"(?:'(?P<quoted>(?:[^']|''){1,200})'|(?P<bare>[^\s='][^\s=]{0,199}))="
    r"(?P<value>[-+]?(?:\d{1,20}(?:[.,]\d{0,20})?|[.,]\d{1,20})(?:[eE][-+]?\d{1,3})?)"
    r"(?P<unit>[a-zA-Zµ%°/]{0,10})(?P<limits>(?:;[^;\s]{0,60}){0,4})(?=\s|;|$)"
)


class Figure(NamedTuple):
    """One value of the performance data."""

    label: str
    value: float
    unit: str
    warn: str
    """A range of the plug-in's own, such as `10:20`; empty without one."""
    crit: str
    min: str
    max: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginOutput:
    """What a plug-in has printed."""

    text: str
    """For people, in one or more lines, without control characters."""
    figures: tuple[Figure, ...]


def parse_output(output: str) -> PluginOutput:
    """Return text and figures: these follow a bar, in the first line and in the last ones."""
    lines = clean(output).splitlines()
    first, _, figures = lines[0].partition("|") if lines else ("", "", "")
    text, _, more = "\n".join(lines[1:]).partition("|")
    # After a bar in the long text, all lines are figures.
    found = [_figure(match) for match in _FIGURE.finditer(f"{figures} {more}")]
    whole = f"{first.strip()}\n{text.strip()}".strip()
    return PluginOutput(
        text=whole[:_MAX_TEXT],
        figures=tuple(figure for figure in found if math.isfinite(figure.value))[:_MAX_FIGURES],
    )


def clean(text: str) -> str:
    """Return a text without anything that could move the cursor, colour or hide something."""
    plain = _ESCAPES.sub("", text.replace("\r\n", "\n"))
    return _CONTROL.sub(" ", plain.replace("\t", " "))


def _figure(match: re.Match[str]) -> Figure:
    """Return one value; some programs write a comma in it."""
    label = (match["quoted"] or match["bare"]).replace("''", "'")
    limits = [*match["limits"].split(";")[1:], "", "", "", ""]
    return Figure(
        label[:_MAX_LABEL],
        float(match["value"].replace(",", ".")),
        match["unit"],
        *limits[:4],
    )
