"""What the issues of a reading mean together, and which of them are wanted: pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from opsmonitor.models.reading import Issue, ReadingStatus
from opsmonitor.parts.limits import Limits

_MAX_ISSUES: Final = 200


def worst(issues: Sequence[Issue]) -> ReadingStatus:
    """Return how bad the worst issue is."""
    found = {issue.status for issue in issues}
    for status in (ReadingStatus.CRIT, ReadingStatus.WARN):
        if status in found:
            return status
    return ReadingStatus.OK


def wanted(
    issues: Iterable[Issue], ignored: frozenset[str], subjects: Sequence[str]
) -> tuple[Issue, ...]:
    """Return the issues that are not ignored, the worst first.

    `kind` ignores all of a kind, `kind:subject` those about one thing; `subjects` are the keys of
    an issue's data that name things.
    """
    kept = [issue for issue in issues if not _names(issue, subjects) & ignored]
    kept.sort(key=lambda issue: issue.status is not ReadingStatus.CRIT)
    return tuple(kept[:_MAX_ISSUES])


def level(limits: Limits, value: float | None) -> ReadingStatus | None:
    """Return how bad a value is, None if it is not."""
    if value is None:
        return None
    if limits.crit is not None and value >= limits.crit:
        return ReadingStatus.CRIT
    return ReadingStatus.WARN if limits.warn is not None and value >= limits.warn else None


def _names(issue: Issue, subjects: Sequence[str]) -> set[str]:
    """Return the words by which an issue can be ignored."""
    found = (issue.data.get(key) for key in subjects)
    return {issue.kind, *(f"{issue.kind}:{subject}" for subject in found if subject)}
