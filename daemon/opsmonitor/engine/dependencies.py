"""Which check depends on which: a graph without cycles, pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from opsmonitor.config.settings import CheckSettings


@dataclass(frozen=True, slots=True)
class Dependencies:
    """The parents of each check, and what follows from them."""

    parents: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By check id; checks without parents are left out."""
    needing_all: Collection[str] = frozenset()
    """The checks that are explained only when all of their parents are down."""
    _children: dict[str, list[str]] = field(init=False, default_factory=dict)

    @classmethod
    def of(cls, checks: Iterable[CheckSettings]) -> Self:
        """Return what the configuration says."""
        children = [check for check in checks if check.depends_on]
        return cls(
            {check.id: check.depends_on for check in children},
            frozenset(check.id for check in children if check.unreachable_when == "all"),
        )

    def __post_init__(self) -> None:
        """Turn the graph around."""
        for child, parents in self.parents.items():
            for parent in dict.fromkeys(parents):
                self._children.setdefault(parent, []).append(child)

    def root(
        self,
        check_id: str,
        is_down: Callable[[str], bool],
        known: dict[str, str | None] | None = None,
    ) -> str | None:
        """Return the topmost down check that explains a failure; None: nothing does.

        Every check on the way to it is down as well: a child behind a working parent has trouble
        of its own. What is found on the way is added to what is `known`, and not looked for again.
        """
        known = {} if known is None else known
        way: list[tuple[str, str | None]] = []
        current: str | None = check_id
        while current is not None and current not in known:
            parents = self.parents.get(current, ())
            if current in self.needing_all and not all(map(is_down, parents)):
                parents = ()
            parent = next(filter(is_down, parents), None)
            way.append((current, parent))
            current = parent
        for child, parent in reversed(way):
            known[child] = None if parent is None else known[parent] or parent
        return known[check_id]

    def descendants(self, check_id: str) -> list[str]:
        """Return everything that depends on a check, nearest first."""
        found: dict[str, None] = {}
        level: Sequence[str] = self._children.get(check_id, ())
        while level:
            fresh = [name for name in dict.fromkeys(level) if name not in found]
            found |= dict.fromkeys(fresh)
            level = [grandchild for name in fresh for grandchild in self._children.get(name, ())]
        return list(found)
