"""Values that are made thousands of times a second: frozen for the type checker only.

A dataclass that freezes itself sets each of its fields through `object.__setattr__`: to make the
four values of a run takes twice as long so. Nobody may change them all the same: mypy sees to that.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

__all__ = ["value"]

if TYPE_CHECKING:
    from dataclasses import dataclass as value
else:
    from collections.abc import Callable

    def value(*, frozen: bool, slots: bool, kw_only: bool) -> Callable[[type], type]:
        """Make a dataclass that compares and hashes as a frozen one does."""
        return dataclasses.dataclass(slots=slots, kw_only=kw_only, unsafe_hash=frozen)
