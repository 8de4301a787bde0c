"""Search the JSON of an answer without holding up the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from opsmonitor.exceptions import TransportError
from opsmonitor.util.cpu_budget import within_budget
from opsmonitor.util.json_path import JsonPath, first_values

if TYPE_CHECKING:
    from opsmonitor.util.lanes import Lanes

_SMALL: Final = 256 * 1024
"""Characters up to which a search is quicker than handing it to a thread."""
_BUDGET_S: Final = 0.05


class JsonSearch:
    """Finds the first value at each of some paths, for one check."""

    __slots__ = ("_lanes", "_paths")

    def __init__(self, paths: Sequence[JsonPath], lanes: Lanes) -> None:
        """Take what to look for."""
        self._paths = tuple(paths)
        self._lanes = lanes

    async def find(self, text: str, timeout_s: float) -> tuple[Any, ...]:
        """Return the values in the order of the paths.

        Raises:
            TransportError: The text is no JSON that can be searched, or that takes too long.

        """
        if len(text) > _SMALL:
            return await self._find_in_thread(text, timeout_s)
        found = within_budget(lambda: first_values(text, self._paths), _BUDGET_S)
        if found is None:
            raise _too_slow(_BUDGET_S)
        return found

    async def _find_in_thread(self, text: str, timeout_s: float) -> tuple[Any, ...]:
        """Search a large text; a search that goes on after its time keeps the next one away."""
        if self._lanes.busy_s(self):
            raise _too_slow(self._lanes.busy_s(self))
        try:
            async with asyncio.timeout(timeout_s):
                found = await self._lanes.call(self, lambda: _attempt(text, self._paths))
        except TimeoutError as err:
            raise _too_slow(timeout_s) from err
        if isinstance(found, TransportError):
            raise found
        return found


def _attempt(text: str, paths: Sequence[JsonPath]) -> tuple[Any, ...] | TransportError:
    """Search; an error is returned, as a lane takes only those of the system."""
    try:
        return first_values(text, paths)
    except TransportError as err:
        return err


def _too_slow(after_s: float) -> TransportError:
    """Return that a search was given up."""
    return TransportError(
        "jsonpath_too_slow",
        f"searching the JSON takes longer than {after_s:.2g} s: make the paths simpler",
    )
