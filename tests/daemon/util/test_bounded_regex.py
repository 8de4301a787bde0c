"""A search with a user's pattern ends in time, whatever the pattern."""

from __future__ import annotations

import re
import signal
import time

import pytest

from opsmonitor.util.bounded_regex import MAX_TEXT, search


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("b+", "abc", True),
        ("x", "abc", False),
        ("", "", True),
        ("end", "x" * MAX_TEXT + "end", False),
        ("end$", "x" * (MAX_TEXT - 3) + "end and more", True),
    ],
)
def test_a_pattern_is_found_or_not(pattern: str, text: str, found: bool) -> None:  # noqa: FBT001
    """Only the first part of a long text is searched."""
    assert search(re.compile(pattern), text) is found


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"(a+)+$", "a" * 50 + "b"),
        (r"(a|a)*$", "a" * 50 + "b"),
        (r"a*a*a*a*a*a*b", "a" * 5000),
        (r"(?:[a-z]+\s?)+$", "abc " * 2000 + "!"),
        (r"(.*)(.*)(.*)x\1", "ab" * 3000),
    ],
)
def test_an_exploding_pattern_is_given_up(pattern: str, text: str) -> None:
    """A pattern that would take years is stopped within a fraction of a second."""
    started = time.process_time()

    found = search(re.compile(pattern), text)

    assert found is None
    assert time.process_time() - started < 1


def test_nothing_of_it_stays_behind() -> None:
    """Timer and handler are as they were."""
    before = signal.getsignal(signal.SIGVTALRM)

    search(re.compile(r"(a+)+$"), "a" * 50 + "b")

    assert signal.getsignal(signal.SIGVTALRM) == before
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)
