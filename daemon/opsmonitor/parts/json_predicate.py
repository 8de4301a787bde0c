"""What is expected of one value in JSON."""

from __future__ import annotations

from collections.abc import Callable
import json
import math
import operator
import re
from typing import Any, Final, TypeAlias

import voluptuous as vol

from opsmonitor.config import validators as cv
from opsmonitor.parts.fields import regex
from opsmonitor.util.bounded_regex import search
from opsmonitor.util.secret import Secret

Test: TypeAlias = Callable[[Any], str | None]
"""Returns None when a value is as expected, else what is odd about it; often nothing is."""

LARGEST: Final = 1e308
_FINE: Final = None
_OTHER: Final = ""


def json_value(value: Any) -> Any:
    """Accept anything that JSON can hold, secrets in it included."""
    try:
        json.dumps(revealed(value), allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise vol.Invalid("expected a value that JSON can hold") from None
    return value


def revealed(value: Any) -> Any:
    """Return a value with its secrets as plain text."""
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, dict):
        return {key: revealed(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [revealed(item) for item in value]
    return value


def same(one: Any, other: Any) -> bool:
    """Tell whether two values are the same in JSON: true is not 1, but 1.0 is."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def _equals(wanted: Any) -> Test:
    """Return the test that a value is this one."""
    plain = revealed(wanted)
    return lambda value: _FINE if same(value, plain) else _OTHER


def _not_equals(unwanted: Any) -> Test:
    """Return the test that a value is not this one."""
    plain = revealed(unwanted)
    return lambda value: _OTHER if same(value, plain) else _FINE


def _comparison(compare: Callable[[Any, Any], bool]) -> Callable[[float], Test]:
    """Return what makes tests that compare with a number."""

    def make(limit: float) -> Test:
        """Return the test against one limit."""

        def test(value: Any) -> str | None:
            """Compare numbers; text that looks like one is none, and neither is true."""
            if isinstance(value, bool) or not isinstance(value, int | float):
                return "is not a number"
            if isinstance(value, float) and not math.isfinite(value):
                return "is not a finite number"
            return _FINE if compare(value, limit) else _OTHER

        return test

    return make


def _matches(pattern: re.Pattern[str]) -> Test:
    """Return the test that a regular expression is found in a text."""

    def test(value: Any) -> str | None:
        """Search, for a limited time."""
        if not isinstance(value, str):
            return "is not text"
        found = search(pattern, value)
        if found is None:
            return "cannot be searched in time: make the regular expression simpler"
        return _FINE if found else _OTHER

    return test


def _contains(wanted: Any) -> Test:
    """Return the test that a text has this part, a list this item, or an object this key."""
    plain = revealed(wanted)

    def test(value: Any) -> str | None:
        """Look for it."""
        if isinstance(value, list):
            return _FINE if any(same(item, plain) for item in value) else _OTHER
        if isinstance(value, str | dict):
            return _FINE if isinstance(plain, str) and plain in value else _OTHER
        return "is neither text, list nor object"

    return test


def _length(wanted: int) -> Test:
    """Return the test that a text, list or object has so many characters, items or keys."""

    def test(value: Any) -> str | None:
        """Count."""
        if not isinstance(value, str | list | dict):
            return "has no length"
        return _FINE if len(value) == wanted else f"has the length {len(value)}"

    return test


_number: Final = cv.number(at_least=-LARGEST, at_most=LARGEST)
_count: Final = cv.whole_number(at_least=0, at_most=1_000_000_000)

PREDICATES: Final[dict[str, tuple[Callable[[Any], Any], Callable[[Any], Test], str]]] = {
    "equals": (json_value, _equals, "to be {}"),
    "not_equals": (json_value, _not_equals, "not to be {}"),
    "lt": (_number, _comparison(operator.lt), "less than {}"),
    "lte": (_number, _comparison(operator.le), "at most {}"),
    "gt": (_number, _comparison(operator.gt), "more than {}"),
    "gte": (_number, _comparison(operator.ge), "at least {}"),
    "matches": (regex, _matches, "to match {}"),
    "contains": (json_value, _contains, "to contain {}"),
    "length": (_count, _length, "the length {}"),
}
"""By name: how the expected value is validated, what tests it, and how that is said."""
