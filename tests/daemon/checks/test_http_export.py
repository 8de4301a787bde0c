"""HTTP checks that show values of the JSON of an answer."""

from __future__ import annotations

import json
from typing import Any

import pytest
import voluptuous as vol

from opsmonitor.checks.http import CHECK
from opsmonitor.models.check import Outcome, Verdict
from opsmonitor.models.export import EXPORTED
from opsmonitor.parts.export import LONGEST, MOST, json_exports
from opsmonitor.util.secret import REDACTED
from tests.daemon.checks.conftest import MakeProbe
from tests.daemon.targets import http_answer, serve

_BODY = {
    "ok": True,
    "temperature": 21.5,
    "queue": [{"depth": 3}, {"depth": 99}],
    "version": "2.1.0",
    "text": " a\nlong\x1b[31m text ",
    "number": " 17.5 ",
    "nothing": None,
    "token": "abcdef",
    "tokens": 12,
    "huge": 10**400,
}


async def ask(make_probe: MakeProbe, body: Any, *wanted: dict[str, Any], **keys: Any) -> Outcome:
    """Return the outcome of a check on this body."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with serve(http_answer(raw)) as port:
        url = f"http://127.0.0.1:{port}/"
        return await make_probe(CHECK, url=url, export=list(wanted), **keys)()


async def test_values_are_shown_by_the_key_of_their_name(make_probe: MakeProbe) -> None:
    """Numbers, texts and truth values are shown as they are; the first match of a path counts."""
    outcome = await ask(
        make_probe,
        _BODY,
        {"name": "Büro (außen)", "path": "$.temperature", "unit": "°C"},
        {"name": "Queue", "path": "$.queue[*].depth"},
        {"name": "Version", "path": "$.version"},
        {"name": "OK", "path": "$.ok"},
    )

    assert outcome.verdict is Verdict.OK
    assert outcome.data == {
        EXPORTED: {"buro-aussen": 21.5, "queue": 3, "version": "2.1.0", "ok": True}
    }


@pytest.mark.parametrize(
    ("wanted", "shown"),
    [
        ({"path": "$.text"}, "a long [31m text"),
        ({"path": "$.number"}, "17.5"),
        ({"path": "$.number", "unit": "W"}, 17.5),
        ({"path": "$.version", "precision": 1}, None),
        ({"path": "$.ok", "state_class": "measurement"}, None),
        ({"path": "$.nothing"}, None),
        ({"path": "$.queue"}, None),
        ({"path": "$.gone"}, None),
        ({"path": "$.token"}, REDACTED),
        ({"path": "$.tokens"}, 12),
        ({"path": "$.huge"}, None),
    ],
)
async def test_what_cannot_be_shown_is_unknown(
    make_probe: MakeProbe, wanted: dict[str, Any], shown: object
) -> None:
    """What is no single value, or no number where one is meant, is unknown; that is no failure."""
    outcome = await ask(make_probe, _BODY, {"name": "It", **wanted})

    assert (outcome.verdict, outcome.data[EXPORTED]) == (Verdict.OK, {"it": shown})


async def test_a_long_text_is_cut_off(make_probe: MakeProbe) -> None:
    """No text is longer than Home Assistant keeps one."""
    outcome = await ask(make_probe, {"it": "x" * 5000}, {"name": "It", "path": "$.it"})

    assert outcome.data[EXPORTED] == {"it": "x" * LONGEST}


@pytest.mark.parametrize("body", [b"<html>", b"", b"[" * 50_000])
async def test_a_body_without_json_is_no_failure(make_probe: MakeProbe, body: bytes) -> None:
    """The value is unknown; whether there must be JSON is what `expect_jsonpath` is for."""
    outcome = await ask(make_probe, body, {"name": "It", "path": "$.it"})

    assert (outcome.verdict, outcome.data[EXPORTED]) == (Verdict.OK, {"it": None})


@pytest.mark.parametrize("fill", [[], ["x" * 100] * 5000])
async def test_rules_and_values_share_the_body(make_probe: MakeProbe, fill: list[str]) -> None:
    """A check that fails shows its values all the same, be the body small or large."""
    outcome = await ask(
        make_probe,
        {**_BODY, "fill": fill},
        {"name": "Queue", "path": "$.queue[1].depth"},
        expect_jsonpath=[{"path": "$.ok", "equals": True}, {"path": "$.version", "equals": "3"}],
    )

    assert (outcome.verdict, outcome.error_code) == (Verdict.FAIL, "jsonpath_mismatch")
    assert outcome.data[EXPORTED] == {"queue": 99}


async def test_a_slow_path_of_a_value_fails_nothing(make_probe: MakeProbe) -> None:
    """A search that multiplies is given up; what is expected was judged before."""
    outcome = await ask(
        make_probe,
        {"ok": True, "deep": [[[[0] * 12] * 12] * 12] * 12},
        {"name": "It", "path": "$..*..*..*..*..x"},
        expect_jsonpath=[{"path": "$.ok", "equals": True}],
    )

    assert (outcome.verdict, outcome.data[EXPORTED]) == (Verdict.OK, {"it": None})


async def test_without_an_answer_nothing_is_known(make_probe: MakeProbe) -> None:
    """Values of before are not passed off as those of now."""
    async with serve(http_answer(b"")) as port:
        pass
    wanted = {"name": "It", "path": "$.it"}

    outcome = await make_probe(CHECK, url=f"http://127.0.0.1:{port}/", export=[wanted])()

    assert (outcome.verdict, dict(outcome.data)) == (Verdict.FAIL, {})


@pytest.mark.parametrize(
    ("entries", "path", "message"),
    [
        ([{"path": "$.a"}], [0, "name"], "required"),
        ([{"name": "A"}], [0, "path"], "required"),
        ([{"name": "…", "path": "$"}], [0, "name"], "letters or digits"),
        ([{"name": "A", "path": "a"}], [0, "path"], "begins with \\$"),
        ([{"name": "A", "path": "$", "device_class": "a b"}], [0, "device_class"], "temperature"),
        ([{"name": "A", "path": "$", "state_class": "x"}], [0, "state_class"], "total_increasing"),
        ([{"name": "A", "path": "$", "precision": 11}], [0, "precision"], "from 0 to 10"),
        ([{"name": "A", "path": "$", "unit": "x" * 21}], [0, "unit"], "at most 20"),
        ([{"name": "A b", "path": "$"}, {"name": "a-B", "path": "$"}], [1, "name"], "a-b"),
        ([{"name": f"A{n}", "path": "$"} for n in range(MOST + 1)], [], "at most 20 values"),
        ("all", [], "expected a list"),
    ],
)
def test_mistakes_are_told_with_their_place(entries: Any, path: list[Any], message: str) -> None:
    """Each entry needs a name of its own and a path; there are limits."""
    with pytest.raises(vol.Invalid, match=message) as caught:
        json_exports(entries)

    errors = getattr(caught.value, "errors", [caught.value])
    assert [error.path for error in errors] == [path]
