"""Search the JSON of an answer without holding up the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

from opsmonitor.exceptions import TransportError
from opsmonitor.util.cpu_budget import within_budget
from opsmonitor.util.json_path import MISSING, JsonPath, first_values, read_json

if TYPE_CHECKING:
    from opsmonitor.util.lanes import Lanes

T = TypeVar("T")

_SMALL: Final = 256 * 1024
"""Characters up to which a search is quicker than handing it to a thread."""
_BUDGET_S: Final = 0.05


class JsonSearch:
    """Finds the first value at each of some paths, for one check."""

    __slots__ = ("_beside", "_lanes", "_paths")

    def __init__(
        self, paths: Sequence[JsonPath], lanes: Lanes, beside: Sequence[JsonPath] = ()
    ) -> None:
        """Take what to look for, and what else is nice to know."""
        self._paths = tuple(paths)
        self._lanes = lanes
        self._beside = tuple(beside)

    async def find(self, text: str, timeout_s: float) -> tuple[Any, ...]:
        """Return the values in the order of the paths, then those that are nice to know.

        The latter are missing where looking for them takes too long.

        Raises:
            TransportError: The text is no JSON that can be searched, or that takes too long.

        """
        if len(text) > _SMALL:
            return await self._find_in_thread(text, timeout_s)
        found = within_budget(lambda: _search(text, self._paths), _BUDGET_S)
        if found is None:
            raise _too_slow(_BUDGET_S)
        document, values = found
        return values + values_beside(document, self._beside)

    async def _find_in_thread(self, text: str, timeout_s: float) -> tuple[Any, ...]:
        """Search a large text; a search that goes on after its time keeps the next one away."""
        ends_s = asyncio.get_running_loop().time() + timeout_s
        document, values = await self._in_lane(self, lambda: _search(text, self._paths), timeout_s)
        if not self._beside:
            return values
        left_s = max(0.0, ends_s - asyncio.get_running_loop().time())
        try:
            # In a lane of its own: what is only nice to know keeps nothing else away.
            more = await self._in_lane(
                (self, "beside"), lambda: _attempt(document, self._beside), left_s
            )
        except TransportError:
            more = None
        return values + ((MISSING,) * len(self._beside) if more is None else more)

    async def _in_lane(self, lane: Hashable, work: Callable[[], T], timeout_s: float) -> T:
        """Do something in a thread, unless the last one in its lane is still at it.

        Raises:
            TransportError: That takes too long, or the work raised it.

        """
        if self._lanes.busy_s(lane):
            raise _too_slow(self._lanes.busy_s(lane))
        try:
            async with asyncio.timeout(timeout_s):
                done = await self._lanes.call(lane, lambda: _or_error(work))
        except TimeoutError as err:
            raise _too_slow(timeout_s) from err
        if isinstance(done, TransportError):
            raise done
        return done


def values_beside(document: Any, paths: Sequence[JsonPath]) -> tuple[Any, ...]:
    """Return the first value at each path, missing where it cannot be found in a short time.

    Only the main thread may call this.
    """
    found = within_budget(lambda: _attempt(document, paths), _BUDGET_S) if paths else ()
    return (MISSING,) * len(paths) if found is None else found


def _search(text: str, paths: Sequence[JsonPath]) -> tuple[Any, tuple[Any, ...]]:
    """Return the document and the first value at each path."""
    document = read_json(text)
    return document, first_values(document, paths)


def _attempt(document: Any, paths: Sequence[JsonPath]) -> tuple[Any, ...] | None:
    """Return the first value at each path; None if the document is too deep to be searched."""
    try:
        return first_values(document, paths)
    except TransportError:
        return None


def _or_error(work: Callable[[], T]) -> T | TransportError:
    """Return an error instead of raising it, as a lane takes only those of the system."""
    try:
        return work()
    except TransportError as err:
        return err


def _too_slow(after_s: float) -> TransportError:
    """Return that a search was given up."""
    return TransportError(
        "jsonpath_too_slow",
        f"searching the JSON takes longer than {after_s:.2g} s: make the paths simpler",
    )
