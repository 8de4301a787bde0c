"""Paths into JSON mean what RFC 9535 says."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from hypothesis import given, strategies as st
import pytest

from opsmonitor.exceptions import TransportError
from opsmonitor.util.json_path import MISSING, JsonPath, first_values, read_json

SUITE = "OPSMONITOR_JSONPATH_SUITE"
"""The environment variable that names the official compliance suite, if one wants it to run."""

_DOCUMENT = {
    "ok": True,
    "none": None,
    "queue": [{"id": 1, "age": 5.5}, {"id": 2, "age": 50}],
    "a.b": {"ü": "text", "": 0},
}


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("$", [_DOCUMENT]),
        ("$.ok", [True]),
        ("$.none", [None]),
        ("$.gone", []),
        ("$.queue[0].id", [1]),
        ("$.queue[-1].id", [2]),
        ("$.queue[2]", []),
        ("$.queue[*].id", [1, 2]),
        ("$.queue[0:1].age", [5.5]),
        ("$.queue[::-1].id", [2, 1]),
        ("$..id", [1, 2]),
        ("$['a.b']['ü']", ["text"]),
        ("$['a.b']['']", [0]),
        ("$.queue[?@.age > 10].id", [2]),
        ("$.queue[?@.age > 10 && @.id != 2]", []),
        ("$.queue[?length(@) == 2].id", [1, 2]),
        ("$[?search(@.ü, 'ex')].ü", ["text"]),
        ("$.queue[0, 0].id", [1, 1]),
    ],
)
def test_a_path_leads_to_values(path: str, values: list[Any]) -> None:
    """Names, indexes, slices, wildcards, descendants and filters select what they should."""
    assert list(JsonPath(path).values(_DOCUMENT)) == values


@pytest.mark.parametrize(
    "path",
    [
        "",
        "ok",
        ".ok",
        "$.",
        "$ ok",
        "$.queue[",
        "$.queue[01]",
        "$.queue[?@.id = 1]",
        "$.queue[?count(1)]",
        "$[?unknown(@)]",
        "$.a | $.b",
        "$" + "[?(" * 300,
        "$" + ".a" * 600,
    ],
)
def test_what_is_no_path_is_refused(path: str) -> None:
    """Dialects of other programs, and selectors that are too long, are errors at loading."""
    with pytest.raises(ValueError, match=r"JSONPath|characters"):
        JsonPath(path)


@pytest.mark.parametrize(
    ("document", "values"), [("text", ["text"]), ("[1]", ["[1]"]), (7, [7]), (None, [None])]
)
def test_a_document_can_be_a_single_value(document: Any, values: list[Any]) -> None:
    """A text is a value, and not a document to be read again."""
    assert list(JsonPath("$").values(document)) == values
    assert list(JsonPath("$..a").values(document)) == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "invalid_json"),
        (" \n", "invalid_json"),
        ("<html>", "invalid_json"),
        ('{"a": 1', "invalid_json"),
        ("1" * 10_000, "invalid_json"),
        ("[" * 100_000, "json_too_deep"),
        ('"' + "x" * (5 << 20) + '"', "body_too_large"),
    ],
)
def test_what_is_no_json_is_told(text: str, code: str) -> None:
    """Whatever a server sends instead of JSON has a code, and is no crash."""
    with pytest.raises(TransportError) as caught:
        read_json(text)

    assert caught.value.code == code


def test_the_place_of_the_mistake_is_told() -> None:
    """The sentence says where in the text it is."""
    with pytest.raises(TransportError) as caught:
        read_json('{\n"a": oops}')

    assert caught.value.message == "the body is not JSON: expecting value in line 2, column 6"


def test_a_byte_order_mark_does_not_matter() -> None:
    """Some programs begin their files with one."""
    assert read_json("\ufeff[1]") == [1]


def test_a_deep_document_is_no_crash() -> None:
    """Searching all descendants ends with an error when there are too many levels."""
    deep = "[" * 500 + "]" * 500

    with pytest.raises(TransportError) as caught:
        first_values(read_json(deep), [JsonPath("$..a")])

    assert caught.value.code == "json_too_deep"


def test_only_the_first_value_is_looked_for() -> None:
    """One value per path, in the order of the paths; one that is missing is not null."""
    paths = [JsonPath("$.queue[*].id"), JsonPath("$.gone"), JsonPath("$.none")]

    assert first_values(_DOCUMENT, paths) == (1, MISSING, None)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda child: st.lists(child, max_size=4) | st.dictionaries(st.text(), child, max_size=4),
    max_leaves=15,
)


# Half a surrogate pair is no text, and a path with one is refused.
_NAMES = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]), max_size=6)


@given(document=_JSON, name=_NAMES)
def test_a_quoted_name_selects_that_member(document: Any, name: str) -> None:
    """Any name can be written in a path, as JSON writes text."""
    quoted = json.dumps(name)[1:-1].replace('\\"', '"').replace("'", "\\'")

    values = list(JsonPath(f"$['{quoted}']").values({name: document, name + "x": 1}))

    assert values == [document]


@given(text=st.text(alphabet="$.[]'*?@:,()&|!=<>0123 abclength", max_size=25), document=_JSON)
def test_nothing_but_the_expected_errors(text: str, document: Any) -> None:
    """Whatever is typed is a path or refused, and any document can be searched."""
    try:
        path = JsonPath("$" + text)
    except ValueError:
        return

    list(path.values(document))


def test_the_official_suite_passes() -> None:
    """Every case of the compliance suite, where it is given, has the result it demands."""
    if SUITE not in os.environ:
        pytest.skip(f"{SUITE} does not name the suite")
    cases = json.loads(Path(os.environ[SUITE]).read_text("utf-8"))["tests"]

    wrong = [case["name"] for case in cases if not _passes(case)]

    assert len(cases) > 700
    assert wrong == []


def _passes(case: dict[str, Any]) -> bool:
    """Tell whether one case of the suite has its result."""
    try:
        path = JsonPath(case["selector"])
    except ValueError:
        return bool(case.get("invalid_selector"))
    results = case.get("results") or [case.get("result", MISSING)]
    return list(path.values(case["document"])) in results
