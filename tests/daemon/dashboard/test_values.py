"""The values that a check reads, on its card."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from opsmonitor.dashboard.values import value_text, values_text
from opsmonitor.dashboard.view import PageData
from opsmonitor.dashboard.words import DASH
from opsmonitor.models.check import Outcome, Verdict
from opsmonitor.models.export import EXPORTED, Export
from tests.daemon.dashboard.samples import check, page_data, state

FLOW = Export(key="flow", name="Flow", unit="°C", precision=1)
MODE = Export(key="mode", name="Mode")


def read(**values: object) -> Outcome:
    """Return a good run that read these."""
    return Outcome(verdict=Verdict.OK, data={EXPORTED: values})


def test_values_stand_on_the_card(draw: Callable[[PageData], str]) -> None:
    """They are there without a script, and what a target says is no markup."""
    data = page_data(
        [check(exports=(FLOW, MODE))], [state(outcome=read(flow=41.55, mode="<b>day</b>"))]
    )

    assert '<p class="values">Flow 41.5 °C · Mode &lt;b&gt;day&lt;/b&gt;</p>' in draw(data)


@pytest.mark.parametrize("outcome", [None, Outcome(verdict=Verdict.FAIL)])
def test_what_is_unknown_is_a_dash(outcome: Outcome | None) -> None:
    """Without an answer there is no value, be it the first run or a failure."""
    assert values_text(check(exports=(FLOW,)), state(outcome=outcome)) == f"Flow {DASH}"


@pytest.mark.parametrize(
    ("value", "unit", "precision", "text"),
    [
        (3, None, None, "3"),
        (3.0, "W", None, "3 W"),
        (0.12345, None, None, "0.123"),
        (-0.0001, None, None, "0"),
        (2.5, None, 0, "3"),
        (1200, None, None, "1200"),
        (1e20, None, 2, "1.000000e20"),
        (True, None, None, "true"),
    ],
)
def test_values_in_words(value: object, unit: str | None, precision: int | None, text: str) -> None:
    """Numbers have the decimals that are asked for, or at most three."""
    assert value_text(value, unit, precision) == text
