"""Amounts of bytes, read and written."""

from __future__ import annotations

from hypothesis import given, strategies as st
import pytest

from opsmonitor.util.size import format_size, parse_size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0 B", 0),
        ("300b", 300),
        ("1 kB", 1000),
        ("1 KiB", 1024),
        ("1.5 GB", 1_500_000_000),
        ("2GiB", 2 << 30),
        (" 3 TB ", 3 * 10**12),
    ],
)
def test_reading(text: str, size: int) -> None:
    """A unit with an i counts in steps of 1024, the others in steps of 1000."""
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "GB", "5", "5 iB", "-1 GB", "1,5 GB", "1e3 GB", "٣ GB"])
def test_what_is_no_size(text: str) -> None:
    """Whatever cannot be a size is refused."""
    with pytest.raises(ValueError, match="not a size"):
        parse_size(text)


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (4.25e9, "4.2 GB"), (2e18, "2000.0 PB")],
)
def test_writing(size: float, text: str) -> None:
    """The unit is the largest that fits."""
    assert format_size(size) == text


@given(size=st.integers(0, 10**15))
def test_what_is_written_can_be_read(size: int) -> None:
    """Reading what was written loses no more than the rounding."""
    assert abs(parse_size(format_size(size)) - size) <= 0.06 * size
