"""Warn of what is valid but most likely not meant."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from opsmonitor.config.check_reader import ReadCheck
from opsmonitor.config.nodes import Mapping
from opsmonitor.config.overrides import CORE_IDS, variable_mark
from opsmonitor.config.problems import Problems
from opsmonitor.config.schema import ConfigSchema
from opsmonitor.config.settings import CheckSettings

_MOST_NAMED: Final = 3


def advise(
    checks: Sequence[ReadCheck],
    root: Mapping,
    core_ids: Collection[str],
    *,
    schema: ConfigSchema,
    problems: Problems,
) -> None:
    """Note every warning about a valid configuration."""
    if not checks:
        problems.warn(root.mark, "no checks are configured: add some below `checks:`", "checks")
    _warn_of_idle_keys(checks, schema, problems)
    _warn_of_late_retries(checks, problems)
    known = {check.settings.id.lower() for check in checks}
    for check_id in core_ids:
        if check_id.lower() not in known:
            problems.warn(variable_mark(CORE_IDS), f"no check has the id `{check_id}`")


def _warn_of_idle_keys(
    checks: Sequence[ReadCheck], schema: ConfigSchema, problems: Problems
) -> None:
    """Say once for each accepted key that it changes nothing yet."""
    users: dict[str, list[ReadCheck]] = {}
    for check in checks:
        for key in sorted(schema.idle_keys[check.settings.type] & check.node.entries.keys()):
            users.setdefault(key, []).append(check)
    for key, using in users.items():
        first = using[0].node
        problems.warn(
            first.key_marks.get(key, first.entries[key].mark),
            f"`{key}` has no effect yet in this version ({named(using)})",
            first.entries[key].path,
        )


def _warn_of_late_retries(checks: Sequence[ReadCheck], problems: Problems) -> None:
    """Say which checks may still be retrying when their next run is due."""
    late = [check for check in checks if _retry_time_s(check.settings) > check.settings.interval_s]
    if late:
        problems.warn(
            late[0].node.mark,
            "`retries` x (`timeout_s` + `retry_backoff_s`) is longer than `interval_s`: runs may "
            f"be skipped ({named(late)})",
            late[0].node.path,
        )


def _retry_time_s(check: CheckSettings) -> float:
    """Return how long the retries of one run may take."""
    return check.retries * (check.timeout_s + check.retry_backoff_s)


def named(checks: Sequence[ReadCheck]) -> str:
    """Return the ids of the first few checks, and how many more there are."""
    names = ", ".join(check.settings.id for check in checks[:_MOST_NAMED])
    more = len(checks) - _MOST_NAMED
    return f"{names} and {more} more" if more > 0 else names
