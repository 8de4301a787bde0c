"""Lay out what was measured: Markdown that reads well in a terminal too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from benchmarks.figures import FIGURES

if TYPE_CHECKING:
    from benchmarks.figures import Figure, Measured

_HEAD: Final = ("figure", "value", "/ floor", "/ blackbox", "must be", "")
_PRECISE_BELOW: Final = 10


def render(measured: Measured) -> str:
    """Return the table; figures that were not measured are left out."""
    rows: list[tuple[str, ...]] = [_HEAD]
    for figure in FIGURES:
        value = measured.get(figure.key)
        if value is not None:
            rows.append(_row(figure, value, measured))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [_line(row, widths) for row in rows]
    rule = "|".join(("", "-" * (widths[0] + 2), *("-" * (w + 1) + ":" for w in widths[1:]), ""))
    return "\n".join([lines[0], rule, *lines[1:]])


def is_met(figure: Figure, measured: Measured) -> bool | None:
    """Tell whether a figure reaches its bar; None without a bar or a value."""
    value = measured.get(figure.key)
    return None if figure.bar is None or value is None else value <= figure.bar


def _row(figure: Figure, value: float, measured: Measured) -> tuple[str, ...]:
    """Return the cells of one figure."""
    met = is_met(figure, measured)
    return (
        figure.text,
        f"{_number(value)} {figure.unit}",
        _ratio(value, measured.get(figure.floor)),
        _ratio(value, measured.get(figure.peer)),
        "" if figure.bar is None else f"<= {figure.bar:g}",
        {None: "", True: "met", False: "NOT met"}[met],
    )


def _ratio(value: float, other: float | None) -> str:
    """Return how many times the other value this is."""
    return "" if not other else f"{value / other:.2f}"


def _number(value: float) -> str:
    """Return a value with as many digits as it deserves."""
    return f"{value:.2f}" if abs(value) < _PRECISE_BELOW else f"{value:.0f}"


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    """Return one line; text on the left, numbers on the right."""
    cells = [row[0].ljust(widths[0])]
    cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
    return f"| {' | '.join(cells)} |"
