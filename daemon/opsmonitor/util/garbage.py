"""Keep the garbage collector from stopping the daemon to look at what never becomes garbage."""

from __future__ import annotations

from contextlib import contextmanager
import gc
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_NEW_OBJECTS: Final = 10_000
"""Look for garbage after so many new objects: a busy second makes several times as many."""
_YOUNGER_LOOKS: Final = 10
"""Each generation is looked at once in so many looks at the one before."""


@contextmanager
def resting_collector() -> Iterator[None]:
    """Look for no garbage before the collector is settled, or the context ends.

    A start makes what stays and hardly any garbage: to look at all of it again and again takes a
    tenth of the time until the first answer.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def settle_collector() -> None:
    """Count all that lives now as here to stay, until called again.

    A full collection walks over every object: with 1,000 checks that stopped the event loop for
    50 ms every few seconds, and the checks started late. Call it when a configuration is in force;
    what the one before left behind is collected first.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    gc.enable()
    gc.set_threshold(_NEW_OBJECTS, _YOUNGER_LOOKS, _YOUNGER_LOOKS)
