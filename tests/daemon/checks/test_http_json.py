"""HTTP checks that look into the JSON of an answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from opsmonitor.checks.http import CHECK
from opsmonitor.models.check import Outcome, Verdict
from tests.daemon.checks.conftest import MakeProbe
from tests.daemon.targets import http_answer, serve

_HEALTH = {"ok": True, "latency_ms": 12.5, "queue": [{"depth": 3}, {"depth": 99}]}
_PATIENCE_S = 4.0


async def ask(make_probe: MakeProbe, body: Any, *expected: dict[str, Any], **keys: Any) -> Outcome:
    """Return the outcome of a check on this body."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with serve(http_answer(raw)) as port:
        url = f"http://127.0.0.1:{port}/"
        return await make_probe(CHECK, url=url, expect_jsonpath=list(expected), **keys)()


async def test_all_that_is_expected_must_hold(make_probe: MakeProbe) -> None:
    """Each path is judged and shown; the first match of a path decides."""
    outcome = await ask(
        make_probe,
        _HEALTH,
        {"path": "$.ok", "equals": True},
        {"path": "$.latency_ms", "lt": 100},
        {"path": "$.queue[*].depth", "lte": 3},
    )

    assert outcome.verdict is Verdict.OK
    assert [assertion.actual for assertion in outcome.assertions] == ["200", "true", "12.5", "3"]


@pytest.mark.parametrize(
    ("expected", "code"),
    [
        ({"path": "$.ok", "equals": 1}, "jsonpath_mismatch"),
        ({"path": "$.queue_depth", "lt": 50}, "jsonpath_missing"),
        ({"path": "$.queue[?@.depth > 50]", "exists": False}, "jsonpath_mismatch"),
        ({"path": "$.queue", "length": 2}, None),
    ],
)
async def test_what_does_not_fit_fails(
    make_probe: MakeProbe, expected: dict[str, Any], code: str | None
) -> None:
    """A value that differs, or is not there, is a failure with its own code."""
    outcome = await ask(make_probe, _HEALTH, expected)

    assert outcome.error_code == code


@pytest.mark.parametrize(
    ("body", "keys", "code"),
    [
        (b"", {}, "invalid_json"),
        (b"<html>502</html>", {}, "invalid_json"),
        (_HEALTH, {"max_body_bytes": 10}, "body_too_large"),
        (b"[" * 50_000, {}, "json_too_deep"),
    ],
)
async def test_a_body_that_cannot_be_searched_is_told(
    make_probe: MakeProbe, body: Any, keys: dict[str, Any], code: str
) -> None:
    """No JSON, half of it, or too much of it is not a value that is missing."""
    outcome = await ask(make_probe, body, {"path": "$.ok", "equals": True}, **keys)

    assert (outcome.verdict, outcome.error_code) == (Verdict.FAIL, code)


async def test_the_status_speaks_first(make_probe: MakeProbe) -> None:
    """An error page that is no JSON is told by its status."""
    async with serve(http_answer(b"<html>", status="502 Bad Gateway")) as port:
        outcome = await make_probe(
            CHECK,
            url=f"http://127.0.0.1:{port}/",
            expect_jsonpath=[{"path": "$", "exists": True}],
        )()

    assert outcome.error_code == "status_unexpected"


async def test_a_large_body_is_searched_beside_the_event_loop(make_probe: MakeProbe) -> None:
    """A body beyond 256 KiB gives the same answer as a small one."""
    body = {"fill": ["x" * 100] * 5000, **_HEALTH}

    outcome = await ask(make_probe, body, {"path": "$.queue[1].depth", "equals": 99})

    assert outcome.verdict is Verdict.OK


async def test_a_path_that_takes_too_long_is_given_up(make_probe: MakeProbe) -> None:
    """A search that multiplies ends in time, and holds up nothing else for long."""
    body = [[[[0] * 12] * 12] * 12] * 12
    outcome = await ask(
        make_probe, body, {"path": "$..*..*..*..*..x", "exists": True}, timeout_s=_PATIENCE_S
    )

    assert outcome.error_code == "jsonpath_too_slow"
