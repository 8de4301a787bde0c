"""What the JSON of an answer must say: paths into it, and what is expected there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
import json
import re
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeAlias

import voluptuous as vol

from opsmonitor.config import validators as cv
from opsmonitor.exceptions import TransportError
from opsmonitor.models.check import Assertion, Verdict
from opsmonitor.parts.body import excerpt, shortened
from opsmonitor.parts.json_predicate import PREDICATES, Test, revealed
from opsmonitor.parts.rules import Finding, Trouble
from opsmonitor.util.json_path import MISSING, JsonPath
from opsmonitor.util.redact import is_secret_name
from opsmonitor.util.secret import REDACTED

JsonRule: TypeAlias = Callable[[Any], Finding]


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonExpectation:
    """One entry of the `expect_jsonpath` key."""

    path: JsonPath
    exists: bool | None = None
    predicates: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    """By the name of the predicate, what is expected."""


def json_path(value: Any) -> JsonPath:
    """Accept a path of RFC 9535."""
    try:
        return JsonPath(cv.text(value).strip())
    except ValueError as err:
        raise vol.Invalid(str(err)) from err


def _expectation(value: Any) -> JsonExpectation:
    """Accept a path and at least one predicate."""
    keys: dict[str, Any] = _KEYS(value)
    path, exists = keys.pop("path"), keys.pop("exists", None)
    if exists is None and not keys:
        raise vol.Invalid(f"expected one of {', '.join(PREDICATES)}, exists beside the path")
    if exists is False and keys:
        raise vol.Invalid("nothing else can be expected of a value that must not exist")
    return JsonExpectation(path=path, exists=exists, predicates=keys)


_ENTRY: Final[dict[Any, Any]] = {
    vol.Required("path"): json_path,
    vol.Optional("exists"): cv.boolean,
    **{vol.Optional(name): validate for name, (validate, _, _) in PREDICATES.items()},
}
_KEYS: Final = vol.Schema(_ENTRY)
EXPECT_JSONPATH: Final = cv.list_of(_expectation)


def json_rules(
    expected: Sequence[JsonExpectation], secrets: Collection[str] = ()
) -> tuple[JsonRule, ...]:
    """Return one rule for each expectation, for the first value at its path."""
    return tuple(_rule(expectation, secrets) for expectation in expected)


def unreadable(error: TransportError) -> Finding:
    """Return that a body could not be searched at all."""
    return Finding(
        Assertion(name="JSON", ok=False, actual="unreadable"),
        Trouble(Verdict.FAIL, error.code, error.message),
    )


class _Predicate(NamedTuple):
    """One predicate of a rule, ready to use."""

    test: Test
    words: str


def _rule(expectation: JsonExpectation, secrets: Collection[str]) -> JsonRule:
    """Return the rule on one path."""
    path = expectation.path.text
    shown_path = shortened(path)
    predicates = [_predicate(name, value) for name, value in expectation.predicates.items()]
    must_be_absent = expectation.exists is False
    words = " and ".join(predicate.words for predicate in predicates)
    name = shown_path + (f": expected {words}" if words else " exists")
    hidden = is_secret_name(path)

    def rule(value: Any) -> Finding:
        """Judge the value at the path, or that there is none."""
        if value is MISSING:
            return _absent(shown_path, name, ok=must_be_absent)
        actual = REDACTED if hidden else _shown(value, secrets)
        if must_be_absent:
            trouble = f"there is a value at {shown_path}: {actual}"
            return _mismatch(f"{shown_path} does not exist", actual, trouble)
        for predicate in predicates:
            oddity = predicate.test(value)
            if oddity is not None:
                odd = f", which {oddity}" if oddity else ""
                message = f"{shown_path} is {actual}{odd}, expected {predicate.words}"
                return _mismatch(name, actual, message)
        return Finding(Assertion(name=name, ok=True, actual=actual))

    return rule


def _predicate(name: str, value: Any) -> _Predicate:
    """Return the predicate with its expected value."""
    _, make, words = PREDICATES[name]
    return _Predicate(make(value), words.format(_expected(value)))


def _absent(path: str, name: str, *, ok: bool) -> Finding:
    """Return that there is no value: that is never as good as one that fits."""
    if ok:
        return Finding(Assertion(name=f"{path} does not exist", ok=True, actual="no value"))
    trouble = Trouble(Verdict.FAIL, "jsonpath_missing", f"no value at {path}")
    return Finding(Assertion(name=name, ok=False, actual="no value"), trouble)


def _mismatch(name: str, actual: str, message: str) -> Finding:
    """Return that a value is another one than expected."""
    trouble = Trouble(Verdict.FAIL, "jsonpath_mismatch", message)
    return Finding(Assertion(name=name, ok=False, actual=actual), trouble)


def _expected(value: Any) -> str:
    """Return an expected value for people."""
    if isinstance(value, re.Pattern):
        return f"/{shortened(value.pattern)}/"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    plain = revealed(value)
    if plain != value and not isinstance(value, tuple):
        return "the secret value"
    return shortened(json.dumps(plain, ensure_ascii=False))


def _shown(value: Any, secrets: Collection[str]) -> str:
    """Return a value that was found for people: short, on one line, without secrets."""
    match value:
        case dict():
            return f"an object with {len(value)} keys"
        case list():
            return f"a list of {len(value)} items"
        case str():
            return excerpt(value, secrets) if value else '""'
        case _:
            return shortened(json.dumps(value))
