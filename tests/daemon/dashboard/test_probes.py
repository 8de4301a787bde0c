"""What is polled, as the page shows it."""

from __future__ import annotations

from dataclasses import replace
import re

from hypothesis import given, strategies as st
import pytest

from opsmonitor.api.routes.dashboard import RENDERER
from opsmonitor.dashboard.probes import (
    MOST_VALUES,
    probe_card,
    shown_values,
    title,
    value_label,
    value_text,
)
from opsmonitor.dashboard.view import PageView
from opsmonitor.models.reading import Issue, Reading, ReadingState, ReadingStatus, Scalar
from tests.daemon.dashboard.samples import NOW_MS, page_data

STATE = ReadingState(
    probe="host",
    interval_s=30,
    reading=Reading(
        data={},
        values={"memory_percent": 40.51, "none": None, "kernel": "<b>6.1</b>"},
        status=ReadingStatus.WARN,
        issues=tuple(
            Issue(kind="x", status=ReadingStatus.WARN, message=f"/mnt/{number} is full")
            for number in range(7)
        ),
    ),
    fetched_ms=NOW_MS - 120_000,
    error="no answer within 5 s",
)


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("memory_percent", 40.51, "40.5 %"),
        ("disk.root.free_bytes", 80_551_989_248, "80.6 GB"),
        ("network.eth0.receive_bytes_per_s", 950, "950 B/s"),
        ("temperature_c", 45.0, "45 °C"),
        ("latency_ms", 12.34, "12.3 ms"),
        ("uptime_s", 3600, "1 h"),
        ("processes", 1234, "1234"),
        ("wan_up", True, "yes"),
        ("type", "DSL", "DSL"),
        ("x", None, "–"),  # noqa: RUF001 - the dash that the page shows
    ],
)
def test_values_in_words(name: str, value: Scalar, shown: str) -> None:
    """The unit is the end of the name."""
    assert value_text(name, value) == shown


@given(st.text(), st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False))
def test_any_value_has_words(name: str, value: Scalar) -> None:
    """Nothing is raised, whatever a probe calls it."""
    assert value_text(name, value)
    value_label(name)


def test_names_in_words() -> None:
    """Dots and underscores are blanks, units are left out; known probes have titles."""
    assert value_label("disk.root.used_percent") == "disk root used"
    assert title("fritz", "home") == "FRITZ!Box home"
    assert title("own", "") == "own"


def test_the_first_values_are_shown() -> None:
    """Those that are not known do not take a place."""
    values: dict[str, Scalar] = {"unknown": None, **{f"v{at}": at for at in range(20)}}

    assert [label for label, _ in shown_values(values)] == [f"v{at}" for at in range(MOST_VALUES)]


def test_a_card_says_how_it_is() -> None:
    """Beside the values stand the issues, the error and the age."""
    card = probe_card(STATE, NOW_MS)

    assert (card.status, card.label) == ("degraded", "Worrying")
    assert card.issues[-1] == "and 2 more"
    assert card.error == "no answer within 5 s"
    assert card.fetched_ago == "2 min ago"


def test_a_card_of_what_was_never_read() -> None:
    """It says so, and is in no trouble."""
    card = probe_card(ReadingState(probe="nvme", interval_s=60), NOW_MS)

    assert (card.title, card.status, card.fetched_ago) == ("Drives", "pending", "never")


def test_the_page_has_a_card_for_each() -> None:
    """Text of devices is text; without probes the section is hidden."""
    data = page_data()
    bare = b"".join(RENDERER.page(PageView(data))).decode()
    page = b"".join(RENDERER.page(PageView(replace(data, readings=[STATE])))).decode()

    assert re.search(r'<section id="probes"[^>]* hidden>', bare)
    assert 'data-name="host"' in page
    assert "&lt;b&gt;6.1&lt;/b&gt;" in page
    assert not re.search(r'<section id="probes"[^>]* hidden>', page)
