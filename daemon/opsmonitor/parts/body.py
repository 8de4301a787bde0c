"""What the body of an answer must and must not contain."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
import re
from typing import Any, Final, NamedTuple, TypeAlias

import voluptuous as vol

from opsmonitor.config import validators as cv
from opsmonitor.models.check import Assertion, Verdict
from opsmonitor.parts.fields import optional, regex, text_or_secret
from opsmonitor.parts.rules import Finding, Trouble
from opsmonitor.util.bounded_regex import MAX_TEXT, search
from opsmonitor.util.redact import redact_text
from opsmonitor.util.secret import Secret

_MAX_SHOWN: Final = 80
_MAX_LOOKED_AT: Final = 2000


class Body(NamedTuple):
    """A body as text."""

    text: str
    truncated: bool


BodyRule: TypeAlias = Callable[[Body], Finding]


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyExpectation:
    """The `expect_body` key."""

    contains: tuple[Secret | str, ...] = field(default=(), repr=False)
    not_contains: tuple[Secret | str, ...] = field(default=(), repr=False)
    regex: re.Pattern[str] | None = field(default=None, repr=False)


def _texts(value: Any) -> tuple[Secret | str, ...]:
    """Accept one text or a list of texts."""
    if isinstance(value, list):
        return cv.list_of(text_or_secret)(value)
    return () if value is None else (text_or_secret(value),)


def _expectation(value: Mapping[str, Any]) -> BodyExpectation:
    """Return the expectation."""
    return BodyExpectation(**value)


EXPECT_BODY: Final = vol.All(
    {
        vol.Optional("contains"): _texts,
        vol.Optional("not_contains"): _texts,
        vol.Optional("regex"): optional(regex),
    },
    _expectation,
)


def body_rules(expected: BodyExpectation, secrets: Collection[str] = ()) -> tuple[BodyRule, ...]:
    """Return one rule for each expectation; what it shows of a body hides these secrets."""
    rules = [_contains(text, secrets) for text in expected.contains]
    rules += [_not_contains(text) for text in expected.not_contains]
    if expected.regex is not None:
        rules.append(_matches(expected.regex, secrets))
    return tuple(rules)


def _contains(expected: Secret | str, secrets: Collection[str]) -> BodyRule:
    """Return the rule that a text is in the body."""
    wanted, shown = needle(expected)
    name = f"body contains {shown}"

    def rule(body: Body) -> Finding:
        """Look for the text."""
        if wanted in body.text:
            return Finding(Assertion(name=name, ok=True, actual="found"))
        if body.truncated:
            return _too_large(name, f"the part that was read does not contain {shown}")
        return _missed(name, f"the body does not contain {shown}", body, secrets)

    return rule


def _not_contains(unwanted: Secret | str) -> BodyRule:
    """Return the rule that a text is not in the body."""
    wanted, shown = needle(unwanted)
    name = f"body does not contain {shown}"

    def rule(body: Body) -> Finding:
        """Look for the text; in a body that is cut off, it cannot be ruled out."""
        if wanted in body.text:
            trouble = Trouble(Verdict.FAIL, "body_mismatch", f"the body contains {shown}")
            return Finding(Assertion(name=name, ok=False, actual="found"), trouble)
        if body.truncated:
            return _too_large(name, f"whether it contains {shown} is not known")
        return Finding(Assertion(name=name, ok=True, actual="not found"))

    return rule


def _matches(pattern: re.Pattern[str], secrets: Collection[str]) -> BodyRule:
    """Return the rule that a regular expression is found in the body."""
    shown = f"/{shortened(pattern.pattern)}/"
    name = f"body matches {shown}"

    def rule(body: Body) -> Finding:
        """Search for the pattern, for a limited time in a limited part."""
        found = search(pattern, body.text)
        if found:
            return Finding(Assertion(name=name, ok=True, actual="found"))
        if found is None:
            message = f"the regular expression {shown} takes too long: make it simpler"
            trouble = Trouble(Verdict.FAIL, "regex_too_slow", message)
            return Finding(Assertion(name=name, ok=False, actual="gave up"), trouble)
        if body.truncated or len(body.text) > MAX_TEXT:
            return _too_large(name, f"the part that was searched does not match {shown}")
        return _missed(name, f"the body does not match {shown}", body, secrets)

    return rule


def _missed(name: str, message: str, body: Body, secrets: Collection[str]) -> Finding:
    """Say that something is missing, and what is there instead."""
    trouble = Trouble(Verdict.FAIL, "body_mismatch", message)
    return Finding(Assertion(name=name, ok=False, actual=excerpt(body.text, secrets)), trouble)


def _too_large(name: str, consequence: str) -> Finding:
    """Say that a body was too large to be judged."""
    message = f"the body is too large to be read whole: {consequence}"
    trouble = Trouble(Verdict.FAIL, "body_too_large", message)
    return Finding(Assertion(name=name, ok=False, actual="too large"), trouble)


def excerpt(text: str, secrets: Collection[str] = ()) -> str:
    """Return the beginning of a text for people: printable, on one line, without secrets."""
    if not text:
        return "empty"
    start = redact_text(text[:_MAX_LOOKED_AT], secrets)
    printable = "".join(char if char.isprintable() else " " for char in start)
    return _quoted(" ".join(printable.split()))


def needle(expected: Secret | str) -> tuple[str, str]:
    """Return the text to look for, and how it is shown to people."""
    if isinstance(expected, Secret):
        return expected.reveal(), "the secret text"
    return expected, _quoted(expected)


def _quoted(text: str) -> str:
    """Put a text between quotation marks that do not occur in it, if there are such."""
    mark = "'" if '"' in text and "'" not in text else '"'
    return f"{mark}{shortened(text)}{mark}"


def shortened(text: str) -> str:
    """Cut a text to what fits on one line."""
    return text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 1] + "…"
