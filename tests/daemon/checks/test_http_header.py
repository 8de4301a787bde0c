"""HTTP checks that look at the headers of an answer."""

from __future__ import annotations

from typing import Any

import pytest
import voluptuous as vol

from opsmonitor.checks.http import CHECK
from opsmonitor.models.check import Outcome, Verdict
from opsmonitor.parts.header import expect_header
from opsmonitor.util.secret import Secret
from tests.daemon.checks.conftest import MakeProbe
from tests.daemon.targets import http_answer, serve

_HEADERS = (
    "Content-Type: application/json; charset=utf-8\r\n"
    "X-Version: v12\r\nX-Part: one\r\nX-Part: two\r\nX-Api-Key: hunter2\r\n"
)


async def ask(make_probe: MakeProbe, expected: Any) -> Outcome:
    """Return the outcome of a check on these headers."""
    async with serve(http_answer(headers=_HEADERS)) as port:
        return await make_probe(CHECK, url=f"http://127.0.0.1:{port}/", expect_header=expected)()


@pytest.mark.parametrize(
    ("expected", "code"),
    [
        ({"X-Version": "v12"}, None),
        ({"x-version": "v12"}, None),
        ({"X-Version": "V12"}, "header_mismatch"),
        ({"X-Version": "v1"}, "header_mismatch"),
        ({"Content-Type": {"contains": "json"}}, None),
        ({"Content-Type": {"contains": "json", "regex": "utf-?8$"}}, None),
        ({"Content-Type": {"contains": "json", "regex": "^utf"}}, "header_mismatch"),
        ({"X-Version": {"regex": "^v[0-9]+$"}}, None),
        ({"X-Part": "two"}, None),
        ({"X-Part": {"contains": "o", "regex": "^t"}}, None),
        ({"X-Part": "three"}, "header_mismatch"),
        ({"X-Gone": {"regex": ""}}, "header_missing"),
        ({"X-Gone": {"exists": True}}, "header_missing"),
        ({"X-Gone": {"exists": False}}, None),
        ({"X-Part": {"exists": False}}, "header_mismatch"),
        ({"X-Part": {"exists": True}, "X-Version": "v13"}, "header_mismatch"),
        ({"X-Api-Key": Secret("hunter2")}, None),
    ],
)
async def test_headers_must_be_expected(
    make_probe: MakeProbe, expected: Any, code: str | None
) -> None:
    """Names in any case, values exactly, in part or by pattern; a missing header never fits."""
    outcome = await ask(make_probe, expected)

    assert outcome.error_code == code
    assert (outcome.verdict is Verdict.OK) is (code is None)


async def test_a_mismatch_shows_both_sides(make_probe: MakeProbe) -> None:
    """The sentence has the value that came and what was expected."""
    outcome = await ask(make_probe, {"X-Version": "v13"})

    assert outcome.error == 'the header X-Version is "v12", expected: is "v13"'


async def test_secrets_are_not_shown(make_probe: MakeProbe) -> None:
    """A header whose name is that of a secret keeps its value to itself."""
    outcome = await ask(make_probe, {"X-Api-Key": Secret("hunter3")})

    assert outcome.error_code == "header_mismatch"
    assert "hunter" not in repr(outcome)


@pytest.mark.parametrize(
    "value",
    [
        ["X-Version"],
        {"Bad Name": "x"},
        {"X": {}},
        {"X": {"exists": False, "equals": "x"}},
        {"X": {"regex": "("}},
        {"X": {"is": "x"}},
        {"X": 5},
        {"X": None},
    ],
)
def test_wrong_entries_are_refused(value: Any) -> None:
    """What cannot work is refused when the configuration is loaded."""
    with pytest.raises(vol.Invalid):
        expect_header(value)
