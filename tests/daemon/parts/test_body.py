"""What is shown of a body is short, on one line and without secrets."""

from __future__ import annotations

from hypothesis import given, strategies as st
import pytest
import voluptuous as vol

from opsmonitor.parts.body import EXPECT_BODY, Body, body_rules, excerpt
from opsmonitor.util.secret import Secret

_SCHEMA = vol.Schema(EXPECT_BODY)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", "empty"),
        ("one\r\n  two\x1b[31m\x00", '"one two [31m"'),
        ("token=abcdef", '"token=**********"'),
        ("it is hunter22 here", '"it is ********** here"'),
        ("x" * 100, '"' + "x" * 79 + '…"'),
    ],
)
def test_an_excerpt_is_fit_to_be_shown(text: str, shown: str) -> None:
    """Control characters, line breaks and secrets are gone."""
    assert excerpt(text, ["hunter22"]) == shown


@given(text=st.text(max_size=300))
def test_an_excerpt_is_always_one_short_line(text: str) -> None:
    """Whatever the body, what is shown of it is printable and short."""
    shown = excerpt(text)

    assert shown.isprintable()
    assert len(shown) <= 82


def test_a_secret_expectation_is_not_named() -> None:
    """The name of an assertion never has the secret that it looks for."""
    rules = body_rules(
        _SCHEMA({"contains": Secret("hunter22"), "not_contains": Secret("hunter33")})
    )

    findings = [rule(Body("hunter33", truncated=False)) for rule in rules]

    assert [finding.assertion.ok for finding in findings] == [False, False]
    assert "hunter22" not in repr(findings)


def test_a_slow_pattern_fails_the_check() -> None:
    """A pattern that takes too long is the configuration's fault, and says so."""
    (rule,) = body_rules(_SCHEMA({"regex": "(a+)+$"}))

    finding = rule(Body("a" * 60 + "b", truncated=False))

    assert finding.trouble is not None
    assert finding.trouble.code == "regex_too_slow"


@pytest.mark.parametrize(
    ("text", "shown"),
    [("ok", '"ok"'), ('"ok"', "'\"ok\"'"), ("it's", '"it\'s"'), ("'\"", '"\'""')],
)
def test_a_text_with_quotation_marks_is_set_in_others(text: str, shown: str) -> None:
    """What is looked for can be told from the marks around it, where there are such."""
    (rule,) = body_rules(_SCHEMA({"contains": text}))

    assert rule(Body(text, truncated=False)).assertion.name == f"body contains {shown}"
    assert excerpt(text) == shown
