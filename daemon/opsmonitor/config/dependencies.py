"""Judge which check depends on which: every id is known, and no check depends on itself.

A group depends on its members by its nature.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from graphlib import CycleError, TopologicalSorter

from opsmonitor.config.check_reader import Named
from opsmonitor.config.membership import MEMBERS
from opsmonitor.config.nodes import Node, Scalar, Sequence as SequenceNode
from opsmonitor.config.problems import Problems, did_you_mean
from opsmonitor.config.schema import DEPENDS_ON


def judge_dependencies(
    checks: Sequence[Named], known_ids: Collection[str], problems: Problems
) -> None:
    """Note dependencies on nothing, and one cycle if there is any."""
    for check in checks:
        for parent_id in check.depends_on:
            if parent_id not in known_ids:
                node = _written(check, parent_id)
                hint = did_you_mean(parent_id, known_ids)
                problems.add(node.mark, f"no check has the id `{parent_id}`{hint}", node.path)
    _judge_cycle(checks, problems)


def _judge_cycle(checks: Sequence[Named], problems: Problems) -> None:
    """Note the first cycle, at the check of it that stands first in the file."""
    try:
        TopologicalSorter({check.id: _needs(check) for check in checks}).prepare()
    except CycleError as err:
        # Each of them is a parent of the one that follows, and the first is repeated at the end.
        cycle: list[str] = err.args[1][::-1]
        first = next(check for check in checks if check.id in cycle)
        start = cycle.index(first.id)
        way = [*cycle[start:-1], *cycle[:start], first.id]
        node = _written(first, way[1])
        told = " -> ".join(f"`{check_id}`" for check_id in way)
        problems.add(node.mark, f"these checks depend on each other: {told}; remove one", node.path)


def _needs(check: Named) -> tuple[str, ...]:
    """Return the ids of everything that a check depends on; a group in itself is told elsewhere."""
    return (*check.depends_on, *(name for name in check.members if name != check.id))


def _written(check: Named, parent_id: str) -> Node:
    """Return where a check names what it depends on; the check itself where nothing names it."""
    for key in (DEPENDS_ON, MEMBERS):
        listed = check.node.entries.get(key)
        if isinstance(listed, SequenceNode):
            for item in listed.items:
                if isinstance(item, Scalar) and item.value == parent_id:
                    return item
        elif listed is not None:
            return listed
    return check.node.entries.get("tag", check.node)
