"""What the headers of an answer must say."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
import re
from typing import Any, Final, TypeAlias

from multidict import CIMultiDictProxy
import voluptuous as vol

from opsmonitor.config import validators as cv
from opsmonitor.models.check import Assertion, Verdict
from opsmonitor.parts.body import excerpt, needle, shortened
from opsmonitor.parts.fields import optional, regex, text_or_secret
from opsmonitor.parts.rules import Finding, Trouble
from opsmonitor.util.bounded_regex import search
from opsmonitor.util.redact import is_secret_name
from opsmonitor.util.secret import REDACTED, Secret

HeaderRule: TypeAlias = Callable[[CIMultiDictProxy[str]], Finding]
_Test: TypeAlias = Callable[[str], bool]

_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderExpectation:
    """One entry of the `expect_header` key."""

    name: str
    equals: Secret | str | None = field(default=None, repr=False)
    contains: Secret | str | None = field(default=None, repr=False)
    regex: re.Pattern[str] | None = field(default=None, repr=False)
    exists: bool | None = None


def _expectation(name: str, value: Any) -> HeaderExpectation:
    """Accept a text that the header must be, or what else is expected of it."""
    keys = value if isinstance(value, dict) else {"equals": value}
    given: dict[str, Any] = {
        key: wanted for key, wanted in _KEYS(keys).items() if wanted is not None
    }
    if not given:
        raise vol.Invalid("expected one of equals, contains, regex, exists")
    if given.get("exists") is False and len(given) > 1:
        raise vol.Invalid("nothing else can be expected of a header that must not exist")
    return HeaderExpectation(name=name, **given)


def expect_header(value: Any) -> tuple[HeaderExpectation, ...]:
    """Accept names of headers with what is expected of each."""
    if not isinstance(value, Mapping):
        raise vol.Invalid("expected headers, such as {Content-Type: application/json}")
    expectations: list[HeaderExpectation] = []
    for name, wanted in value.items():
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise vol.Invalid("not a header name", path=[name])
        try:
            expectations.append(_expectation(name, wanted))
        except vol.Invalid as err:
            err.prepend([name])
            raise
    return tuple(expectations)


_KEYS: Final = vol.Schema(
    {
        vol.Optional("equals"): optional(text_or_secret),
        vol.Optional("contains"): optional(text_or_secret),
        vol.Optional("regex"): optional(regex),
        vol.Optional("exists"): optional(cv.boolean),
    }
)


def header_rules(
    expected: Collection[HeaderExpectation], secrets: Collection[str] = ()
) -> tuple[HeaderRule, ...]:
    """Return one rule for each header; what it shows hides these secrets."""
    return tuple(_rule(expectation, secrets) for expectation in expected)


def _rule(expectation: HeaderExpectation, secrets: Collection[str]) -> HeaderRule:
    """Return the rule on one header; of several with this name, one must fit."""
    header = expectation.name
    test, words = _test(expectation)
    must_be_absent = expectation.exists is False
    name = f"header {header} {words}"

    def rule(headers: CIMultiDictProxy[str]) -> Finding:
        """Judge the headers of an answer."""
        values = headers.getall(header, [])
        ok = not values if must_be_absent else any(map(test, values))
        assertion = Assertion(name=name, ok=ok, actual=_shown(header, values, secrets))
        if ok:
            return Finding(assertion)
        if not values:
            trouble = Trouble(Verdict.FAIL, "header_missing", f"the header {header} is missing")
        else:
            message = f"the header {header} is {assertion.actual}, expected: {words}"
            trouble = Trouble(Verdict.FAIL, "header_mismatch", message)
        return Finding(assertion, trouble)

    return rule


def _test(expectation: HeaderExpectation) -> tuple[_Test, str]:
    """Return the test of one value, and how it is said."""
    tests: list[_Test] = []
    words: list[str] = []
    if expectation.equals is not None:
        equal, shown = needle(expectation.equals)
        tests.append(lambda value: value == equal)
        words.append(f"is {shown}")
    if expectation.contains is not None:
        part, shown = needle(expectation.contains)
        tests.append(lambda value: part in value)
        words.append(f"contains {shown}")
    pattern = expectation.regex
    if pattern is not None:
        tests.append(lambda value: bool(search(pattern, value)))
        words.append(f"matches /{shortened(pattern.pattern)}/")
    if not words:
        words.append("does not exist" if expectation.exists is False else "exists")
    return lambda value: all(test(value) for test in tests), " and ".join(words)


def _shown(header: str, values: list[str], secrets: Collection[str]) -> str:
    """Return the values for people."""
    if not values:
        return "missing"
    if is_secret_name(header):
        return REDACTED
    return ", ".join(excerpt(value, secrets) for value in values[:3])
