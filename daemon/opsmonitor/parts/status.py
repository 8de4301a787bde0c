"""Which HTTP status codes are expected."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
import re
from typing import Any, Final, TypeAlias

import voluptuous as vol

from opsmonitor.models.check import Assertion, Verdict
from opsmonitor.parts.rules import Finding, Trouble

StatusRule: TypeAlias = Callable[[int], Finding]

_MIN: Final = 100
_MAX: Final = 599
_CLASS: Final = re.compile(r"([1-5])xx", re.IGNORECASE)
_RANGE: Final = re.compile(r"([1-5][0-9]{2})\s*-\s*([1-5][0-9]{2})", re.ASCII)
_HELP: Final = 'expected a code, a class or a range, such as 200, "2xx" or "200-299"'


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusSet:
    """The codes that are fine."""

    codes: frozenset[int] = field(repr=False)
    text: str
    """For people, such as `200 or 3xx`."""


def status_set(value: Any) -> StatusSet:
    """Return the codes that one item or a list of items stands for.

    Raises:
        Invalid: An item stands for none, or there is no item.

    """
    items = value if isinstance(value, list) else [value]
    if not items:
        raise vol.Invalid(_HELP)
    codes: set[int] = set()
    for index, item in enumerate(items):
        try:
            codes |= _codes(item)
        except vol.Invalid as err:
            raise vol.Invalid(_HELP, path=[index] if isinstance(value, list) else []) from err
    return StatusSet(codes=frozenset(codes), text=" or ".join(str(item) for item in items))


ANY_SUCCESS: Final = StatusSet(codes=frozenset(range(200, 300)), text="2xx")


def _codes(item: Any) -> set[int]:
    """Return the codes of one item."""
    text = "" if isinstance(item, bool) else str(item).strip()
    if match := _CLASS.fullmatch(text):
        first = int(match[1]) * 100
        return set(range(first, first + 100))
    if match := _RANGE.fullmatch(text):
        low, high = int(match[1]), int(match[2])
        if low <= high:
            return set(range(low, high + 1))
    if text.isdecimal() and text.isascii() and _MIN <= int(text) <= _MAX:
        return {int(text)}
    raise vol.Invalid(_HELP)


def status_rule(expected: StatusSet, *, follows_redirects: bool) -> StatusRule:
    """Return the rule; its findings are remembered, as there are few and the same ones recur."""
    findings: dict[int, Finding] = {}

    def rule(status: int) -> Finding:
        """Judge a status code."""
        finding = findings.get(status)
        if finding is None:
            finding = findings[status] = _finding(expected, status, follows_redirects)
        return finding

    return rule


def _finding(expected: StatusSet, status: int, follows_redirects: bool) -> Finding:  # noqa: FBT001  # private
    """Judge a status code that was not seen before."""
    ok = status in expected.codes
    assertion = Assertion(name="status", ok=ok, actual=str(status))
    if ok:
        return Finding(assertion)
    is_redirect = HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST
    hint = "; the redirect is not followed" if is_redirect and not follows_redirects else ""
    message = f"status {_named(status)}, expected {expected.text}{hint}"
    return Finding(assertion, Trouble(Verdict.FAIL, "status_unexpected", message))


def _named(status: int) -> str:
    """Return a status code with its name, if it has one."""
    try:
        return f"{status} ({HTTPStatus(status).phrase})"
    except ValueError:
        return str(status)
