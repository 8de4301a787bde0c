"""Values of others, whose types cannot be relied on."""

from __future__ import annotations

from typing import Any

from hypothesis import given
import pytest

from opsmonitor.util.lenient import flag, label, mappings, number, percent, text, whole
from tests.daemon.odd import ODD


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("web", "web"),
        ("  two\n words\t", "two words"),
        ("bell\x07", "bell"),
        ("half \ud800 a pair", "half a pair"),
        ("x" * 100_000, "x" * 500),
        ("", None),
        (" \n", None),
        (111, None),
        (None, None),
    ],
)
def test_text_is_one_line_that_can_be_shown(value: Any, shown: str | None) -> None:
    """Whatever cannot be printed, stored or sent is taken out."""
    assert text(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(111, "111"), ("111", "111"), (0, "0"), (True, None), (1.5, None), (-1, None), (None, None)],
)
def test_labels_can_be_numbers(value: Any, shown: str | None) -> None:
    """Some number their things, and some write the numbers as text."""
    assert label(value) == shown


def test_only_objects_of_a_list_count() -> None:
    """Whatever else stands there is left out."""
    assert mappings([{"a": 1}, None, "b", [1], {}]) == [{"a": 1}, {}]
    assert mappings({"a": 1}) == []


@pytest.mark.parametrize(
    ("part", "all_of_it", "expected"),
    [(1, 4, 25.0), (5, 4, 125.0), (1, 3, 33.33), (1, 0, None), (None, 4, None), (1, None, None)],
)
def test_percent(part: float | None, all_of_it: float | None, expected: float | None) -> None:
    """Of nothing, there is no part."""
    assert percent(part, all_of_it) == expected


@given(ODD)
def test_nothing_is_ever_raised(value: Any) -> None:
    """Whatever cannot be understood is unknown."""
    for read in (whole, number, text, flag, label):
        assert read(value) is None or isinstance(read(value), int | float | str)
    assert mappings(value) == [each for each in mappings(value) if isinstance(each, dict)]
