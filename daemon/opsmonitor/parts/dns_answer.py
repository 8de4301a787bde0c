"""Which records are expected in the answer of a name server."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
import re
from typing import Any, Final, TypeAlias

import voluptuous as vol

from opsmonitor.config import validators as cv
from opsmonitor.models.check import Assertion, Verdict
from opsmonitor.parts.dns_record import expected_text
from opsmonitor.parts.fields import optional, regex
from opsmonitor.parts.rules import Finding, Trouble
from opsmonitor.util.bounded_regex import search

ValuesRule: TypeAlias = Callable[[Sequence[str]], Finding]

_MAX_SHOWN: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerExpectation:
    """The `expect` key of a DNS check."""

    equals: tuple[str, ...] = ()
    """Exactly these records, in any order."""
    contains: tuple[str, ...] = ()
    """These records, whatever else there is."""
    regex: re.Pattern[str] | None = None
    """Found in one of the records at least."""


def _texts(value: Any) -> tuple[str, ...]:
    """Accept one text or a list of texts."""
    return cv.list_of(cv.text)(value if isinstance(value, list) else [value])


def _expectation(value: Mapping[str, Any]) -> AnswerExpectation:
    """Return the expectation."""
    return AnswerExpectation(**value)


EXPECT: Final = vol.All(
    {
        vol.Optional("equals"): _texts,
        vol.Optional("contains"): _texts,
        vol.Optional("regex"): optional(regex),
    },
    _expectation,
)


def answer_rules(expected: AnswerExpectation, record_type: str) -> tuple[ValuesRule, ...]:
    """Return one rule for each expectation.

    Raises:
        ValueError: No record of this type can have a value that is expected.

    """
    rules: list[ValuesRule] = []
    if expected.equals:
        rules.append(_equals({expected_text(record_type, text) for text in expected.equals}))
    rules += [_contains(expected_text(record_type, text)) for text in expected.contains]
    if expected.regex is not None:
        rules.append(_matches(expected.regex))
    return tuple(rules)


def shown(values: Sequence[str]) -> str:
    """Return records for people, not too many."""
    more = "" if len(values) <= _MAX_SHOWN else f" and {len(values) - _MAX_SHOWN} more"
    return ", ".join(values[:_MAX_SHOWN]) + more


def _equals(wanted: set[str]) -> ValuesRule:
    """Return the rule that exactly these records are answered."""
    names = shown(sorted(wanted))

    def rule(values: Sequence[str]) -> Finding:
        """Compare."""
        return _finding(f"records are {names}", values, ok=set(values) == wanted, wanted=names)

    return rule


def _contains(wanted: str) -> ValuesRule:
    """Return the rule that a record is among those answered."""

    def rule(values: Sequence[str]) -> Finding:
        """Look for the record."""
        name = f"records contain {wanted}"
        return _finding(name, values, ok=wanted in values, wanted=f"{wanted} among them")

    return rule


def _matches(pattern: re.Pattern[str]) -> ValuesRule:
    """Return the rule that a regular expression is found in one of the records."""
    name = f"a record matches /{pattern.pattern}/"

    def rule(values: Sequence[str]) -> Finding:
        """Search one record after the other, each for a limited time."""
        found = any(search(pattern, value) for value in values)
        return _finding(name, values, ok=found, wanted=f"one that matches /{pattern.pattern}/")

    return rule


def _finding(name: str, values: Sequence[str], *, ok: bool, wanted: str) -> Finding:
    """Return what was seen, and what was expected instead."""
    assertion = Assertion(name=name, ok=ok, actual=shown(values))
    if ok:
        return Finding(assertion)
    message = f"answered {shown(values)}, expected {wanted}"
    return Finding(assertion, Trouble(Verdict.FAIL, "unexpected_answer", message))
