"""What is expected of JSON is judged strictly."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, strategies as st
import pytest
import voluptuous as vol

from opsmonitor.models.check import Assertion, Verdict
from opsmonitor.parts.json_predicate import PREDICATES, same
from opsmonitor.parts.json_rules import EXPECT_JSONPATH, json_rules
from opsmonitor.parts.rules import Finding
from opsmonitor.util.json_path import MISSING
from opsmonitor.util.secret import Secret

_NAN = float("nan")
_INFINITE = float("inf")


def judge(value: Any, *, path: str = "$.x", **predicates: Any) -> Finding:
    """Return what is found of a value at a path."""
    (rule,) = json_rules(EXPECT_JSONPATH([{"path": path, **predicates}]))
    return rule(value)


@pytest.mark.parametrize(
    ("predicate", "expected", "fine", "wrong"),
    [
        ("equals", "ok", ["ok"], ["OK", "", 1, None, ["ok"]]),
        ("equals", 1, [1, 1.0], [True, "1", 2, _NAN, [1]]),
        ("equals", 0, [0, -0.0], [False, None, "", "0"]),
        ("equals", True, [True], [1, 1.0, "true", False]),
        ("equals", None, [None], [0, False, "", [], {}]),
        ("equals", [1, {"a": None}], [[1, {"a": None}]], [[True, {"a": None}], [1], [1, {}]]),
        ("equals", {}, [{}], [[], None]),
        ("not_equals", "down", ["up", 1, None], ["down"]),
        ("not_equals", 1, [True, "1", 2], [1, 1.0]),
        ("lt", 10, [9, 9.99, -5], [10, 11, True, "5", None, [], _NAN, -_INFINITE]),
        ("lte", 10, [10, 10.0], [10.01, "10", False]),
        ("gt", 0.5, [0.9, 1, 10**30], [0.5, 0, True, "1", _NAN, _INFINITE]),
        ("gte", 1.5, [1.5, 2], [1.49, "2", {}]),
        ("matches", "^v[0-9]+$", ["v12"], ["v", "xv1", 12, None, ["v1"]]),
        ("matches", "(a+)+$", ["aaa"], ["a" * 50 + "b"]),
        ("contains", "ab", ["cabd", ["ab"], {"ab": 1}], ["ba", ["abc"], {"a": "ab"}, 5, None]),
        ("contains", 1, [[2, 1], [1.0]], [[True], ["1"], "1", {"1": 1}]),
        ("length", 2, ["ab", "äö", [1, 2], {"a": 1, "b": 2}], ["a", [], {}, 22, None, True]),
    ],
)
def test_each_predicate_is_strict(
    predicate: str, expected: Any, fine: list[Any], wrong: list[Any]
) -> None:
    """True is not 1, text is no number, and whatever is of another kind never passes."""
    passed = [value for value in fine if judge(value, **{predicate: expected}).trouble is None]
    failed = [value for value in wrong if judge(value, **{predicate: expected}).trouble]

    assert passed == fine
    assert list(map(repr, failed)) == list(map(repr, wrong))


@pytest.mark.parametrize(
    "predicates",
    [
        {"equals": None},
        {"not_equals": "down"},
        {"lt": 50},
        {"contains": ""},
        {"matches": ""},
        {"length": 0},
        {"exists": True},
    ],
)
def test_a_missing_value_never_passes(predicates: dict[str, Any]) -> None:
    """No value at a path is a failure that says so, whatever was expected there."""
    finding = judge(MISSING, path="$.queue.depth", **predicates)

    assert finding.trouble is not None
    assert finding.trouble.verdict is Verdict.FAIL
    assert finding.trouble.code == "jsonpath_missing"
    assert finding.trouble.message == "no value at $.queue.depth"


def test_absence_can_be_expected() -> None:
    """`exists: false` is fine without a value, and not with null."""
    assert judge(MISSING, exists=False).trouble is None
    assert judge(None, exists=False).trouble is not None
    assert judge(None, exists=True).trouble is None


@pytest.mark.parametrize(
    ("value", "predicates", "message"),
    [
        (503, {"equals": 200}, "$.x is 503, expected to be 200"),
        ("50", {"lt": 100}, '$.x is "50", which is not a number, expected less than 100'),
        (True, {"gte": 1}, "$.x is true, which is not a number, expected at least 1"),
        ([1], {"length": 2}, "$.x is a list of 1 items, which has the length 1, expected the"),
        (7, {"gt": 1, "lt": 5}, "$.x is 7, expected less than 5"),
        (None, {"matches": "a"}, "$.x is null, which is not text, expected to match /a/"),
    ],
)
def test_the_sentence_shows_both_sides(
    value: Any, predicates: dict[str, Any], message: str
) -> None:
    """What was found and what was expected stand beside each other."""
    finding = judge(value, **predicates)

    assert finding.trouble is not None
    assert finding.trouble.message.startswith(message)


def test_what_is_fine_is_shown_too() -> None:
    """The assertion has the value that was seen."""
    finding = judge(0.25, lt=1)

    assert finding.assertion == Assertion(name="$.x: expected less than 1", ok=True, actual="0.25")


def test_secrets_are_not_shown() -> None:
    """Neither the expected secret, nor a value whose name is that of one, nor one sent along."""
    expected = judge("other", equals=Secret("hunter2"))
    named = judge("hunter3", path="$.api_token", equals="x")
    (rule,) = json_rules(EXPECT_JSONPATH([{"path": "$.x", "equals": "y"}]), ["hunter4"])
    sent_back = rule("it is hunter4")

    assert judge("hunter2", equals=Secret("hunter2")).trouble is None
    assert "the secret value" in repr(expected)
    assert "hunter" not in repr((expected, named, sent_back))


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"path": "$.x"},
        {"equals": 1},
        {"path": "x", "equals": 1},
        {"path": "$.x[", "equals": 1},
        {"path": "$" + ".a" * 600, "equals": 1},
        {"path": "$.x", "lt": "5"},
        {"path": "$.x", "lt": True},
        {"path": "$.x", "lt": _NAN},
        {"path": "$.x", "matches": "("},
        {"path": "$.x", "length": -1},
        {"path": "$.x", "exists": "yes"},
        {"path": "$.x", "exists": False, "equals": 1},
        {"path": "$.x", "equals": {1, 2}},
        {"path": "$.x", "equal": 1},
        "$.x",
    ],
)
def test_wrong_entries_are_refused(entry: Any) -> None:
    """What cannot work is refused when the configuration is loaded, with its place."""
    with pytest.raises(vol.Invalid) as caught:
        EXPECT_JSONPATH([{"path": "$", "exists": True}, entry])

    assert caught.value.path[0] == 1


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda child: st.lists(child, max_size=4) | st.dictionaries(st.text(), child, max_size=4),
    max_leaves=10,
)


@given(value=_JSON, expected=_JSON.filter(lambda value: "nan" not in repr(value).lower()))
def test_judging_never_raises(value: Any, expected: Any) -> None:
    """Any value gets a finding that can be written, whatever is expected of it."""
    usable = {
        name: expected
        for name, (validate, _, _) in PREDICATES.items()
        if _is_accepted(validate, expected)
    }
    findings = [judge(value, **{name: wanted}) for name, wanted in usable.items()]

    json.dumps([finding.assertion.actual for finding in findings]).encode()
    "".join(finding.assertion.actual for finding in findings).encode()


def _is_accepted(validate: Any, value: Any) -> bool:
    """Tell whether a predicate takes a value."""
    try:
        validate(value)
    except vol.Invalid:
        return False
    return True


@given(one=_JSON, other=_JSON)
def test_sameness_goes_both_ways(one: Any, other: Any) -> None:
    """Equality is symmetric, and agrees with a copy of itself unless there is NaN in it."""
    assert same(one, other) is same(other, one)
    if "nan" not in repr(one).lower():
        assert same(one, json.loads(json.dumps(one)))
