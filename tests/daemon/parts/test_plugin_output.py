"""What monitoring plug-ins print, and what others print instead."""

from __future__ import annotations

import json
import math
from time import process_time

from hypothesis import given, strategies as st
import pytest

from opsmonitor.parts.plugin_output import Figure, clean, parse_output


def figures(output: str) -> list[tuple[str, float, str]]:
    """Return label, value and unit of each figure."""
    return [figure[:3] for figure in parse_output(output).figures]


def test_one_line() -> None:
    """Text comes before the bar, figures after it."""
    output = parse_output("LOAD OK - 0.42 | load1=0.42;5.00;10.00;0; load5=1;;;0;8\n")

    assert output.text == "LOAD OK - 0.42"
    assert output.figures == (
        Figure("load1", 0.42, "", "5.00", "10.00", "0", ""),
        Figure("load5", 1.0, "", "", "", "0", "8"),
    )


def test_many_lines() -> None:
    """Long text follows the first line, and further figures follow it."""
    output = parse_output(
        "DISK OK | /=2643MB;5948;5958;0;5968\n/ 15272 MB (77%)\n"
        "/boot 68 MB | /boot=68MB\n'/my disk'=1%"
    )

    assert output.text == "DISK OK\n/ 15272 MB (77%)\n/boot 68 MB"
    assert [figure[:3] for figure in output.figures] == [
        ("/", 2643.0, "MB"),
        ("/boot", 68.0, "MB"),
        ("/my disk", 1.0, "%"),
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("'it''s here'=1s", [("it's here", 1.0, "s")]),
        ("a=-1.5e3c b=+.5 c=1,25ms", [("a", -1500.0, "c"), ("b", 0.5, ""), ("c", 1.25, "ms")]),
        ("a=U b=2", [("b", 2.0, "")]),
        ("a=1e999 b=2", [("b", 2.0, "")]),
        ("a= b=2 =3 c", [("b", 2.0, "")]),
        ("temp=21.5°C", [("temp", 21.5, "°C")]),
        ("a=1;10:20;@5:6", [("a", 1.0, "")]),
        ("", []),
    ],
)
def test_figures(text: str, found: list[tuple[str, float, str]]) -> None:
    """Quotes, signs, commas and missing values are understood; what is no number is left out."""
    assert figures(f"OK | {text}") == found


def test_nothing() -> None:
    """A program that prints nothing has said nothing."""
    assert parse_output("") == parse_output("\n \n")
    assert parse_output("").text == ""


def test_control_characters() -> None:
    """Nothing that is shown can move the cursor, colour anything or change a window's title."""
    text = "\x1b[31;1mred\x1b[0m \x1b]0;title\x07\ttab\r\nnext\x00\x9b1m\x1b"

    assert clean(text) == "red  tab\nnext  1m"


@given(output=st.text(max_size=500))
def test_any_output(output: str) -> None:
    """Whatever is printed becomes text without control characters, and finite figures."""
    parsed = parse_output(output)

    assert all(char.isprintable() or char in "\n " or char > "\x9f" for char in parsed.text)
    assert len(parsed.text) <= 4096
    assert all(math.isfinite(figure.value) for figure in parsed.figures)
    assert json.dumps([figure._asdict() for figure in parsed.figures])


@given(
    labels=st.lists(
        st.text(st.characters(categories=["L", "N", "P", "Zs"]), min_size=1), max_size=9
    ),
    value=st.floats(-1e9, 1e9, allow_nan=False).map(lambda number: round(number, 3)),
)
def test_any_label(labels: list[str], value: float) -> None:
    """Whatever the labels are, they come back if they are quoted as the guidelines ask for."""
    wanted = [label[:100] for label in labels if label.strip() and "|" not in label]
    quoted = " ".join(f"'{label.replace(chr(39), chr(39) * 2)}'={value}" for label in wanted)

    assert [label for label, _, _ in figures(f"OK | {quoted}")] == wanted


@pytest.mark.parametrize(
    "output", ["'" * 16_000, "a=" * 8_000, "1|" + "\x1b]" * 8_000, "=1;" * 5000]
)
def test_hostile_output_takes_no_time(output: str) -> None:
    """No output makes the parser try without end."""
    started = process_time()

    parse_output(f"|{output}")

    assert process_time() - started < 0.5
