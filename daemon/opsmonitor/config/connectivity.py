"""Make the check that is the connectivity witness of the section of that name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from opsmonitor.config.nodes import Mapping, Node, Scalar, Value, join_path
from opsmonitor.config.problems import Problems
from opsmonitor.config.settings import CheckSettings

SECTION: Final = "connectivity"
_SWITCH: Final = "enabled"
_DEFAULTS: Final[dict[str, Value]] = {
    "id": SECTION,
    "type": SECTION,
    "name": "Connectivity",
    "interval_s": 60,
    "timeout_s": 3,
    "retries": 0,
    "down_threshold": 1,
    "up_threshold": 1,
}


def witness_node(
    section: Mapping, checks: Iterable[CheckSettings], problems: Problems
) -> Mapping | None:
    """Return the witness as if it stood among the checks; None: there is to be none.

    Without a word about it there is one as soon as a check leaves the local networks.
    """
    entries = dict(section.entries)
    switch = entries.pop(_SWITCH, None)
    is_enabled = _truth(switch, problems)
    if is_enabled is None:
        known = list(checks)
        is_taken = any(check.id.lower() == SECTION or check.type == SECTION for check in known)
        is_enabled = bool(entries) or (not is_taken and any(check.is_outside for check in known))
    if not is_enabled:
        return None
    for key, value in _DEFAULTS.items():
        if key not in entries:
            path = join_path(section.path, key)
            entries[key] = Scalar(value=value, mark=section.mark, path=path)
    return Mapping(
        mark=section.mark, entries=entries, key_marks=section.key_marks, path=section.path
    )


def _truth(node: Node | None, problems: Problems) -> bool | None:
    """Return what `enabled` says; None: nothing."""
    if node is None:
        return None
    if isinstance(node, Scalar) and isinstance(node.value, bool):
        return node.value
    problems.add(node.mark, "expected true or false", node.path)
    return None
