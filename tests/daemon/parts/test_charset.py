"""Bodies become text, whatever charset they claim."""

from __future__ import annotations

from hypothesis import given, strategies as st
import pytest

from opsmonitor.parts.charset import decoded


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        ("ä".encode(), "text/html", "ä"),
        ("ä".encode(), "text/html; charset=utf-8", "ä"),
        (b"\xe4", "text/html; charset=ISO-8859-1", "ä"),
        (b"\xe4", 'text/html; Charset="windows-1252"', "ä"),
        ("ä".encode("utf-16"), "text/html; charset=utf-16", "ä"),
        (b"\xe4", "text/html", "\ufffd"),
        ("ä".encode(), "text/html; charset=punycode", "ä"),
        ("ä".encode(), "text/html; charset=iso-8859-99", "ä"),
        ("ä".encode(), "text/html; charset=rot13", "ä"),
    ],
)
def test_the_charset_is_that_of_the_header(body: bytes, content_type: str, text: str) -> None:
    """A usual charset is believed; without one, or with an odd one, it is UTF-8."""
    assert decoded(body, content_type) == text


@given(body=st.binary(max_size=100), content_type=st.text(max_size=50))
def test_nothing_is_too_odd(body: bytes, content_type: str) -> None:
    """Any bytes with any header are some text."""
    assert isinstance(decoded(body, content_type), str)
