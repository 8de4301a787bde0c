"""Escapes in what is sent stand for the bytes they name."""

from __future__ import annotations

from hypothesis import given, strategies as st
import pytest

from opsmonitor.parts.dialog import unescape


@pytest.mark.parametrize(
    ("text", "data"),
    [
        (r"PING\r\n", b"PING\r\n"),
        ("PING\r\n", b"PING\r\n"),
        (r"\x00\xfF\0\t", b"\x00\xff\x00\t"),
        (r"C:\\new", b"C:\\new"),
        (r"\q \x4", rb"\q \x4"),
        ("ä", "ä".encode()),
        ("", b""),
    ],
)
def test_escapes_are_resolved(text: str, data: bytes) -> None:
    """Known escapes become their bytes; anything else stays as it is."""
    assert unescape(text) == data


@given(text=st.text(alphabet=st.characters(exclude_characters="\\", codec="utf-8")))
def test_text_without_escapes_is_utf_8(text: str) -> None:
    """Without a backslash, nothing changes."""
    assert unescape(text) == text.encode()
